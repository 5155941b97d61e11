import type { Api, HistoryPage } from "../api/api.js";
import type { Failure, Outcome } from "../api/failure.js";
import type { Tokens } from "../api/tokens.js";
import type { Random } from "../backoff.js";
import { ConnectionMonitor, type ConnectionState } from "../connectionState.js";
import type { Environment } from "../environment.js";
import { newId } from "../id.js";
import { actorOf, changeStatus } from "../inbox/changeStatus.js";
import { notifyAll } from "../listeners.js";
import { Observable, type Unsubscribe } from "../observable.js";
import type { Outbox } from "../outbox/outbox.js";
import { newerSession } from "../parse.js";
import { Poller } from "../poller.js";
import type { Feed } from "../realtime/feed.js";
import type { Digest, Identity, Message, Rejection, Session, SessionUpdate } from "../types.js";
import { History, type Older } from "./history.js";
import { Messages } from "./messages.js";
import { pollIntervalMs } from "./pollInterval.js";
import type { Entry, Timeline } from "./timeline.js";

/** What a conversation needs of its environment. */
export interface ConversationParts {
  readonly api: Api;
  readonly tokens: Tokens;
  readonly outbox: Outbox;
  readonly feed: Feed;
  readonly environment: Environment;
  readonly identity: Identity;
  readonly random: Random;
}

/** A change of status that was asked for. */
export interface AskedChange {
  readonly changeId: string;
  /** Whether it was accepted; null when it was undone. That it has an effect, the session says. */
  readonly outcome: Promise<Outcome<null> | null>;
  /** Takes it back, as long as it has not been sent. */
  undo(): void;
}

/** A change that waits, because it can still be undone. */
interface Delay {
  /** Ends the wait: the change is made, or it is not. */
  end(isMade: boolean): void;
}

/** For how long the numbers of messages are asked for that only events have told of, in milliseconds. */
const NUMBERED_WITHIN_MS = 8_000;

/**
 * One conversation as a portal shows it: its messages, its session, and whether it can be up to date.
 * Subscribes, then fetches, then merges; whatever is in doubt is asked of the history.
 */
export class Conversation extends Observable {
  readonly playerId: string;
  readonly #parts: ConversationParts;
  readonly #history: History;
  readonly #messages: Messages;
  readonly #connection: ConnectionMonitor;
  readonly #poller: Poller;
  readonly #endings: Unsubscribe[] = [];
  readonly #arrivals = new Set<(entry: Entry) => void>();
  readonly #setbacks = new Set<(entry: Entry) => void>();
  readonly #answers = new Set<() => void>();
  readonly #asked = new Set<string>();
  readonly #stale = new Set<string>();
  readonly #delays = new Set<Delay>();
  #changing = 0;
  #isClosing = false;
  #isResting = false;
  #session: Session | null = null;
  #failure: Failure | null = null;
  #answersSinceEvent = 0;
  #unchanged = 0;

  constructor(playerId: string, parts: ConversationParts) {
    super();
    this.playerId = playerId;
    this.#parts = parts;
    this.#connection = new ConnectionMonitor(parts);
    this.#messages = new Messages({
      outbox: parts.outbox,
      eventHealth: parts.feed.eventHealth,
      identity: parts.identity,
      hasOlder: () => this.#history.older !== "none",
    });
    this.#history = new History(parts.api, playerId, {
      newest: (page, anew) => this.#takePage(page, () => this.#messages.takeNewest(page, anew)),
      missed: (page) => this.#takePage(page, () => this.#announce(this.#messages.takeMissed(page))),
      older: (page) => this.#takePage(page, () => this.#messages.takeOlder(page)),
      setBack: () => {
        this.#session = null;
      },
      changed: () => this.changed(),
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

  /** The latest session; null before the first message. */
  get session(): Session | null {
    return this.#session;
  }

  get older(): Older {
    return this.#history.older;
  }

  /** Whether the newest messages have been loaded once. */
  get loaded(): boolean {
    return this.#history.lastSeq !== null;
  }

  /** Why the history could not be asked the last time; null when it could. */
  get failure(): Failure | null {
    return this.#failure;
  }

  get link(): ConnectionState {
    return this.#connection.state;
  }

  open(): void {
    const { feed, outbox, environment, tokens } = this.#parts;
    const { playerId } = this;
    this.#endings.push(
      feed.listen({
        message: (message) => message.playerId === playerId && this.#hear(message),
        session: (update) => update.session.playerId === playerId && this.#takeUpdate(update),
        rejection: (each) => each.playerId === playerId && this.#takeRejection(each),
        digest: (digest) => this.#hearDigest(digest),
      }),
      feed.subscribe(() => this.#eventHealthChanged()),
      outbox.watch(playerId, (...change) => {
        const [messageId] = change;
        const before = this.timeline.get(messageId)?.delivery?.state;
        if (this.#messages.takeOutbox(...change)) this.#expect();
        const entry = this.timeline.get(messageId);
        const state = entry?.delivery?.state;
        const isSetback = state === "waiting" || state === "refused";
        if (entry !== undefined && isSetback && state !== before) notifyAll(this.#setbacks, entry);
        this.changed();
      }),
      environment.subscribe(() => this.refresh()),
      environment.onLeave(() => this.#makeChanges()),
      tokens.subscribe(() => this.refresh()),
      this.#connection.subscribe(() => this.changed()),
      this.#connection.start(),
    );
    this.#poller.start();
  }

  /** Asks for nothing more until `wake`, and still takes in what events tell of. */
  rest(): void {
    this.#isResting = true;
    this.#makeChanges();
    if (this.#changing === 0) this.#poller.stop();
  }

  /** Goes on after `rest`. */
  wake(): void {
    this.#isResting = false;
    this.#unchanged = 0;
    this.#poller.start();
  }

  /** What was asked for and not sent yet is sent before it ends. */
  close(): void {
    this.#isClosing = true;
    this.#makeChanges();
    if (this.#changing === 0) this.#end();
  }

  #makeChanges(): void {
    for (const delay of [...this.#delays]) delay.end(true);
  }

  #end(): void {
    this.#poller.stop();
    for (const end of this.#endings.splice(0)) end();
  }

  /** Asks what was missed: the tab has woken, or the user wants to know. */
  refresh(): void {
    this.#unchanged = 0;
    this.#poller.nudge();
    this.changed();
  }

  /** Sends a message; it stands in the timeline when this returns. */
  send(content: string): void {
    this.#parts.outbox.add(this.playerId, content);
  }

  retry(messageId: string): void {
    this.#parts.outbox.retry(messageId);
  }

  discard(messageId: string): void {
    this.#parts.outbox.discard(messageId);
  }

  /** Hears of each message that arrives from somebody else, once. */
  onArrival(listener: (entry: Entry) => void): Unsubscribe {
    this.#arrivals.add(listener);
    return () => this.#arrivals.delete(listener);
  }

  /** Is called when a message of one's own turns out not to be sent yet, or not to be sent at all. */
  onSetback(listener: (entry: Entry) => void): Unsubscribe {
    this.#setbacks.add(listener);
    return () => this.#setbacks.delete(listener);
  }

  /** Takes or reopens (`active`), or resolves the session as it is shown now; one that has moved on stays as it is. */
  changeStatus(status: "active" | "resolved", undoMs = 0): AskedChange {
    const changeId = newId();
    this.#asked.add(changeId);
    const { delay, isMade } = this.#delay(undoMs);
    const outcome = this.#changeStatus(status, changeId, isMade);
    return { changeId, outcome, undo: () => delay.end(false) };
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

  /** Whether a change had no effect: the player wrote, or a colleague was first. */
  isStale(changeId: string): boolean {
    return this.#stale.has(changeId);
  }

  /** Loads a page of what is older. */
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
    notifyAll(this.#answers);
    this.#answers.clear();
    this.changed();
    return outcome;
  }

  async #changeStatus(
    status: "active" | "resolved",
    changeId: string,
    isMade: Promise<boolean>,
  ): Promise<Outcome<null> | null> {
    const { api, random } = this.#parts;
    const sessionId = this.#session?.id;
    const isResolved = this.#session?.status === "resolved";
    this.#changing += 1;
    try {
      const of = sessionId === undefined ? {} : { sessionId };
      // What the player writes meanwhile is no reason not to take an open session.
      const seen = status === "resolved" || isResolved ? { lastSeq: await this.#seenUpTo() } : {};
      if (!(await isMade)) return null;
      const request = { status, changeId, ...of, ...seen, ...actorOf(this.#parts.identity) };
      return await changeStatus(api, this.playerId, request, random);
    } finally {
      this.#changing -= 1;
      if (this.#changing === 0) {
        if (this.#isClosing) this.#end();
        else if (this.#isResting) this.#poller.stop();
      }
    }
  }

  /**
   * Up to which `seq` the user has seen the player's messages, as of now. What only events have told of
   * has no number yet, so the history is asked for it.
   */
  async #seenUpTo(): Promise<number> {
    const known = this.#history.lastSeq ?? 0;
    const unnumbered = this.#messages.unnumbered();
    const giveUpAt = Date.now() + NUMBERED_WITHIN_MS;
    while (this.#messages.lackNumbers(unnumbered) && Date.now() < giveUpAt) {
      this.#poller.soon(100);
      await this.#answer(giveUpAt - Date.now());
    }
    const unseen = this.#messages.firstUnseen(known, new Set(unnumbered));
    return unseen === null ? (this.#history.lastSeq ?? 0) : unseen - 1;
  }

  /** Resolves with the history's next answer, or after so many milliseconds. */
  #answer(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#answers.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #takeUpdate({ session, staleChangeIds }: SessionUpdate): void {
    const stale = staleChangeIds.filter((changeId) => this.#asked.has(changeId));
    for (const changeId of stale) this.#stale.add(changeId);
    this.#takeSession(session);
    if (stale.length > 0) this.refresh();
  }

  #takeRejection(rejection: Rejection): void {
    this.#messages.takeRejection(rejection);
    this.refresh();
  }

  #takePage({ session }: HistoryPage, take: () => void): void {
    take();
    if (session !== null) this.#takeSession(session);
  }

  #hear(message: Message): void {
    const { isNew, arrived } = this.#messages.takeEvent(message);
    if (!isNew) return;
    this.#announce(arrived);
    if (message.truncated) this.#poller.nudge();
    this.changed();
  }

  /** What was written here is asked for at once; whether anything was, at leisure. */
  #hearDigest({ players, unlisted }: Digest): void {
    const news = players.find(({ playerId }) => playerId === this.playerId);
    if (news === undefined && unlisted === 0) return;
    if (news !== undefined) this.#messages.takeNews(news);
    this.#answersSinceEvent = 0;
    this.#unchanged = 0;
    if (news !== undefined) this.#poller.nudge();
    else this.#poller.soon();
  }

  /** A message of one's own should be seen soon. */
  #expect(): void {
    this.#unchanged = 0;
    this.#poller.reconsider();
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
    for (const entry of arrived) notifyAll(this.#arrivals, entry);
  }
}
