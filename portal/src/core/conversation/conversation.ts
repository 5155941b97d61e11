import type { Api, HistoryPage, SessionRequest } from "../api/api.js";
import type { Failure, Outcome } from "../api/failure.js";
import type { Tokens } from "../api/tokens.js";
import type { Random } from "../backoff.js";
import { ConnectionMonitor, type ConnectionState } from "../connectionState.js";
import type { Assignment, OwnAssignments } from "../desk/assignment.js";
import type { Environment } from "../environment.js";
import { newId } from "../id.js";
import { actorOf, changeStatus, requestChange } from "../inbox/changeStatus.js";
import type { ReadMarks } from "../inbox/readMarks.js";
import { notifyAll } from "../listeners.js";
import { Observable, type Unsubscribe } from "../observable.js";
import type { OutboxFile } from "../outbox/item.js";
import type { Outbox } from "../outbox/outbox.js";
import { newerSession } from "../parse.js";
import { Poller } from "../poller.js";
import { ConversationPresence } from "../presence/conversationPresence.js";
import type { DeferredRealtime } from "../realtime/deferredRealtime.js";
import type { Feed } from "../realtime/feed.js";
import type {
  Digest,
  Identity,
  Message,
  ReadUpdate,
  Rejection,
  Session,
  SessionUpdate,
} from "../types.js";
import { History, type Older } from "./history.js";
import { KnownReads } from "./knownReads.js";
import type { LastTopic } from "./lastTopic.js";
import type { MarkSender } from "./markSender.js";
import { Messages } from "./messages.js";
import { OwnMark } from "./ownMark.js";
import { pollIntervalMs } from "./pollInterval.js";
import type { Entry, Timeline } from "./timeline.js";

/** The dependencies of a conversation. */
export interface ConversationParts {
  readonly api: Api;
  readonly tokens: Tokens;
  readonly outbox: Outbox;
  readonly feed: Feed;
  readonly realtime: DeferredRealtime;
  readonly environment: Environment;
  readonly identity: Identity;
  readonly readMarks: ReadMarks;
  readonly markSender: MarkSender;
  readonly ownAssignments: OwnAssignments;
  readonly lastTopic: LastTopic;
  readonly random: Random;
}

/** A requested change of status. */
export interface RequestedChange {
  readonly changeId: string;
  /** Whether the gateway accepted it; null when it was undone. The session shows its effect. */
  readonly outcome: Promise<Outcome<null> | null>;
  /** Cancels it while it has not been sent. */
  undo(): void;
}

/** The time in which a change can be undone. */
interface Delay {
  /** Ends the delay; `isMade` false cancels the change. */
  end(isMade: boolean): void;
}

/** The longest wait for the `seq` of messages that only events have brought, in milliseconds. */
const NUMBERED_WITHIN_MS = 8_000;

/**
 * One conversation: its messages, its session and its connection state. It subscribes, loads the
 * history and merges both; the history decides where they differ.
 */
export class Conversation extends Observable {
  readonly playerId: string;
  /** Who else has the conversation open, and who types; while it is neither paused nor closed. */
  readonly presence: ConversationPresence;
  readonly #parts: ConversationParts;
  readonly #history: History;
  readonly #messages: Messages;
  readonly #reads: KnownReads;
  readonly #ownMark: OwnMark;
  readonly #connection: ConnectionMonitor;
  readonly #poller: Poller;
  readonly #endings: Unsubscribe[] = [];
  readonly #arrivalListeners = new Set<(entry: Entry) => void>();
  readonly #failureListeners = new Set<(entry: Entry) => void>();
  readonly #answerListeners = new Set<() => void>();
  /** The last reported state of each own message whose send failed. */
  readonly #reportedFailures = new Map<string, string>();
  readonly #requested = new Set<string>();
  readonly #stale = new Set<string>();
  readonly #delays = new Set<Delay>();
  /** Leaves the player's channel, which staff receive while the conversation is shown. */
  #unwatch: Unsubscribe | null = null;
  #changesInProgress = 0;
  /** Undefined before a choice. */
  #topic: string | null | undefined;
  #isClosing = false;
  #isPaused = false;
  #session: Session | null = null;
  #failure: Failure | null = null;
  #answersSinceEvent = 0;
  #unchanged = 0;

  constructor(playerId: string, parts: ConversationParts) {
    super();
    this.playerId = playerId;
    this.#parts = parts;
    this.presence = new ConversationPresence(playerId, parts.realtime);
    this.#connection = new ConnectionMonitor(parts);
    this.#messages = new Messages({
      outbox: parts.outbox,
      eventHealth: parts.feed.eventHealth,
      identity: parts.identity,
      hasOlder: () => this.#history.older !== "none",
    });
    this.#history = new History(parts.api, playerId, {
      newest: (page, replaces) =>
        this.#takePage(page, () => this.#messages.addNewest(page, replaces)),
      missed: (page) => this.#takePage(page, () => this.#announce(this.#messages.addMissed(page))),
      older: (page) => this.#takePage(page, () => this.#messages.addOlder(page)),
      setBack: () => {
        this.#session = null;
        this.#reads.forget();
        this.#ownMark.forget();
      },
      changed: () => this.changed(),
    });
    const { timeline } = this.#messages;
    const { identity, readMarks, markSender: sender } = parts;
    this.#reads = new KnownReads({ identity, timeline, sender });
    this.#ownMark = new OwnMark({
      playerId,
      identity,
      timeline,
      readMarks,
      sender,
      hasOlder: () => this.#history.older !== "none",
      refresh: () => this.#poller.nudge(),
    });
    const interval = () =>
      pollIntervalMs({
        eventsArrive: parts.feed.eventHealth.isHealthy,
        visible: parts.environment.visible,
        answers: this.#answersSinceEvent,
        isIncomplete: this.#messages.isIncomplete,
        unchanged: this.#unchanged,
      });
    this.#poller = new Poller(() => this.#ask(), interval, parts.random);
  }

  get timeline(): Timeline {
    return this.#messages.timeline;
  }

  /** How far the other side has read. */
  get reads(): Pick<KnownReads, "otherSide" | "receiptOf" | "lastRead"> {
    return this.#reads;
  }

  /** The latest session; null before the first message. */
  get session(): Session | null {
    return this.#session;
  }

  get older(): Older {
    return this.#history.older;
  }

  /** Whether the newest page was loaded once. */
  get loaded(): boolean {
    return this.#history.lastSeq !== null;
  }

  /** The failure of the last read of the history; null when it succeeded. */
  get failure(): Failure | null {
    return this.#failure;
  }

  get link(): ConnectionState {
    return this.#connection.state;
  }

  open(): void {
    const { feed, outbox, environment, tokens, markSender } = this.#parts;
    const { playerId } = this;
    this.#endings.push(
      feed.listen({
        message: (message) => message.playerId === playerId && this.#receiveMessage(message),
        session: (update) => update.session.playerId === playerId && this.#receiveSession(update),
        rejection: (each) => each.playerId === playerId && this.#receiveRejection(each),
        digest: (digest) => this.#receiveDigest(digest),
        read: (update) => update.playerId === playerId && this.#receiveRead(update),
      }),
      markSender.subscribe(() => this.changed()),
      markSender.onAccepted((mark) => this.#ownMark.accepted(mark)),
      feed.subscribe(() => this.#eventHealthChanged()),
      outbox.watch(playerId, (...change) => {
        const [messageId] = change;
        if (this.#messages.applyOutbox(...change)) this.#pollSooner();
        this.#reportFailure(messageId);
        this.changed();
      }),
      environment.subscribe(() => this.refresh()),
      environment.onLeave(() => this.#makeChanges()),
      tokens.subscribe(() => this.refresh()),
      this.#connection.subscribe(() => this.changed()),
      this.#connection.start(),
    );
    this.#poller.start();
    this.#enter();
  }

  /** Stops reading the history until `resume`; events of the user's own channel still arrive. */
  pause(): void {
    this.#isPaused = true;
    this.#leave();
    this.#makeChanges();
    if (this.#changesInProgress === 0) this.#poller.stop();
  }

  /** Reads the history again after `pause`. */
  resume(): void {
    this.#isPaused = false;
    this.#unchanged = 0;
    this.#poller.start();
    this.#enter();
  }

  /** Closes the conversation after its requested changes were sent. */
  close(): void {
    this.#isClosing = true;
    this.#leave();
    this.#makeChanges();
    if (this.#changesInProgress === 0) this.#end();
  }

  /** Subscribes to the channels that are received only while the conversation is shown. */
  #enter(): void {
    this.#unwatch ??= this.#parts.feed.watch(this.playerId);
    this.presence.join();
  }

  #leave(): void {
    this.#unwatch?.();
    this.#unwatch = null;
    this.presence.leave();
  }

  #makeChanges(): void {
    for (const delay of [...this.#delays]) delay.end(true);
  }

  #end(): void {
    this.#poller.stop();
    this.#ownMark.close();
    for (const end of this.#endings.splice(0)) end();
  }

  /** Reads the history now: the tab has woken, or the user asked for it. */
  refresh(): void {
    this.#unchanged = 0;
    this.#poller.nudge();
    this.changed();
  }

  /** Marks all messages as read, here and, if it keeps read marks, at the gateway. */
  markRead(): void {
    this.#ownMark.markRead();
  }

  /** Marks the player's last messages as unread, here and at the gateway; for staff. */
  markUnread(): void {
    this.#ownMark.markUnread();
  }

  /** What the player's next session is about: the id of a team; null for none. */
  get topic(): string | null {
    return this.#topic ?? null;
  }

  set topic(topic: string | null) {
    this.#topic = topic;
    this.changed();
  }

  /** Chooses the topic of the player's last session, if it is one of `offered`, before a choice. */
  preselectTopic(offered: readonly { readonly id: string }[]): void {
    if (this.#topic !== undefined) return;
    const last = this.#parts.lastTopic.get();
    if (offered.some(({ id }) => id === last)) this.topic = last;
  }

  /** Sends a message, when its files are uploaded; it is in the timeline when this returns. */
  send(content: string, files: readonly OutboxFile[] = []): void {
    this.presence.typing.stop();
    const { identity, outbox, ownAssignments } = this.#parts;
    const hasAssignee = this.#session !== null && this.#session.assigneeId !== null;
    // An answer in a session that no member has can be a claim.
    if (identity.role === "staff" && !hasAssignee) ownAssignments.expect(this.playerId);
    const isOpen = this.#session !== null && this.#session.status !== "resolved";
    outbox.add(this.playerId, content, isOpen ? null : this.topic, files);
    if (this.#topic !== undefined) this.#parts.lastTopic.keep(this.#topic);
    this.#topic = undefined;
  }

  retry(messageId: string): void {
    this.#reportedFailures.delete(messageId);
    this.#parts.outbox.retry(messageId);
  }

  discard(messageId: string): void {
    this.#parts.outbox.discard(messageId);
  }

  /** Calls `listener` once for each message that arrives from another sender. */
  onArrival(listener: (entry: Entry) => void): Unsubscribe {
    this.#arrivalListeners.add(listener);
    return () => this.#arrivalListeners.delete(listener);
  }

  /**
   * Calls `listener` when an own message waits for a retry or is refused; once for each, not per
   * attempt.
   */
  onSendFailure(listener: (entry: Entry) => void): Unsubscribe {
    this.#failureListeners.add(listener);
    return () => this.#failureListeners.delete(listener);
  }

  /**
   * Takes or reopens (`active`), or resolves the session; no effect when it has changed since
   * shown.
   */
  changeStatus(status: "active" | "resolved", undoMs = 0): RequestedChange {
    const changeId = newId();
    this.#requested.add(changeId);
    const { delay, isMade } = this.#delay(undoMs);
    const outcome = this.#changeStatus(status, changeId, isMade);
    return { changeId, outcome, undo: () => delay.end(false) };
  }

  /** Takes, gives or puts back the open session; `changeId` is that of an earlier attempt. */
  assign(assignment: Assignment, changeId = newId()): Omit<RequestedChange, "undo"> {
    const { api, identity, ownAssignments, random } = this.#parts;
    this.#requested.add(changeId);
    ownAssignments.expect(this.playerId);
    const sessionId = this.#session?.id;
    const request = {
      ...assignment,
      changeId,
      ...(sessionId === undefined ? {} : { sessionId }),
      ...actorOf(identity),
    };
    const outcome = this.#untilAnswered(() =>
      requestChange(() => api.assign(this.playerId, request), random),
    );
    return { changeId, outcome };
  }

  /** Changes the open session's tags or priority. */
  edit(what: Pick<SessionRequest, "tags" | "priority">): Omit<RequestedChange, "undo"> {
    const { api, identity, random } = this.#parts;
    const changeId = newId();
    this.#requested.add(changeId);
    const sessionId = this.#session?.id;
    const request = {
      ...what,
      changeId,
      ...(sessionId === undefined ? {} : { sessionId }),
      ...actorOf(identity),
    };
    const outcome = this.#untilAnswered(() =>
      requestChange(() => api.changeSession(this.playerId, request), random),
    );
    return { changeId, outcome };
  }

  #delay(ms: number): { delay: Delay; isMade: Promise<boolean> } {
    let resolve = (_isMade: boolean) => {};
    const isMade = new Promise<boolean>((settle) => {
      resolve = settle;
    });
    const timer = setTimeout(() => delay.end(true), ms);
    const delay: Delay = {
      end: (isMade) => {
        clearTimeout(timer);
        this.#delays.delete(delay);
        resolve(isMade);
      },
    };
    this.#delays.add(delay);
    return { delay, isMade };
  }

  /** Whether a change had no effect: the player wrote, or a colleague was faster. */
  isStale(changeId: string): boolean {
    return this.#stale.has(changeId);
  }

  /** Loads a page of older messages. */
  loadOlder(): Promise<void> {
    return this.#history.loadOlder();
  }

  async #ask(): Promise<Outcome<unknown>> {
    const before = this.#history.lastSeq;
    const outcome = await this.#history.ask();
    this.#connection.answered(outcome);
    this.#failure = outcome.ok ? null : outcome.failure;
    if (outcome.ok) {
      this.#answersSinceEvent += 1;
      this.#unchanged = this.#history.lastSeq === before ? this.#unchanged + 1 : 0;
    }
    notifyAll(this.#answerListeners);
    this.#answerListeners.clear();
    this.changed();
    return outcome;
  }

  async #changeStatus(
    status: "active" | "resolved",
    changeId: string,
    isMade: Promise<boolean>,
  ): Promise<Outcome<null> | null> {
    const { api, identity, random } = this.#parts;
    const sessionId = this.#session?.id;
    const isResolved = this.#session?.status === "resolved";
    return this.#untilAnswered(async () => {
      const of = sessionId === undefined ? {} : { sessionId };
      // A new message of the player does not prevent taking an open session.
      const seen = status === "resolved" || isResolved ? { lastSeq: await this.#seenUpTo() } : {};
      if (!(await isMade)) return null;
      const request = { status, changeId, ...of, ...seen, ...actorOf(identity) };
      if (status === "active") this.#parts.ownAssignments.expect(this.playerId);
      return changeStatus(api, this.playerId, request, random);
    });
  }

  /** Makes a change; the conversation stays open until it is answered. */
  async #untilAnswered<T>(change: () => Promise<T>): Promise<T> {
    this.#changesInProgress += 1;
    try {
      return await change();
    } finally {
      this.#changesInProgress -= 1;
      if (this.#changesInProgress === 0) {
        if (this.#isClosing) this.#end();
        else if (this.#isPaused) this.#poller.stop();
      }
    }
  }

  /**
   * The `seq` up to which the user has seen the player's messages. Messages that only events have
   * brought have no `seq` yet, so this waits for the history.
   */
  async #seenUpTo(): Promise<number> {
    const known = this.#history.lastSeq ?? 0;
    const unnumbered = this.#messages.unnumbered();
    const giveUpAt = Date.now() + NUMBERED_WITHIN_MS;
    while (this.#messages.lackNumbers(unnumbered) && Date.now() < giveUpAt) {
      this.#poller.soon(100);
      await this.#nextAnswer(giveUpAt - Date.now());
    }
    const unseen = this.#messages.firstUnseen(known, new Set(unnumbered));
    return unseen === null ? (this.#history.lastSeq ?? 0) : unseen - 1;
  }

  /** Resolves with the history's next answer, or after `withinMs` milliseconds. */
  #nextAnswer(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#answerListeners.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #reportFailure(messageId: string): void {
    const entry = this.timeline.get(messageId);
    const state = entry?.delivery?.state;
    // The next attempt: it may fail in the same way.
    if (state === "sending") return;
    if (entry === undefined || (state !== "waiting" && state !== "refused")) {
      this.#reportedFailures.delete(messageId);
    } else if (this.#reportedFailures.get(messageId) !== state) {
      this.#reportedFailures.set(messageId, state);
      notifyAll(this.#failureListeners, entry);
    }
  }

  #receiveSession({ session, staleChangeIds }: SessionUpdate): void {
    const stale = staleChangeIds.filter((changeId) => this.#requested.has(changeId));
    for (const changeId of stale) this.#stale.add(changeId);
    this.#takeSession(session);
    if (stale.length > 0) this.refresh();
  }

  #receiveRejection(rejection: Rejection): void {
    this.#messages.applyRejection(rejection);
    this.refresh();
  }

  #takePage({ session, reads }: HistoryPage, take: () => void): void {
    take();
    if (reads !== null) {
      this.#reads.takeReads(reads);
      this.#ownMark.takeReads(reads);
    }
    if (session !== null) this.#takeSession(session);
  }

  #receiveMessage(message: Message): void {
    const { isNew, arrived } = this.#messages.addEvent(message);
    if (!isNew) return;
    this.#announce(arrived);
    if (message.truncated) this.#poller.nudge();
    this.changed();
  }

  /** Reads the history: at once for this conversation's messages, soon for unlisted players. */
  #receiveDigest({ players, unlisted }: Digest): void {
    const entry = players.find(({ playerId }) => playerId === this.playerId);
    if (entry === undefined && unlisted === 0) return;
    if (entry !== undefined) this.#messages.addAnnounced(entry);
    this.#answersSinceEvent = 0;
    this.#unchanged = 0;
    if (entry !== undefined) this.#poller.nudge();
    else this.#poller.soon();
  }

  /** Polls sooner: an own message should arrive soon. */
  #pollSooner(): void {
    this.#unchanged = 0;
    this.#poller.reconsider();
  }

  #receiveRead(update: ReadUpdate): void {
    this.#reads.takeUpdate(update);
    this.#ownMark.takeUpdate(update);
    this.changed();
  }

  #takeSession(session: Session): void {
    const newer = newerSession(this.#session, session);
    if (newer === this.#session) return;
    this.#session = newer;
    this.changed();
  }

  #eventHealthChanged(): void {
    this.#answersSinceEvent = 0;
    this.refresh();
  }

  #announce(arrived: readonly Entry[]): void {
    for (const entry of arrived) {
      this.presence.typing.receiveMessage(entry);
      notifyAll(this.#arrivalListeners, entry);
    }
  }
}
