import type { Api, InboxPage, InboxRow } from "../api/api.js";
import { type Outcome, succeeded } from "../api/failure.js";
import type { Tokens } from "../api/tokens.js";
import type { Random } from "../backoff.js";
import { ConnectionMonitor, type ConnectionState } from "../connectionState.js";
import type { Environment } from "../environment.js";
import { Observable, type Unsubscribe } from "../observable.js";
import { compare } from "../order.js";
import { Poller } from "../poller.js";
import type { Feed } from "../realtime/feed.js";
import type { Digest, Message, Rejection, Session, SessionStatus } from "../types.js";
import { Arrivals } from "./arrivals.js";
import { LatestOnly } from "./latestOnly.js";
import type { ReadMarks } from "./readMarks.js";
import {
  lastActivity,
  type Row,
  rowAfterMessage,
  rowAfterNews,
  rowAfterRejection,
  rowAfterSession,
  rowOfPage,
} from "./row.js";

/** What the inbox needs of its environment. */
export interface InboxParts {
  readonly api: Api;
  readonly tokens: Tokens;
  readonly feed: Feed;
  readonly environment: Environment;
  readonly readMarks: ReadMarks;
  readonly random: Random;
}

/** The open conversations are one list, of which those come first that have waited longest. */
type List = "pending,active" | "resolved";

const listOf = (status: SessionStatus): List =>
  status === "resolved" ? "resolved" : "pending,active";
/** How many pages of each list are loaded: 200 conversations each. */
const PAGES: Record<List, number> = { "pending,active": 20, resolved: 1 };
const POLL_MS = 4_000;
const POLL_HIDDEN_MS = 30_000;
const CHECK_MS = 60_000;
/** What was heard so long ago is persisted, if it is as it was heard. */
const PERSISTED_MS = 30_000;

/** How many conversations of a status are loaded, and whether there may be more. */
export interface Count {
  readonly count: number;
  readonly more: boolean;
}

/** The staff's inbox: the open conversations and, when they are looked at, the latest resolved. */
export class Inbox extends Observable {
  readonly #parts: InboxParts;
  readonly #poller: Poller;
  readonly #latest: LatestOnly;
  readonly #connection: ConnectionMonitor;
  readonly #rows = new Map<string, Row>();
  readonly #cursors = new Map<List, string | null>();
  /** Open conversations that the last pages did not list. */
  #unlisted = new Set<string>();
  #wantsResolved = false;
  #failed = false;
  /** When something was last heard of a conversation, in milliseconds since 1970. */
  readonly #heard = new Map<string, number>();
  readonly #endings: Unsubscribe[] = [];
  readonly #arrivals = new Arrivals();

  constructor(parts: InboxParts) {
    super();
    this.#parts = parts;
    this.#connection = new ConnectionMonitor(parts);
    const pace = () => {
      if (!parts.environment.visible) return POLL_HIDDEN_MS;
      return parts.feed.eventHealth.isHealthy ? CHECK_MS : POLL_MS;
    };
    this.#poller = new Poller(() => this.#load(), pace, parts.random);
    this.#latest = new LatestOnly(parts.api, parts.random, {
      take: (rows) => this.#takeLatest(rows),
      isIncomplete: () => [...this.#rows.values()].some(lacksMessage),
      answered: (outcome) => this.#connection.answered(outcome),
    });
  }

  /** Whether the conversations of a status have been loaded once. */
  hasLoaded(status: SessionStatus): boolean {
    return this.#cursors.has(listOf(status));
  }

  /** Whether the conversations could not be loaded the last time. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Whether the resolved conversations are looked at: only then are they asked for. */
  wantResolved(wanted: boolean): void {
    if (wanted === this.#wantsResolved) return;
    this.#wantsResolved = wanted;
    if (wanted) this.refresh();
  }

  get link(): ConnectionState {
    return this.#connection.state;
  }

  open(): void {
    const { feed, environment, tokens, readMarks } = this.#parts;
    this.#endings.push(
      feed.listen({
        message: (message) => this.#hear(message),
        session: ({ session }) => this.#hearSession(session),
        digest: (digest) => this.#hearDigest(digest),
        rejection: (rejection) => this.#hearRejection(rejection),
      }),
      feed.subscribe(() => this.refresh()),
      environment.subscribe(() => this.refresh()),
      tokens.subscribe(() => this.refresh()),
      readMarks.subscribe(() => this.changed()),
      this.#connection.subscribe(() => this.changed()),
      this.#connection.start(),
    );
    this.#poller.start();
    this.#latest.start();
  }

  close(): void {
    this.#poller.stop();
    this.#latest.stop();
    for (const end of this.#endings.splice(0)) end();
  }

  refresh(): void {
    this.#poller.nudge();
    this.changed();
  }

  /** Of those who wait for a first answer the longest waiting comes first; elsewhere the latest. */
  list(status: SessionStatus): Row[] {
    const rows = [...this.#rows.values()].filter((row) => row.status === status);
    if (status === "pending")
      return rows.sort((a, b) => (a.waitingSince ?? 0) - (b.waitingSince ?? 0));
    return rows.sort((a, b) => lastActivity(b) - lastActivity(a));
  }

  row(playerId: string): Row | undefined {
    return this.#rows.get(playerId);
  }

  count(status: SessionStatus): Count {
    let count = 0;
    for (const row of this.#rows.values()) if (row.status === status) count += 1;
    return { count, more: (this.#cursors.get(listOf(status)) ?? null) !== null };
  }

  /** Whether its player has written since it was last read here; what is resolved waits for no reader. */
  isUnread({ playerId, status, told, lastMessage }: Row): boolean {
    if (this.#parts.readMarks.isUnread(playerId)) return true;
    if (status === "resolved") return false;
    const last = told ?? (lastMessage?.senderType === "player" ? lastMessage : null);
    return last !== null && last.at > this.#parts.readMarks.of(playerId);
  }

  /** How many conversations of a status are unread. */
  unread(status: SessionStatus): number {
    let count = 0;
    for (const row of this.#rows.values())
      if (row.status === status && this.isUnread(row)) count += 1;
    return count;
  }

  /** Loads the next page of the list that has a status. */
  async loadMore(status: SessionStatus): Promise<void> {
    const list = listOf(status);
    const cursor = this.#cursors.get(list) ?? null;
    if (cursor === null) return;
    const outcome = await this.#page(list, cursor);
    if (!outcome.ok || this.#cursors.get(list) !== cursor) return;
    this.#cursors.set(list, outcome.value.nextCursor);
    for (const row of outcome.value.rows) this.#putListed(row);
    this.changed();
  }

  /** Hears of each message of a player, once. */
  onArrival(listener: (message: Message) => void): Unsubscribe {
    return this.#arrivals.listen(listener);
  }

  async #load(): Promise<Outcome<null>> {
    const began = Date.now();
    for (const [playerId, at] of this.#heard)
      if (began - at > PERSISTED_MS) this.#heard.delete(playerId);
    const lists: List[] = this.#wantsResolved ? ["pending,active", "resolved"] : ["pending,active"];
    for (const list of lists) {
      const outcome = await this.#loadList(list, began);
      this.#connection.answered(outcome);
      this.#failed = !outcome.ok;
      if (!outcome.ok) {
        this.changed();
        return outcome;
      }
    }
    this.changed();
    return succeeded(null);
  }

  #page(list: List, cursor: string | null): Promise<Outcome<InboxPage>> {
    return this.#parts.api.inbox(list, list === "resolved" ? "latest" : "waiting", cursor);
  }

  async #loadList(list: List, began: number): Promise<Outcome<null>> {
    const listed = new Set<string>();
    let cursor: string | null = null;
    let pages = 0;
    while (pages < PAGES[list]) {
      const outcome = await this.#page(list, cursor);
      if (!outcome.ok) return outcome;
      for (const row of outcome.value.rows) {
        listed.add(row.session.playerId);
        this.#takeListed(row);
      }
      cursor = outcome.value.nextCursor;
      pages += 1;
      if (cursor === null) break;
    }
    this.#cursors.set(list, cursor);
    if (cursor === null) this.#dropUnlisted(list, listed, began, pages);
    return succeeded(null);
  }

  /**
   * What no page lists any more was resolved without an event that came here, and is dropped, unless an
   * event came meanwhile. Each page is of a moment of its own: between two of them a conversation can
   * move from the one to the other, so it must be missing twice.
   */
  #dropUnlisted(list: List, listed: Set<string>, began: number, pages: number): void {
    const unlisted = new Set<string>();
    for (const [playerId, { status }] of this.#rows) {
      const heardSince = (this.#heard.get(playerId) ?? 0) >= began;
      if (listOf(status) !== list || listed.has(playerId) || heardSince) continue;
      if (pages === 1 || this.#unlisted.has(playerId)) this.#rows.delete(playerId);
      else unlisted.add(playerId);
    }
    if (list === "resolved") return;
    this.#unlisted = unlisted;
    if (unlisted.size > 0) this.#poller.soon();
  }

  /** Takes a row of a page; a message of which no event came arrives with it. */
  #takeListed(listed: InboxRow): void {
    const known = this.#rows.get(listed.session.playerId);
    const row = this.#putListed(listed);
    const { lastMessage } = row;
    if (!this.hasLoaded("pending") || lastMessage === null || row.status === "resolved") return;
    if (known?.lastMessage && compare(known.lastMessage, lastMessage) >= 0) return;
    if (this.#arrivals.has(lastMessage.messageId)) return;
    this.#parts.feed.eventHealth.foundInHistory(lastMessage);
    this.#arrivals.add(lastMessage);
  }

  #putListed(listed: InboxRow): Row {
    const { playerId } = listed.session;
    const isFresh = Date.now() - (this.#heard.get(playerId) ?? 0) < PERSISTED_MS;
    const row = rowOfPage(this.#rows.get(playerId), listed, isFresh);
    this.#rows.set(playerId, row);
    return row;
  }

  #hear(message: Message): void {
    if (this.#arrivals.has(message.messageId)) return;
    const known = this.#rows.get(message.playerId);
    if (known === undefined && message.senderType === "staff") {
      // It may be one that is resolved: whether it is open, the next page says.
      this.#latest.request();
    } else {
      this.#heard.set(message.playerId, Date.now());
      this.#rows.set(message.playerId, rowAfterMessage(known, message));
    }
    this.#arrivals.add(message);
    this.changed();
  }

  #hearRejection({ playerId, messageId }: Rejection): void {
    const row = this.#rows.get(playerId);
    if (row === undefined) return;
    this.#heard.delete(playerId);
    if (row.session === null) this.#rows.delete(playerId);
    else this.#rows.set(playerId, rowAfterRejection(row, messageId));
    this.refresh();
  }

  #hearDigest({ players }: Digest): void {
    for (const news of players) {
      this.#heard.set(news.playerId, Date.now());
      this.#rows.set(news.playerId, rowAfterNews(this.#rows.get(news.playerId), news));
    }
    this.#latest.request();
    this.changed();
  }

  #takeLatest(rows: readonly InboxRow[]): void {
    for (const row of rows) this.#takeListed(row);
    this.changed();
  }

  #hearSession(session: Session): void {
    this.#heard.set(session.playerId, Date.now());
    const row = rowAfterSession(this.#rows.get(session.playerId), session);
    this.#rows.set(session.playerId, row);
    if (lacksMessage(row)) this.#latest.request();
    this.changed();
  }
}

/** Whether something was written that the row does not show yet. */
function lacksMessage({ status, told, lastMessage }: Row): boolean {
  return told !== null || (lastMessage === null && status === "active");
}
