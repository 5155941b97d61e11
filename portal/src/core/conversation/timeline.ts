import type { Failure } from "../api/failure.js";
import { compare, position, type SortKey } from "../order.js";
import { attachmentsOf, type OutboxItem } from "../outbox/item.js";
import type { Message } from "../types.js";

/** The delivery state of one of the user's own messages. */
export type Delivery =
  | { readonly state: "sending" }
  /** Not accepted yet: the outbox retries at `retryAt`, in milliseconds since 1970. */
  | { readonly state: "waiting"; readonly retryAt: number; readonly failure: Failure }
  /** Not sent; only the user can retry. A null `failure` means that it waited for too long. */
  | { readonly state: "refused"; readonly failure: Failure | null }
  | { readonly state: "accepted" }
  | { readonly state: "delivered" };

/** The source of an entry, in ascending order of trust. */
export type Source = "outbox" | "event" | "history";

/** A message as the conversation shows it. Immutable: a change makes a new entry. */
export interface Entry extends Message {
  readonly source: Source;
  /** Null for messages of other senders. */
  readonly delivery: Delivery | null;
}

const TRUST: Record<Source, number> = { outbox: 0, event: 1, history: 2 };

/**
 * The messages of a conversation in order, each once; those that are not accepted yet come last, in
 * the order of writing. It changes in place: adding a message costs the same at any length.
 */
export class Timeline {
  readonly #settled: Entry[] = [];
  readonly #outgoing: Entry[] = [];
  readonly #byId = new Map<string, Entry>();

  get length(): number {
    return this.#settled.length + this.#outgoing.length;
  }

  at(index: number): Entry | undefined {
    return this.#settled[index] ?? this.#outgoing[index - this.#settled.length];
  }

  get(messageId: string): Entry | undefined {
    return this.#byId.get(messageId);
  }

  /** The number of accepted entries that sort before `key`. */
  countBefore(key: SortKey): number {
    return position(this.#settled, key);
  }

  /** The oldest accepted entry. */
  get oldest(): Entry | undefined {
    return this.#settled[0];
  }

  /** The newest accepted entry. */
  get newest(): Entry | undefined {
    return this.#settled.at(-1);
  }

  /** All accepted entries, the oldest first. */
  settled(): Iterable<Entry> {
    return this.#settled;
  }

  /** All accepted entries, the newest first. */
  *backwards(): Generator<Entry> {
    for (let index = this.#settled.length - 1; index >= 0; index -= 1) {
      const entry = this.#settled[index];
      if (entry !== undefined) yield entry;
    }
  }

  /** Adds or merges an entry; false when nothing changes. */
  put(entry: Entry): boolean {
    const known = this.#byId.get(entry.messageId);
    if (known === undefined) {
      this.#insert(entry);
      return true;
    }
    const merged = merge(known, entry);
    if (merged === known) return false;
    this.remove(known.messageId);
    this.#insert(merged);
    return true;
  }

  remove(messageId: string): void {
    const entry = this.#byId.get(messageId);
    if (entry === undefined) return;
    this.#byId.delete(messageId);
    const list = isSettled(entry) ? this.#settled : this.#outgoing;
    const index = position(list, entry);
    if (list[index] === entry) list.splice(index, 1);
  }

  /** Removes every accepted entry except those of the outbox. */
  forgetHistory(): void {
    const own = this.#settled.filter((entry) => entry.source === "outbox");
    for (const entry of this.#settled) this.#byId.delete(entry.messageId);
    this.#settled.length = 0;
    for (const entry of own) this.#insert(entry);
  }

  #insert(entry: Entry): void {
    this.#byId.set(entry.messageId, entry);
    const list = isSettled(entry) ? this.#settled : this.#outgoing;
    const last = list.at(-1);
    if (last === undefined || compare(last, entry) < 0) list.push(entry);
    else list.splice(position(list, entry), 0, entry);
  }
}

/** Whether `entry` is accepted, which fixes its position. */
export function isSettled(entry: Entry): boolean {
  const state = entry.delivery?.state;
  return state === undefined || state === "accepted" || state === "delivered";
}

function merge(known: Entry, received: Entry): Entry {
  if (received.source === "outbox" && known.source === "outbox") return received;
  if (TRUST[received.source] <= TRUST[known.source]) return known;
  // The outbox has the whole content; an event may carry only its beginning.
  const keepsContent = received.truncated && !known.truncated;
  const keepsFiles = received.source === "event" && received.attachments.length === 0;
  return {
    ...received,
    content: keepsContent ? known.content : received.content,
    attachments: keepsFiles ? known.attachments : received.attachments,
    truncated: received.truncated && known.truncated,
    playerName: received.playerName ?? known.playerName,
    delivery: known.delivery === null ? received.delivery : { state: "delivered" },
  };
}

/** The entry of an outbox item. */
export function entryOf(item: OutboxItem, delivery: Delivery): Entry {
  return {
    messageId: item.messageId,
    playerId: item.playerId,
    playerName: item.playerName,
    senderType: item.senderType,
    senderId: item.senderId,
    senderName: item.senderName,
    // As the gateway stores it: without a text, the first file's name.
    content: item.content || (item.files?.[0]?.name ?? ""),
    at: item.acceptedAt ?? item.writtenAt * 1000,
    seq: null,
    sessionId: null,
    truncated: false,
    attachments: attachmentsOf(item),
    source: "outbox",
    delivery,
  };
}
