import type { HistoryPage } from "../api/api.js";
import type { SortKey } from "../order.js";
import type { OutboxItem } from "../outbox/item.js";
import type { Outbox } from "../outbox/outbox.js";
import type { EventHealth } from "../realtime/eventHealth.js";
import type { Identity, Message, Rejection } from "../types.js";
import { type Delivery, type Entry, entryOf, type Source, Timeline } from "./timeline.js";

/** The dependencies of `Messages`. */
export interface MessagesParts {
  readonly outbox: Outbox;
  readonly eventHealth: EventHealth;
  readonly identity: Identity;
  /** Whether messages exist that are older than the loaded ones. */
  readonly hasOlder: () => boolean;
}

/**
 * The messages of a conversation, merged from the outbox, events and the history. The methods that
 * add messages return those of other senders that have just arrived.
 */
export class Messages {
  readonly timeline = new Timeline();
  readonly #parts: MessagesParts;
  /** Ids of messages whose content is cut. */
  readonly #truncated = new Set<string>();
  /** Ids of messages that a digest announced without their content. */
  readonly #announced = new Set<string>();
  /** Ids of own messages that are accepted and have not arrived. */
  readonly #unconfirmed = new Set<string>();
  /** Ids of rejected messages: their events may still arrive. */
  readonly #rejected = new Set<string>();

  constructor(parts: MessagesParts) {
    this.#parts = parts;
  }

  /** Whether a message, or the rest of one, is missing that the history has or soon will have. */
  get isIncomplete(): boolean {
    return this.#truncated.size + this.#announced.size + this.#unconfirmed.size > 0;
  }

  /** Adds the newest page; `replaces` when it replaces all loaded messages. */
  addNewest(page: HistoryPage, replaces: boolean): void {
    if (replaces) {
      this.timeline.forgetHistory();
      this.#truncated.clear();
      this.#announced.clear();
    }
    this.addOlder(page);
    // A message accepted before the oldest of this page comes with the older pages.
    const oldest = page.nextCursor === null ? undefined : page.messages[0];
    for (const messageId of [...this.#unconfirmed]) {
      const entry = this.timeline.get(messageId);
      if (entry && oldest && entry.at < oldest.at) this.#forget(messageId);
    }
  }

  /** Adds a page of older messages. */
  addOlder({ messages }: HistoryPage): void {
    for (const message of messages) this.#put(message, "history");
  }

  /** Adds a page of missed messages. */
  addMissed({ messages }: HistoryPage): Entry[] {
    return messages.flatMap((message) => {
      const known = this.timeline.get(message.messageId);
      const lacksEvent = known === undefined || known.source === "outbox";
      if (lacksEvent) this.#parts.eventHealth.foundInHistory(message);
      return this.#arrive(message, "history").arrived;
    });
  }

  /** Adds the message of an event; `isNew` when it changed the timeline. */
  addEvent(message: Message): { isNew: boolean; arrived: Entry[] } {
    if (this.#rejected.has(message.messageId)) return { isNew: false, arrived: [] };
    return this.#arrive(message, "event");
  }

  /** Records a message that a digest announced: the history has it, or soon will. */
  addAnnounced(announced: SortKey): void {
    if (this.timeline.get(announced.messageId) !== undefined) return;
    if (this.#isBelowWindow(announced)) return;
    this.#announced.add(announced.messageId);
  }

  /**
   * Removes a rejected message that an event had added. One of the user's own is shown as not sent.
   * A message of the history stays: the id belongs to it.
   */
  applyRejection(rejection: Rejection): void {
    const { messageId } = rejection;
    this.#rejected.add(messageId);
    this.#announced.delete(messageId);
    const entry = this.timeline.get(messageId);
    if (entry?.source !== "event") return;
    this.#truncated.delete(messageId);
    this.timeline.remove(messageId);
    if (entry.delivery !== null) this.#parts.outbox.rejectArrived(entry, rejection);
  }

  /** Ids of the player's messages without a `seq`: only events have brought them. */
  unnumbered(): string[] {
    const ids: string[] = [];
    for (const { messageId, senderType, seq } of this.timeline.settled())
      if (senderType === "player" && seq === null) ids.push(messageId);
    return ids;
  }

  /** Whether one of the messages still has no `seq`. */
  lackNumbers(ids: readonly string[]): boolean {
    return ids.some((messageId) => this.timeline.get(messageId)?.seq === null);
  }

  /** The lowest `seq` above `known` of a player's message that is not in `seen`; null for none. */
  firstUnseen(known: number, seen: ReadonlySet<string>): number | null {
    let first: number | null = null;
    for (const { messageId, senderType, seq } of this.timeline.settled()) {
      if (senderType !== "player" || seq === null || seq <= known || seen.has(messageId)) continue;
      first = Math.min(first ?? seq, seq);
    }
    return first;
  }

  /** Applies a change of an own message; whether its event is now expected. */
  applyOutbox(messageId: string, item: OutboxItem | null, delivery: Delivery): boolean {
    const known = this.timeline.get(messageId);
    if (delivery.state === "refused") {
      // Another tab may have received the rejection first.
      if (known?.source === "event") this.timeline.remove(messageId);
      this.#unconfirmed.delete(messageId);
    } else if (known !== undefined && known.source !== "outbox") {
      // The event arrived before the answer of the send.
      if (item !== null) this.#parts.outbox.delivered(messageId, known.source);
      return false;
    }
    if (item === null) {
      this.#forget(messageId);
      return false;
    }
    this.timeline.put(entryOf(item, delivery));
    if (delivery.state !== "accepted" || this.#unconfirmed.has(messageId)) return false;
    this.#unconfirmed.add(messageId);
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

  /** Whether it belongs among the older pages, which are not loaded. */
  #isBelowWindow({ at }: SortKey): boolean {
    const { oldest } = this.timeline;
    return this.#parts.hasOlder() && oldest !== undefined && at < oldest.at;
  }

  /** Puts a message into the timeline; false when nothing changes. */
  #put(message: Message, source: Source): boolean {
    const delivery: Delivery | null = this.#isOwn(message) ? { state: "delivered" } : null;
    this.#announced.delete(message.messageId);
    if (!this.timeline.put({ ...message, source, delivery })) return false;
    if (delivery !== null) this.#parts.outbox.delivered(message.messageId, source);
    this.#unconfirmed.delete(message.messageId);
    if (this.timeline.get(message.messageId)?.truncated) this.#truncated.add(message.messageId);
    else this.#truncated.delete(message.messageId);
    return true;
  }

  #forget(messageId: string): void {
    this.timeline.remove(messageId);
    this.#unconfirmed.delete(messageId);
    this.#parts.outbox.delivered(messageId, "outbox");
  }

  #isOwn({ senderType, senderId }: Message): boolean {
    const { role, subject } = this.#parts.identity;
    return senderType === role && (role === "player" || senderId === subject);
  }
}
