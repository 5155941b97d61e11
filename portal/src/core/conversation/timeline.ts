import type { Failure } from "../api/failure.js";
import { compare, position } from "../order.js";
import type { OutboxItem } from "../outbox/item.js";
import type { Message } from "../types.js";

/** How far a message of one's own has come. */
export type Delivery =
  | { readonly state: "sending" }
  /** Not accepted yet: it is sent again by itself at `retryAt`, in milliseconds since 1970. */
  | { readonly state: "waiting"; readonly retryAt: number; readonly failure: Failure }
  /** Not sent, and not sent again unless the user says so; null: it had waited for too long. */
  | { readonly state: "refused"; readonly failure: Failure | null }
  | { readonly state: "accepted" }
  | { readonly state: "delivered" };

/** From whom an entry is known; each is believed more than the one before. */
export type Source = "outbox" | "event" | "history";

/** A message as the conversation shows it. It is never changed: a change makes another. */
export interface Entry extends Message {
  readonly source: Source;
  /** Null when it is not one's own. */
  readonly delivery: Delivery | null;
}

const TRUST: Record<Source, number> = { outbox: 0, event: 1, history: 2 };

/**
 * The messages of a conversation in their order, each once, and at their end those that are not
 * accepted yet in the order of writing. It changes in place: a message more costs the same however
 * many there are.
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

  /** The oldest that was accepted. */
  get oldest(): Entry | undefined {
    return this.#settled[0];
  }

  /** The newest that was accepted. */
  get newest(): Entry | undefined {
    return this.#settled.at(-1);
  }

  /** All that was accepted, the oldest first. */
  settled(): Iterable<Entry> {
    return this.#settled;
  }

  /** Takes a message in; false when nothing is new about it. */
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

  /** Forgets all that somebody else can be asked for. */
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

/** Whether `entry` is known to be accepted, and so has its place in the order. */
export function isSettled(entry: Entry): boolean {
  const state = entry.delivery?.state;
  return state === undefined || state === "accepted" || state === "delivered";
}

function merge(known: Entry, heard: Entry): Entry {
  if (heard.source === "outbox" && known.source === "outbox") return heard;
  if (TRUST[heard.source] <= TRUST[known.source]) return known;
  // Whoever wrote it has all of it, and an event may have only its beginning.
  const keepsContent = heard.truncated && !known.truncated;
  return {
    ...heard,
    content: keepsContent ? known.content : heard.content,
    truncated: heard.truncated && known.truncated,
    playerName: heard.playerName ?? known.playerName,
    delivery: known.delivery === null ? heard.delivery : { state: "delivered" },
  };
}

/** The entry of a message that is not known to have arrived. */
export function entryOf(item: OutboxItem, delivery: Delivery): Entry {
  return {
    messageId: item.messageId,
    playerId: item.playerId,
    playerName: item.playerName,
    senderType: item.senderType,
    senderId: item.senderId,
    senderName: item.senderName,
    content: item.content,
    at: item.acceptedAt ?? item.writtenAt * 1000,
    seq: null,
    sessionId: null,
    truncated: false,
    source: "outbox",
    delivery,
  };
}
