import type { Api, HistoryPage } from "../api/api.js";
import type { Failure, Outcome } from "../api/failure.js";
import type { Tokens } from "../api/tokens.js";
import type { Random } from "../backoff.js";
import { type Link, linkOf, STARTING_MS } from "../link.js";
import { Observable, type Unsubscribe } from "../observable.js";
import type { OutboxItem } from "../outbox/item.js";
import type { Outbox } from "../outbox/outbox.js";
import { newerSession } from "../parse.js";
import { Poller } from "../poller.js";
import type { Feed } from "../realtime/feed.js";
import type { Surroundings } from "../surroundings.js";
import type { Identity, Message, Session } from "../types.js";
import { History, type Older } from "./history.js";
import { pause } from "./pace.js";
import { type Delivery, type Entry, entryOf, type Source, Timeline } from "./timeline.js";

/** What a conversation needs of its surroundings. */
export interface ConversationParts {
  readonly api: Api;
  readonly tokens: Tokens;
  readonly outbox: Outbox;
  readonly feed: Feed;
  readonly surroundings: Surroundings;
  readonly identity: Identity;
  readonly random: Random;
}

/**
 * One conversation as a portal shows it: its messages, its session, and whether it can be up to date.
 * Subscribes, then fetches, then merges; whatever is in doubt is asked of the history.
 */
export class Conversation extends Observable {
  readonly playerId: string;
  readonly timeline = new Timeline();
  readonly #parts: ConversationParts;
  readonly #history: History;
  readonly #poller: Poller;
  readonly #endings: Unsubscribe[] = [];
  readonly #arrivals = new Set<(entry: Entry) => void>();
  /** Messages that are not here whole. */
  readonly #truncated = new Set<string>();
  /** Messages of one's own that are accepted and not yet seen. */
  readonly #unseen = new Set<string>();
  #session: Session | null = null;
  #failure: Failure | null = null;
  #reads: boolean | null = null;
  #starting = true;
  #sinceSubscribed = 0;
  #idle = 0;

  constructor(playerId: string, parts: ConversationParts) {
    super();
    this.playerId = playerId;
    this.#parts = parts;
    this.#history = new History(parts.api, playerId, {
      newest: (page, anew) => this.#takeNewest(page, anew),
      missed: (page) => this.#takeMissed(page),
      older: (page) => this.#takeAll(page),
      changed: () => this.changed(),
    });
    const pace = () =>
      pause({
        hears: parts.feed.hearing.works,
        visible: parts.surroundings.visible,
        sinceSubscribed: this.#sinceSubscribed,
        wanting: this.#truncated.size + this.#unseen.size > 0,
        idle: this.#idle,
      });
    this.#poller = new Poller(() => this.#ask(), pace, parts.random);
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

  get link(): Link {
    const { tokens, surroundings, feed } = this.#parts;
    return linkOf({
      signedOut: tokens.signedOut,
      online: surroundings.online,
      hears: feed.hearing.works,
      reads: this.#reads,
      starting: this.#starting,
    });
  }

  open(): void {
    const { feed, outbox, surroundings, tokens } = this.#parts;
    const { playerId } = this;
    this.#endings.push(
      feed.listen({
        message: (message) => message.playerId === playerId && this.#hear(message),
        session: (session) => session.playerId === playerId && this.#takeSession(session),
      }),
      feed.subscribe(() => this.#hearingChanged()),
      outbox.watch(playerId, (id, item, delivery) => this.#outboxChanged(id, item, delivery)),
      surroundings.subscribe(() => this.refresh()),
      tokens.subscribe(() => this.refresh()),
    );
    const starting = setTimeout(() => {
      this.#starting = false;
      this.changed();
    }, STARTING_MS);
    this.#endings.push(() => clearTimeout(starting));
    this.#poller.start();
  }

  close(): void {
    this.#poller.stop();
    for (const end of this.#endings.splice(0)) end();
  }

  /** Asks what was missed: the tab has woken, or the user wants to know. */
  refresh(): void {
    this.#idle = 0;
    this.#poller.nudge();
    this.changed();
  }

  /** Sends a message; it stands in the timeline when this returns. */
  send(content: string): void {
    this.#parts.outbox.add(this.playerId, this.#session?.playerName ?? null, content);
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

  /** Loads a page of what is older. */
  loadOlder(): Promise<void> {
    return this.#history.loadOlder();
  }

  async #ask(): Promise<Outcome<unknown>> {
    const before = this.#history.lastSeq;
    const outcome = await this.#history.ask();
    this.#reads = outcome.ok;
    this.#failure = outcome.ok ? null : outcome.failure;
    if (outcome.ok) {
      this.#sinceSubscribed += 1;
      this.#idle = this.#history.lastSeq === before ? this.#idle + 1 : 0;
    }
    this.changed();
    return outcome;
  }

  #takeNewest(page: HistoryPage, anew: boolean): void {
    if (anew) this.timeline.forgetHistory();
    this.#takeAll(page);
    // What was accepted long ago comes with the older pages.
    const oldest = page.messages[0];
    for (const messageId of [...this.#unseen]) {
      const entry = this.timeline.get(messageId);
      const isBelow = page.nextCursor !== null && oldest !== undefined && entry !== undefined;
      if (isBelow && entry.at < oldest.at) this.#forget(messageId);
    }
  }

  #takeAll(page: HistoryPage): void {
    for (const message of page.messages) this.#put(message, "history");
    if (page.session !== null) this.#takeSession(page.session);
  }

  #takeMissed(page: HistoryPage): void {
    const arrived: string[] = [];
    for (const message of page.messages) {
      const { messageId } = message;
      const known = this.timeline.get(messageId);
      const unheard = known === undefined || known.source === "outbox";
      if (unheard) this.#parts.feed.hearing.foundInHistory(messageId);
      if (this.#isBelowWindow(message) || !this.#put(message, "history")) continue;
      if (known === undefined && !this.#isOwn(message)) arrived.push(messageId);
    }
    if (page.session !== null) this.#takeSession(page.session);
    for (const messageId of arrived) this.#announce(messageId);
  }

  #hear(message: Message): void {
    const isNew = this.timeline.get(message.messageId) === undefined;
    if (this.#isBelowWindow(message) || !this.#put(message, "event")) return;
    if (isNew && !this.#isOwn(message)) this.#announce(message.messageId);
    if (message.truncated) this.#poller.nudge();
    this.changed();
  }

  /** Whether older pages will bring it: here it would stand beside messages that are not next to it. */
  #isBelowWindow(message: Message): boolean {
    const { oldest } = this.timeline;
    if (this.#history.older === "none" || oldest === undefined) return false;
    return message.at < oldest.at && this.timeline.get(message.messageId) === undefined;
  }

  /** Takes a message in; false when nothing is new about it. */
  #put(message: Message, source: Source): boolean {
    const delivery: Delivery | null = this.#isOwn(message) ? { state: "delivered" } : null;
    const entry: Entry = { ...message, source, delivery };
    if (!this.timeline.put(entry)) return false;
    if (delivery !== null) this.#parts.outbox.delivered(message.messageId);
    this.#unseen.delete(message.messageId);
    if (this.timeline.get(message.messageId)?.truncated) this.#truncated.add(message.messageId);
    else this.#truncated.delete(message.messageId);
    return true;
  }

  #outboxChanged(messageId: string, item: OutboxItem | null, delivery: Delivery): void {
    const known = this.timeline.get(messageId);
    if (known !== undefined && known.source !== "outbox") {
      // It has arrived before its answer did.
      if (item !== null) this.#parts.outbox.delivered(messageId);
      return;
    }
    if (item === null) {
      this.#forget(messageId);
    } else {
      this.timeline.put(entryOf(item, delivery));
      if (delivery.state === "accepted") this.#expect(messageId);
    }
    this.changed();
  }

  #expect(messageId: string): void {
    if (this.#unseen.has(messageId)) return;
    this.#unseen.add(messageId);
    this.#idle = 0;
    this.#parts.feed.hearing.expect(messageId);
    this.#poller.reconsider();
  }

  #forget(messageId: string): void {
    this.timeline.remove(messageId);
    this.#unseen.delete(messageId);
    this.#parts.outbox.delivered(messageId);
  }

  #takeSession(session: Session): void {
    const newer = newerSession(this.#session, session);
    if (newer === this.#session) return;
    this.#session = newer;
    this.changed();
  }

  #hearingChanged(): void {
    this.#sinceSubscribed = 0;
    this.refresh();
  }

  #announce(messageId: string): void {
    const entry = this.timeline.get(messageId);
    if (entry !== undefined) for (const listener of [...this.#arrivals]) listener(entry);
  }

  #isOwn(message: Message): boolean {
    const { role, subject } = this.#parts.identity;
    if (message.senderType !== role) return false;
    return role === "player" || message.senderId === subject;
  }
}
