import type { Api, InboxPage, InboxRow } from "../api/api.js";
import { type Outcome, succeeded } from "../api/failure.js";
import type { Tokens } from "../api/tokens.js";
import type { Random } from "../backoff.js";
import { ConnectionMonitor, type ConnectionState } from "../connectionState.js";
import type { MarkSender } from "../conversation/markSender.js";
import type { Environment } from "../environment.js";
import { Observable, type Unsubscribe } from "../observable.js";
import { compare } from "../order.js";
import { Poller } from "../poller.js";
import type { Feed } from "../realtime/feed.js";
import type { Digest, Identity, Message, Rejection, Session, SessionStatus } from "../types.js";
import { Arrivals } from "./arrivals.js";
import { LatestOnly } from "./latestOnly.js";
import type { ReadMarks } from "./readMarks.js";
import {
  lastActivity,
  type Row,
  rowAfterDigest,
  rowAfterMark,
  rowAfterMessage,
  rowAfterRejection,
  rowAfterSession,
  rowOfPage,
} from "./row.js";

/** The dependencies of the inbox. */
export interface InboxParts {
  readonly api: Api;
  readonly tokens: Tokens;
  readonly feed: Feed;
  readonly environment: Environment;
  readonly identity: Identity;
  readonly readMarks: ReadMarks;
  readonly markSender: MarkSender;
  readonly random: Random;
}

/** The gateway's lists. Open conversations are one list, the longest waiting first. */
type List = "pending,active" | "resolved";

const listOf = (status: SessionStatus): List =>
  status === "resolved" ? "resolved" : "pending,active";
/** The number of pages loaded of each list; a page has 200 conversations. */
const PAGES: Record<List, number> = { "pending,active": 20, resolved: 1 };
const POLL_MS = 4_000;
const POLL_HIDDEN_MS = 30_000;
const CHECK_MS = 60_000;
/** An event older than this is persisted, so that a page overrides it; in milliseconds. */
const PERSISTED_MS = 30_000;

/** The number of loaded conversations of a status, and whether more exist. */
export interface Count {
  readonly count: number;
  readonly more: boolean;
}

/** The staff's inbox: the open conversations and, while shown, the latest resolved ones. */
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
  /** When the last event of each conversation arrived, in milliseconds since 1970. */
  readonly #lastEventAt = new Map<string, number>();
  readonly #endings: Unsubscribe[] = [];
  readonly #arrivals = new Arrivals();

  constructor(parts: InboxParts) {
    super();
    this.#parts = parts;
    this.#connection = new ConnectionMonitor(parts);
    const interval = () => {
      if (!parts.environment.visible) return POLL_HIDDEN_MS;
      return parts.feed.eventHealth.isHealthy ? CHECK_MS : POLL_MS;
    };
    this.#poller = new Poller(() => this.#load(), interval, parts.random);
    this.#latest = new LatestOnly(parts.api, parts.random, {
      take: (rows) => this.#addLatest(rows),
      isIncomplete: () => [...this.#rows.values()].some(lacksMessage),
      answered: (outcome) => this.#connection.answered(outcome),
    });
  }

  /** Whether the conversations of a status were loaded once. */
  hasLoaded(status: SessionStatus): boolean {
    return this.#cursors.has(listOf(status));
  }

  /** Whether the last read failed. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Loads the resolved conversations only while `wanted`. */
  wantResolved(wanted: boolean): void {
    if (wanted === this.#wantsResolved) return;
    this.#wantsResolved = wanted;
    if (wanted) this.refresh();
  }

  get link(): ConnectionState {
    return this.#connection.state;
  }

  open(): void {
    const { feed, environment, tokens, readMarks, markSender } = this.#parts;
    this.#endings.push(
      feed.listen({
        message: (message) => this.#receiveMessage(message),
        session: ({ session }) => this.#receiveSession(session),
        digest: (digest) => this.#receiveDigest(digest),
        rejection: (rejection) => this.#receiveRejection(rejection),
      }),
      feed.subscribe(() => this.refresh()),
      environment.subscribe(() => this.refresh()),
      tokens.subscribe(() => this.refresh()),
      readMarks.onMark((playerId) => this.#applyMark(playerId)),
      readMarks.subscribe(() => this.changed()),
      markSender.subscribe(() => this.changed()),
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

  /** The rows of a status: pending ones by the longest wait, the others by the latest message. */
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

  /**
   * Whether the player has written since staff read it; resolved rows count only when marked here.
   */
  isUnread(row: Row): boolean {
    const { playerId, status, told, lastMessage } = row;
    const isMarked = this.#parts.readMarks.isUnread(playerId);
    if (status === "resolved") return isMarked;
    const count = this.unreadCount(row);
    if (count !== null) return count > 0;
    if (isMarked) return true;
    const last = told ?? (lastMessage?.senderType === "player" ? lastMessage : null);
    return last !== null && last.at > this.#parts.readMarks.of(playerId);
  }

  /**
   * The player's messages that the user has not read, up to `MOST_UNANSWERED`; null when the gateway
   * keeps no read marks.
   */
  unreadCount({ unread }: Row): number | null {
    return this.#parts.markSender.setting === "off" ? null : unread;
  }

  /** The number of unread conversations of a status. */
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

  /** Calls `listener` once for each player's message. */
  onArrival(listener: (message: Message) => void): Unsubscribe {
    return this.#arrivals.listen(listener);
  }

  async #load(): Promise<Outcome<null>> {
    const began = Date.now();
    for (const [playerId, at] of this.#lastEventAt)
      if (began - at > PERSISTED_MS) this.#lastEventAt.delete(playerId);
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
        this.#addListed(row);
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
   * Drops the rows that no page lists, since their sessions were resolved without an event here;
   * unless an event arrived meanwhile. A conversation can move between two pages while they are
   * read, so with several pages a row must be missing twice.
   */
  #dropUnlisted(list: List, listed: Set<string>, began: number, pages: number): void {
    const unlisted = new Set<string>();
    for (const [playerId, { status }] of this.#rows) {
      const hasNewEvent = (this.#lastEventAt.get(playerId) ?? 0) >= began;
      if (listOf(status) !== list || listed.has(playerId) || hasNewEvent) continue;
      if (pages === 1 || this.#unlisted.has(playerId)) this.#rows.delete(playerId);
      else unlisted.add(playerId);
    }
    if (list === "resolved") return;
    this.#unlisted = unlisted;
    if (unlisted.size > 0) this.#poller.soon();
  }

  /** Adds a row of a page, and notifies about its message if no event has brought it. */
  #addListed(listed: InboxRow): void {
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
    const isFresh = Date.now() - (this.#lastEventAt.get(playerId) ?? 0) < PERSISTED_MS;
    const isMarking = this.#isMarking(listed);
    const known = this.#rows.get(playerId);
    const row = rowOfPage(known, listed, { isFresh, isMarking });
    this.#rows.set(playerId, row);
    return row;
  }

  /** Whether the user's last mark covers the listed messages and may not be stored yet. */
  #isMarking({ session: { playerId }, lastMessage }: InboxRow): boolean {
    const { readMarks, markSender } = this.#parts;
    if (!readMarks.isFresh(playerId) && !markSender.isPending(playerId)) return false;
    return readMarks.isUnread(playerId) || lastMessage.at <= readMarks.of(playerId);
  }

  #receiveMessage(message: Message): void {
    if (this.#arrivals.has(message.messageId)) return;
    const known = this.#rows.get(message.playerId);
    if (known === undefined && message.senderType === "staff") {
      // The session may be resolved: the next page shows whether it is open.
      this.#latest.request();
    } else {
      this.#lastEventAt.set(message.playerId, Date.now());
      this.#rows.set(message.playerId, this.#afterMessage(known, message));
    }
    this.#arrivals.add(message);
    this.changed();
  }

  /**
   * The row after a message. The user's own answer means that the user has read; a colleague's does
   * for a user without a mark.
   */
  #afterMessage(known: Row | undefined, message: Message): Row {
    const { readMarks, identity } = this.#parts;
    const isOwn = message.senderId === identity.subject;
    const isRead =
      message.senderType === "staff" && (isOwn || readMarks.of(message.playerId) === 0);
    const row = rowAfterMessage(known, message);
    return isRead ? rowAfterMark(row, false) : row;
  }

  /** Applies the user's mark to the row, until a page has it. */
  #applyMark(playerId: string): void {
    const row = this.#rows.get(playerId);
    if (row === undefined) return;
    const { readMarks } = this.#parts;
    const isUnread = readMarks.isUnread(playerId);
    if (isUnread || readMarks.of(playerId) >= lastActivity(row))
      this.#rows.set(playerId, rowAfterMark(row, isUnread));
  }

  #receiveRejection({ playerId, messageId }: Rejection): void {
    const row = this.#rows.get(playerId);
    if (row === undefined) return;
    this.#lastEventAt.delete(playerId);
    if (row.session === null) this.#rows.delete(playerId);
    else this.#rows.set(playerId, rowAfterRejection(row, messageId));
    this.refresh();
  }

  #receiveDigest({ players }: Digest): void {
    for (const entry of players) {
      this.#lastEventAt.set(entry.playerId, Date.now());
      this.#rows.set(entry.playerId, rowAfterDigest(this.#rows.get(entry.playerId), entry));
    }
    this.#latest.request();
    this.changed();
  }

  #addLatest(rows: readonly InboxRow[]): void {
    for (const row of rows) this.#addListed(row);
    this.changed();
  }

  #receiveSession(session: Session): void {
    this.#lastEventAt.set(session.playerId, Date.now());
    const row = rowAfterSession(this.#rows.get(session.playerId), session);
    this.#rows.set(session.playerId, row);
    if (lacksMessage(row)) this.#latest.request();
    this.changed();
  }
}

/** Whether the row lacks the content of its last message. */
function lacksMessage({ status, told, lastMessage }: Row): boolean {
  return told !== null || (lastMessage === null && status === "active");
}
