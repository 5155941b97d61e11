import type { HistoryPage } from "../api/api.js";
import type { SortKey } from "../order.js";
import type { OutboxItem } from "../outbox/item.js";
import type { Outbox } from "../outbox/outbox.js";
import type { EventHealth } from "../realtime/eventHealth.js";
import type { Identity, Message, Rejection } from "../types.js";
import { type Delivery, type Entry, entryOf, type Source, Timeline } from "./timeline.js";

/** What the messages of a conversation need of its environment. */
export interface MessagesParts {
  readonly outbox: Outbox;
  readonly eventHealth: EventHealth;
  readonly identity: Identity;
  /** Whether there is more above what is loaded. */
  readonly hasOlder: () => boolean;
}

/**
 * The messages of a conversation, merged from the outbox, from events and from the history. What takes
 * messages in gives back those that have just arrived from somebody else.
 */
export class Messages {
  readonly timeline = new Timeline();
  readonly #parts: MessagesParts;
  /** Messages that are not here whole. */
  readonly #truncated = new Set<string>();
  /** Messages that were told of without what they say. */
  readonly #told = new Set<string>();
  /** Messages of one's own that are accepted and not yet seen. */
  readonly #unseen = new Set<string>();
  /** Messages that are not kept: an event may still tell of them. */
  readonly #rejected = new Set<string>();

  constructor(parts: MessagesParts) {
    this.#parts = parts;
  }

  /** Whether something is known to be missing that the history has, or soon will have. */
  get isIncomplete(): boolean {
    return this.#truncated.size + this.#told.size + this.#unseen.size > 0;
  }

  /** Takes the newest page; `anew` when it takes the place of all that was loaded before. */
  takeNewest(page: HistoryPage, anew: boolean): void {
    if (anew) {
      this.timeline.forgetHistory();
      this.#truncated.clear();
      this.#told.clear();
    }
    this.takeOlder(page);
    // What was accepted long ago comes with the older pages.
    const oldest = page.nextCursor === null ? undefined : page.messages[0];
    for (const messageId of [...this.#unseen]) {
      const entry = this.timeline.get(messageId);
      if (entry && oldest && entry.at < oldest.at) this.#forget(messageId);
    }
  }

  /** Takes a page that was asked for by scrolling up. */
  takeOlder({ messages }: HistoryPage): void {
    for (const message of messages) this.#put(message, "history");
  }

  /** Takes a page of what was missed. */
  takeMissed({ messages }: HistoryPage): Entry[] {
    return messages.flatMap((message) => {
      const known = this.timeline.get(message.messageId);
      const unheard = known === undefined || known.source === "outbox";
      if (unheard) this.#parts.eventHealth.foundInHistory(message);
      return this.#arrive(message, "history").arrived;
    });
  }

  /** Takes an event's message; whether anything was new about it, too. */
  takeEvent(message: Message): { isNew: boolean; arrived: Entry[] } {
    if (this.#rejected.has(message.messageId)) return { isNew: false, arrived: [] };
    return this.#arrive(message, "event");
  }

  /** Takes note of a message that was told of without what it says: the history has it, or soon will. */
  takeNews(news: SortKey): void {
    if (this.timeline.get(news.messageId) !== undefined || this.#isBelowWindow(news)) return;
    this.#told.add(news.messageId);
  }

  /**
   * Takes a message back that an event told of and that is not kept. One of one's own is shown as not
   * sent. What the history has stays: the id is that message's.
   */
  takeRejection(rejection: Rejection): void {
    const { messageId } = rejection;
    this.#rejected.add(messageId);
    this.#told.delete(messageId);
    const entry = this.timeline.get(messageId);
    if (entry?.source !== "event") return;
    this.#truncated.delete(messageId);
    this.timeline.remove(messageId);
    if (entry.delivery !== null) this.#parts.outbox.rejectArrived(entry, rejection);
  }

  /** The messages of its player whose number is not known: only events have told of them. */
  unnumbered(): string[] {
    const ids: string[] = [];
    for (const { messageId, senderType, seq } of this.timeline.settled())
      if (senderType === "player" && seq === null) ids.push(messageId);
    return ids;
  }

  /** Whether the number of one of the messages is still not known. */
  lackNumbers(ids: readonly string[]): boolean {
    return ids.some((messageId) => this.timeline.get(messageId)?.seq === null);
  }

  /** The first `seq` above `known` of a player's message that is not among `seen`; null for none. */
  firstUnseen(known: number, seen: ReadonlySet<string>): number | null {
    let first: number | null = null;
    for (const { messageId, senderType, seq } of this.timeline.settled()) {
      if (senderType !== "player" || seq === null || seq <= known || seen.has(messageId)) continue;
      first = Math.min(first ?? seq, seq);
    }
    return first;
  }

  /** Takes what has become of a message of one's own; whether it is now expected to be seen. */
  takeOutbox(messageId: string, item: OutboxItem | null, delivery: Delivery): boolean {
    const known = this.timeline.get(messageId);
    if (delivery.state === "refused") {
      // Another tab may have been first to learn that it is not kept.
      if (known?.source === "event") this.timeline.remove(messageId);
      this.#unseen.delete(messageId);
    } else if (known !== undefined && known.source !== "outbox") {
      // It has arrived before its answer did.
      if (item !== null) this.#parts.outbox.delivered(messageId);
      return false;
    }
    if (item === null) {
      this.#forget(messageId);
      return false;
    }
    this.timeline.put(entryOf(item, delivery));
    if (delivery.state !== "accepted" || this.#unseen.has(messageId)) return false;
    this.#unseen.add(messageId);
    this.#parts.eventHealth.expect(messageId);
    return true;
  }

  #arrive(message: Message, source: Source): { isNew: boolean; arrived: Entry[] } {
    const isUnknown = this.timeline.get(message.messageId) === undefined;
    if (isUnknown && this.#isBelowWindow(message)) return { isNew: false, arrived: [] };
    const isNew = this.#put(message, source);
    const entry = this.timeline.get(message.messageId);
    const arrives = isUnknown && entry !== undefined && entry.delivery === null;
    return { isNew, arrived: arrives ? [entry] : [] };
  }

  /** Whether older pages will bring it: here it would stand beside messages that are not next to it. */
  #isBelowWindow({ at }: SortKey): boolean {
    const { oldest } = this.timeline;
    return this.#parts.hasOlder() && oldest !== undefined && at < oldest.at;
  }

  /** Takes a message in; false when nothing is new about it. */
  #put(message: Message, source: Source): boolean {
    const delivery: Delivery | null = this.#isOwn(message) ? { state: "delivered" } : null;
    this.#told.delete(message.messageId);
    if (!this.timeline.put({ ...message, source, delivery })) return false;
    if (delivery !== null) this.#parts.outbox.delivered(message.messageId);
    this.#unseen.delete(message.messageId);
    if (this.timeline.get(message.messageId)?.truncated) this.#truncated.add(message.messageId);
    else this.#truncated.delete(message.messageId);
    return true;
  }

  #forget(messageId: string): void {
    this.timeline.remove(messageId);
    this.#unseen.delete(messageId);
    this.#parts.outbox.delivered(messageId);
  }

  #isOwn({ senderType, senderId }: Message): boolean {
    const { role, subject } = this.#parts.identity;
    return senderType === role && (role === "player" || senderId === subject);
  }
}
