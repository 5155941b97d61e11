import type { Api, InboxPage, InboxRow } from "../api/api.js";
import { type Outcome, succeeded } from "../api/failure.js";
import type { Tokens } from "../api/tokens.js";
import type { Random } from "../backoff.js";
import { ConnectionMonitor, type ConnectionState } from "../connectionState.js";
import type { MarkSender } from "../conversation/markSender.js";
import type { OwnAssignments } from "../desk/assignment.js";
import type { Features } from "../desk/features.js";
import type { Environment } from "../environment.js";
import { newId } from "../id.js";
import { Observable, type Unsubscribe } from "../observable.js";
import { compare } from "../order.js";
import { Poller } from "../poller.js";
import type { Feed } from "../realtime/feed.js";
import type { Digest, Identity, Message, Rejection, Session } from "../types.js";
import { Arrivals } from "./arrivals.js";
import { actorOf, requestChange } from "./changeStatus.js";
import { LatestOnly } from "./latestOnly.js";
import { OwnConversations } from "./ownConversations.js";
import type { ReadMarks } from "./readMarks.js";
import {
  assigneeOf,
  lastActivity,
  type Row,
  rowAfterDigest,
  rowAfterMark,
  rowAfterMessage,
  rowAfterRejection,
  rowAfterSession,
  rowOfPage,
} from "./row.js";
import { type InboxView, isListed, type List, listOf, queryOf, sortRows } from "./views.js";

/** The dependencies of the inbox. */
export interface InboxParts {
  readonly api: Api;
  readonly tokens: Tokens;
  readonly feed: Feed;
  readonly environment: Environment;
  readonly identity: Identity;
  readonly readMarks: ReadMarks;
  readonly markSender: MarkSender;
  readonly features: Features;
  readonly ownAssignments: OwnAssignments;
  readonly random: Random;
}

/** The number of pages loaded of each list; a page has 200 conversations. */
const PAGES: Record<List, number> = { open: 20, mine: 20, pile: 20, resolved: 1 };
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
  /** Open conversations that the last pages of each list did not have. */
  readonly #unlisted = new Map<List, ReadonlySet<string>>();
  #wantsResolved = false;
  #wantsAll = false;
  /** The teams whose pile the user sees; null for all. */
  #teams: ReadonlySet<string | null> | null = null;
  /** The conversations that the user has, where staff assigns them. */
  readonly own: OwnConversations;
  /** Messages of conversations of which it is not known yet who has them. */
  readonly #undecided = new Map<string, Message[]>();
  #failed = false;
  /** When the last event of each conversation arrived, in milliseconds since 1970. */
  readonly #lastEventAt = new Map<string, number>();
  readonly #endings: Unsubscribe[] = [];
  readonly #arrivals = new Arrivals();

  constructor(parts: InboxParts) {
    super();
    this.#parts = parts;
    this.own = new OwnConversations(parts, () => this.changed());
    this.#connection = new ConnectionMonitor(parts);
    const interval = () => {
      if (!parts.environment.visible) return POLL_HIDDEN_MS;
      return parts.feed.eventHealth.isHealthy ? CHECK_MS : POLL_MS;
    };
    this.#poller = new Poller(() => this.#load(), interval, parts.random);
    this.#latest = new LatestOnly(parts.api, parts.random, {
      take: (rows) => this.#addLatest(rows),
      isIncomplete: () =>
        [...this.#rows.values()].some((row) => lacksMessage(row) || this.#lacksAssignee(row)),
      answered: (outcome) => this.#connection.answered(outcome),
    });
  }

  /** Whether the conversations of a tab were loaded once. */
  hasLoaded(view: InboxView): boolean {
    return this.#cursors.has(listOf(view));
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

  /**
   * Where staff assigns conversations, loads those of colleagues only while `wanted`: by then only
   * those of the user and the pile are complete.
   */
  wantAll(wanted: boolean): void {
    if (wanted === this.#wantsAll) return;
    this.#wantsAll = wanted;
    if (wanted) this.refresh();
  }

  /** Narrows the pile to some teams, with null for conversations of none; null shows all. */
  showTeams(teams: readonly (string | null)[] | null): void {
    this.#teams = teams === null ? null : new Set(teams);
    this.changed();
  }

  get link(): ConnectionState {
    return this.#connection.state;
  }

  open(): void {
    const { feed, environment, tokens, readMarks, markSender, features } = this.#parts;
    this.#endings.push(
      features.subscribe(() => this.refresh()),
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

  /** The rows of a tab, in its order. */
  list(view: InboxView): Row[] {
    const rows = [...this.#rows.values()].filter((row) => this.#isIn(view, row));
    return sortRows(rows, view);
  }

  row(playerId: string): Row | undefined {
    return this.#rows.get(playerId);
  }

  count(view: InboxView): Count {
    let count = 0;
    for (const row of this.#rows.values()) if (this.#isIn(view, row)) count += 1;
    return { count, more: (this.#cursors.get(listOf(view)) ?? null) !== null };
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

  /** The number of unread conversations of a tab. */
  unread(view: InboxView): number {
    let count = 0;
    for (const row of this.#rows.values())
      if (this.#isIn(view, row) && this.isUnread(row)) count += 1;
    return count;
  }

  /**
   * Puts back those of the user's conversations in which the player waits: how many they are, and
   * how many of them the gateway does not accept.
   */
  handBack(): { readonly count: number; readonly failed: Promise<number> } {
    const { api, identity, ownAssignments, random } = this.#parts;
    const waiting = this.list("mine").filter(({ waitingSince }) => waitingSince !== null);
    const outcomes = waiting.map(({ playerId, session }) => {
      ownAssignments.expect(playerId);
      const request = {
        ...({ action: "release", team: null } as const),
        changeId: newId(),
        ...(session === null ? {} : { sessionId: session.id }),
        ...actorOf(identity),
      };
      return requestChange(() => api.assign(playerId, request), random);
    });
    const failed = Promise.all(outcomes).then((all) => all.filter(({ ok }) => !ok).length);
    return { count: waiting.length, failed };
  }

  /** The number of conversations of the user and of the pile that are unread or given. */
  get news(): number {
    let count = 0;
    for (const { playerId } of this.#rows.values()) if (this.isNews(playerId)) count += 1;
    return count;
  }

  /** Whether a conversation is given to the user, or unread and the user's or the pile's. */
  isNews(playerId: string): boolean {
    const row = this.#rows.get(playerId);
    if (row === undefined) return false;
    return this.own.isGiven(playerId) || (this.#concernsUser(row) && this.isUnread(row));
  }

  /** The number of free conversations of the teams that the user does not see. */
  get elsewhere(): number {
    let count = 0;
    for (const row of this.#rows.values())
      if (this.#isListed("pile", row) && !this.#isOfTeams(row)) count += 1;
    return count;
  }

  /** Loads the next page of the list of a tab. */
  async loadMore(view: InboxView): Promise<void> {
    const list = listOf(view);
    const cursor = this.#cursors.get(list) ?? null;
    if (cursor === null) return;
    const outcome = await this.#page(list, cursor);
    if (!outcome.ok || this.#cursors.get(list) !== cursor) return;
    this.#cursors.set(list, outcome.value.nextCursor);
    for (const row of outcome.value.rows) this.#putListed(row);
    this.changed();
  }

  /**
   * Calls `listener` once for each player's message; where staff assigns conversations, only for
   * those of the user and of the pile that the user sees.
   */
  onArrival(listener: (message: Message) => void): Unsubscribe {
    return this.#arrivals.listen(listener);
  }

  async #load(): Promise<Outcome<null>> {
    const began = Date.now();
    for (const [playerId, at] of this.#lastEventAt)
      if (began - at > PERSISTED_MS) this.#lastEventAt.delete(playerId);
    for (const list of this.#lists()) {
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

  #lists(): List[] {
    const resolved: List[] = this.#wantsResolved ? ["resolved"] : [];
    if (!this.#assigns) return ["open", ...resolved];
    return ["mine", "pile", ...(this.#wantsAll ? (["open"] as const) : []), ...resolved];
  }

  /** Whether staff assigns conversations. */
  get #assigns(): boolean {
    return this.#parts.features.teamDesk;
  }

  #page(list: List, cursor: string | null): Promise<Outcome<InboxPage>> {
    const { api, identity } = this.#parts;
    return api.inbox(queryOf(list, identity.subject), cursor);
  }

  #isIn(view: InboxView, row: Row): boolean {
    if (view === "pile") return this.#isListed("pile", row) && this.#isOfTeams(row);
    return view === "mine" || view === "all"
      ? this.#isListed(listOf(view), row)
      : row.status === view;
  }

  #isListed(list: List, row: Row): boolean {
    return isListed(row, list, this.#parts.identity.subject);
  }

  #isOfTeams({ session }: Row): boolean {
    return this.#teams === null || this.#teams.has(session?.team ?? null);
  }

  #lacksAssignee(row: Row): boolean {
    return this.#assigns && row.status !== "resolved" && assigneeOf(row) === undefined;
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
    for (const [playerId, row] of this.#rows) {
      const hasNewEvent = (this.#lastEventAt.get(playerId) ?? 0) >= began;
      if (!this.#isListed(list, row) || listed.has(playerId) || hasNewEvent) continue;
      if (pages === 1 || this.#unlisted.get(list)?.has(playerId)) this.#drop(playerId);
      else unlisted.add(playerId);
    }
    if (list === "resolved") return;
    this.#unlisted.set(list, unlisted);
    if (unlisted.size > 0) this.#poller.soon();
  }

  /** Adds a row of a page, and notifies about its message if no event has brought it. */
  #addListed(listed: InboxRow): void {
    const known = this.#rows.get(listed.session.playerId);
    const row = this.#putListed(listed);
    const { lastMessage } = row;
    if (!this.#hasLoadedOpen || lastMessage === null || row.status === "resolved") return;
    if (known?.lastMessage && compare(known.lastMessage, lastMessage) >= 0) return;
    if (this.#arrivals.has(lastMessage.messageId)) return;
    this.#parts.feed.eventHealth.foundInHistory(lastMessage);
    this.#arrivals.add(lastMessage, this.#concernsUser(row));
  }

  /** Whether the open conversations that concern the user were loaded once. */
  get #hasLoadedOpen(): boolean {
    return this.#assigns ? this.hasLoaded("mine") && this.hasLoaded("pile") : this.hasLoaded("all");
  }

  /** Whether the user is notified about messages of the conversation. */
  #concernsUser(row: Row): boolean {
    return !this.#assigns || this.#isIn("mine", row) || this.#isIn("pile", row);
  }

  #put(row: Row): void {
    const { playerId } = row;
    const before = this.#rows.get(playerId);
    this.#rows.set(playerId, row);
    if (!this.#assigns) return;
    this.#decide(row);
    this.own.update(before, row, this.hasLoaded("mine"));
  }

  /** Notifies about the messages that arrived before it was known who has the conversation. */
  #decide(row: Row): void {
    if (this.#lacksAssignee(row)) return;
    const messages = this.#undecided.get(row.playerId) ?? [];
    this.#undecided.delete(row.playerId);
    for (const message of messages) this.#arrivals.add(message, this.#concernsUser(row));
  }

  #drop(playerId: string): void {
    this.#rows.delete(playerId);
    this.#undecided.delete(playerId);
    this.own.drop(playerId);
  }

  #putListed(listed: InboxRow): Row {
    const { playerId } = listed.session;
    const isFresh = Date.now() - (this.#lastEventAt.get(playerId) ?? 0) < PERSISTED_MS;
    const isMarking = this.#isMarking(listed);
    const known = this.#rows.get(playerId);
    const row = rowOfPage(known, listed, { isFresh, isMarking });
    this.#put(row);
    return row;
  }

  /** Whether the user's last mark covers the listed messages and may not be stored yet. */
  #isMarking({ session: { playerId }, lastMessage }: InboxRow): boolean {
    const { readMarks, markSender } = this.#parts;
    if (!readMarks.isFresh(playerId) && !markSender.isPending(playerId)) return false;
    return readMarks.isUnread(playerId) || lastMessage.at <= readMarks.of(playerId);
  }

  #receiveMessage(message: Message): void {
    const { playerId, messageId } = message;
    const undecided = this.#undecided.get(playerId) ?? [];
    if (this.#arrivals.has(messageId)) return;
    if (undecided.some((other) => other.messageId === messageId)) return;
    const known = this.#rows.get(playerId);
    if (known === undefined && message.senderType === "staff") {
      // The session may be resolved: the next page shows whether it is open.
      this.#latest.request();
      this.#arrivals.add(message, false);
    } else {
      this.#lastEventAt.set(playerId, Date.now());
      const row = this.#afterMessage(known, message);
      this.#put(row);
      if (this.#lacksAssignee(row)) {
        this.#undecided.set(playerId, [...undecided, message]);
        this.#latest.request();
      } else this.#arrivals.add(message, this.#concernsUser(row));
    }
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
      this.#put(rowAfterMark(row, isUnread));
  }

  #receiveRejection({ playerId, messageId }: Rejection): void {
    const row = this.#rows.get(playerId);
    if (row === undefined) return;
    this.#lastEventAt.delete(playerId);
    if (row.session === null) this.#drop(playerId);
    else this.#put(rowAfterRejection(row, messageId));
    this.refresh();
  }

  #receiveDigest({ players }: Digest): void {
    for (const entry of players) {
      this.#lastEventAt.set(entry.playerId, Date.now());
      this.#put(rowAfterDigest(this.#rows.get(entry.playerId), entry));
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
    this.#put(row);
    if (lacksMessage(row)) this.#latest.request();
    this.changed();
  }
}

/** Whether the row lacks the content of its last message. */
function lacksMessage({ status, told, lastMessage }: Row): boolean {
  return told !== null || (lastMessage === null && status === "active");
}
