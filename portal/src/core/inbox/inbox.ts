import type { Api, InboxRow } from "../api/api.js";
import { type Outcome, succeeded } from "../api/failure.js";
import type { Tokens } from "../api/tokens.js";
import type { Random } from "../backoff.js";
import { type Link, LinkWatch } from "../link.js";
import { Observable, type Unsubscribe } from "../observable.js";
import { compare } from "../order.js";
import { Poller } from "../poller.js";
import type { Feed } from "../realtime/feed.js";
import type { Surroundings } from "../surroundings.js";
import type { Digest, Message, Session, SessionStatus } from "../types.js";
import { Arrivals } from "./arrivals.js";
import { Latest } from "./latest.js";
import type { ReadMarks } from "./readMarks.js";
import {
  lastActivity,
  type Row,
  rowAfterMessage,
  rowAfterNews,
  rowAfterSession,
  rowOfPage,
} from "./row.js";

/** What the inbox needs of its surroundings. */
export interface InboxParts {
  readonly api: Api;
  readonly tokens: Tokens;
  readonly feed: Feed;
  readonly surroundings: Surroundings;
  readonly readMarks: ReadMarks;
  readonly random: Random;
}

/** How many pages of each status are loaded: 200 conversations each. */
const PAGES: Record<SessionStatus, number> = { pending: 10, active: 10, resolved: 1 };
const STATUSES: readonly SessionStatus[] = ["pending", "active", "resolved"];
const POLL_MS = 4_000;
const POLL_HIDDEN_MS = 30_000;
const CHECK_MS = 60_000;
/** What was heard so long ago is persisted, if it is as it was heard. */
const PERSISTED_MS = 30_000;

/** How many conversations have a status, and whether there are more than were counted. */
export interface Count {
  readonly count: number;
  readonly more: boolean;
}

/** The staff's inbox: every conversation that waits or is being talked in, and the latest resolved. */
export class Inbox extends Observable {
  readonly #parts: InboxParts;
  readonly #poller: Poller;
  readonly #latest: Latest;
  readonly #link: LinkWatch;
  readonly #rows = new Map<string, Row>();
  readonly #cursors = new Map<SessionStatus, string | null>();
  /** When something was last heard of a conversation, in milliseconds since 1970. */
  readonly #heard = new Map<string, number>();
  readonly #endings: Unsubscribe[] = [];
  readonly #arrivals = new Arrivals();

  constructor(parts: InboxParts) {
    super();
    this.#parts = parts;
    this.#link = new LinkWatch(parts);
    const pace = () => {
      if (!parts.surroundings.visible) return POLL_HIDDEN_MS;
      return parts.feed.hearing.works ? CHECK_MS : POLL_MS;
    };
    this.#poller = new Poller(() => this.#load(), pace, parts.random);
    this.#latest = new Latest(parts.api, parts.random, {
      take: (rows) => this.#takeLatest(rows),
      lacks: () => [...this.#rows.values()].some(({ told }) => told !== null),
      answered: (did) => this.#link.answered(did),
    });
  }

  /** Whether the inbox has been loaded once. */
  get loaded(): boolean {
    return this.#cursors.size === STATUSES.length;
  }

  get link(): Link {
    return this.#link.link;
  }

  open(): void {
    const { feed, surroundings, tokens, readMarks } = this.#parts;
    this.#endings.push(
      feed.listen({
        message: (message) => this.#hear(message),
        session: (session) => this.#hearSession(session),
        digest: (digest) => this.#hearDigest(digest),
      }),
      feed.subscribe(() => this.refresh()),
      surroundings.subscribe(() => this.refresh()),
      tokens.subscribe(() => this.refresh()),
      readMarks.subscribe(() => this.changed()),
      this.#link.subscribe(() => this.changed()),
      this.#link.start(),
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

  /** Who has waited longest comes first where somebody waits; elsewhere the latest. */
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
    return { count, more: (this.#cursors.get(status) ?? null) !== null };
  }

  /** Whether its player has written since it was last read here. */
  isUnread({ playerId, told, lastMessage }: Row): boolean {
    const last = told ?? (lastMessage?.senderType === "player" ? lastMessage : null);
    return last !== null && last.at > this.#parts.readMarks.of(playerId);
  }

  /** Loads the next page of a status. */
  async loadMore(status: SessionStatus): Promise<void> {
    const cursor = this.#cursors.get(status) ?? null;
    if (cursor === null) return;
    const outcome = await this.#parts.api.inbox(status, cursor);
    if (!outcome.ok || this.#cursors.get(status) !== cursor) return;
    this.#cursors.set(status, outcome.value.nextCursor);
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
    for (const status of STATUSES) {
      const outcome = await this.#loadStatus(status, began);
      this.#link.answered(outcome.ok);
      if (!outcome.ok) {
        this.changed();
        return outcome;
      }
    }
    this.changed();
    return succeeded(null);
  }

  async #loadStatus(status: SessionStatus, began: number): Promise<Outcome<null>> {
    const listed = new Set<string>();
    let cursor: string | null = null;
    for (let page = 0; page < PAGES[status]; page += 1) {
      const outcome = await this.#parts.api.inbox(status, cursor);
      if (!outcome.ok) return outcome;
      for (const row of outcome.value.rows) {
        listed.add(row.session.playerId);
        this.#takeListed(row);
      }
      cursor = outcome.value.nextCursor;
      if (cursor === null) break;
    }
    this.#cursors.set(status, cursor);
    if (cursor === null) this.#dropUnlisted(status, listed, began);
    return succeeded(null);
  }

  /** What was resolved while nobody told is listed no more, unless it was heard of meanwhile. */
  #dropUnlisted(status: SessionStatus, listed: Set<string>, began: number): void {
    for (const [playerId, row] of this.#rows) {
      const heardSince = (this.#heard.get(playerId) ?? 0) >= began;
      if (row.status === status && !listed.has(playerId) && !heardSince)
        this.#rows.delete(playerId);
    }
  }

  /** Takes a row of a page; a message of which no event came arrives with it. */
  #takeListed(listed: InboxRow): void {
    const known = this.#rows.get(listed.session.playerId);
    const row = this.#putListed(listed);
    const { lastMessage } = row;
    if (!this.loaded || lastMessage === null || row.status === "resolved") return;
    if (known?.lastMessage && compare(known.lastMessage, lastMessage) >= 0) return;
    if (this.#arrivals.has(lastMessage.messageId)) return;
    this.#parts.feed.hearing.foundInHistory(lastMessage);
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
    this.#heard.set(message.playerId, Date.now());
    this.#rows.set(message.playerId, rowAfterMessage(this.#rows.get(message.playerId), message));
    this.#arrivals.add(message);
    this.changed();
  }

  #hearDigest({ players }: Digest): void {
    for (const news of players) {
      this.#heard.set(news.playerId, Date.now());
      this.#rows.set(news.playerId, rowAfterNews(this.#rows.get(news.playerId), news));
    }
    this.#latest.want();
    this.changed();
  }

  #takeLatest(rows: readonly InboxRow[]): void {
    for (const row of rows) this.#takeListed(row);
    this.changed();
  }

  #hearSession(session: Session): void {
    this.#heard.set(session.playerId, Date.now());
    this.#rows.set(session.playerId, rowAfterSession(this.#rows.get(session.playerId), session));
    this.changed();
  }
}
