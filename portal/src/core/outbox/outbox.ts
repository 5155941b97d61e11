import type { Api } from "../api/api.js";
import type { Failure } from "../api/failure.js";
import type { Tokens } from "../api/tokens.js";
import type { Random } from "../backoff.js";
import type { Clock } from "../clock.js";
import type { Delivery, Entry } from "../conversation/timeline.js";
import { newId } from "../id.js";
import { notifyAll } from "../listeners.js";
import type { Unsubscribe } from "../observable.js";
import type { Identity, Rejection } from "../types.js";
import { isOpen, type OutboxItem, requestOf } from "./item.js";
import { RetryPolicy } from "./retryPolicy.js";
import type { OutboxStorage } from "./storage.js";
import type { Tab } from "./tab.js";

/** For how long a tab keeps the others away from an item that it sends: longer than one attempt. */
const LEASE_MS = 30_000;
/** How often a tab looks for items that another has left behind. */
const ADOPT_EVERY_MS = 5_000;
/** What has waited for longer is not sent without asking: its writer has long given it up. */
const STALE_MS = 24 * 60 * 60 * 1000;
/** The problem of a message whose id another message has. */
const MESSAGE_ID_TAKEN = "urn:problem-type:player-portal-chat:message-id-taken";

const isTaken = ({ refused }: OutboxItem): boolean =>
  refused?.failure?.kind === "refused" && refused.failure.type === MESSAGE_ID_TAKEN;

/** What became of an item; `item` is null when there is nothing to show of it any more. */
export type OutboxListener = (
  messageId: string,
  item: OutboxItem | null,
  delivery: Delivery,
) => void;

export interface OutboxParts {
  readonly api: Api;
  readonly clock: Clock;
  readonly tokens: Tokens;
  readonly identity: Identity;
  readonly storage: OutboxStorage;
  readonly tab: Tab;
  readonly random: Random;
}

/**
 * Sends messages in the order of writing, each again with the same id until it is accepted, and keeps
 * them meanwhile where a reload does not reach. All tabs of a user share it: an item is sent by the
 * tab that wrote it, or by another when that is gone. Should two send the same, it is one message.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #retryPolicy: RetryPolicy;
  readonly #items = new Map<string, OutboxItem>();
  readonly #listeners = new Map<string, Set<OutboxListener>>();
  readonly #endings: Unsubscribe[] = [];
  /** Items that this tab alone has, because they could not be kept. */
  readonly #unkept = new Set<string>();
  #sending = false;
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #adoption: ReturnType<typeof setInterval> | undefined;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#retryPolicy = new RetryPolicy(parts.random);
  }

  open(): void {
    const { storage, tokens } = this.#parts;
    for (const item of storage.items()) {
      if (item.acceptedAt !== null && this.#parts.clock.now() - item.writtenAt > STALE_MS) {
        storage.remove(item.messageId);
      } else this.#hold(item);
    }
    this.#endings.push(storage.watch((was, is) => this.#hear(was, is)));
    this.#endings.push(tokens.subscribe(() => this.tryNow()));
    this.#adoption = setInterval(() => void this.#adopt(), ADOPT_EVERY_MS);
    void this.#adopt();
  }

  close(): void {
    this.#closed = true;
    this.release();
    for (const end of this.#endings.splice(0)) end();
    clearTimeout(this.#timer);
    clearInterval(this.#adoption);
    this.#parts.tab.close();
  }

  /** Leaves this tab's items to any other, as before the page is left. */
  release(): void {
    for (const item of this.#mine()) this.#put({ ...item, leaseUntil: 0 });
  }

  /** Whether a message that is still to be sent is lost with this tab. */
  get hasUnkept(): boolean {
    for (const messageId of this.#unkept) {
      const item = this.#items.get(messageId);
      if (item !== undefined && isOpen(item)) return true;
    }
    return false;
  }

  /** Takes a message on; its bubble can be shown at once. */
  add(playerId: string, content: string): OutboxItem {
    const { role, subject, name } = this.#parts.identity;
    const item: OutboxItem = {
      messageId: newId(),
      playerId,
      // Only players name themselves.
      playerName: role === "player" ? name : null,
      senderType: role,
      senderId: role === "staff" ? subject : null,
      senderName: name,
      content,
      writtenAt: this.#nextTime(),
      owner: this.#parts.tab.id,
      leaseUntil: Date.now() + LEASE_MS,
      acceptedAt: null,
      refused: null,
      discarded: false,
    };
    this.#update(item);
    // After the bubble's frame has been asked for, so that nothing of sending delays it.
    queueMicrotask(() => void this.#run());
    return item;
  }

  /** Sends an item that was not sent again. */
  retry(messageId: string): void {
    const item = this.#items.get(messageId);
    if (item === undefined) return;
    const again = { ...item, ...this.#lease(), refused: null, writtenAt: this.#nextTime() };
    if (isTaken(item)) {
      // With the same id it would be refused again.
      this.discard(messageId);
      this.#update({ ...again, messageId: newId() });
    } else {
      this.#update(again);
    }
    this.tryNow();
  }

  /** A message of one's own that was accepted is not kept after all. */
  reject({ messageId, reason }: Rejection): void {
    const item = this.#items.get(messageId);
    if (item === undefined) return;
    const failure: Failure = { kind: "refused", type: MESSAGE_ID_TAKEN, detail: reason };
    this.#update({ ...item, acceptedAt: null, refused: { failure } });
  }

  /** So is one that had been seen to arrive: it is to be shown again. */
  rejectArrived(entry: Entry, rejection: Rejection): void {
    const { messageId, playerId, playerName, senderType, senderId, senderName, content } = entry;
    const item = { messageId, playerId, playerName, senderType, senderId, senderName, content };
    const rest = { writtenAt: entry.at / 1000, acceptedAt: null, refused: null, discarded: false };
    this.#items.set(messageId, { ...item, ...rest, ...this.#lease() });
    this.reject(rejection);
  }

  /** Takes an item back that is not accepted. */
  discard(messageId: string): void {
    const item = this.#items.get(messageId);
    if (item === undefined || item.acceptedAt !== null) return;
    this.#parts.storage.put({ ...item, discarded: true });
    this.#parts.storage.remove(messageId);
    this.#drop(item);
  }

  /** The item has been seen where others see it. */
  delivered(messageId: string): void {
    if (!this.#items.delete(messageId)) return;
    this.#parts.storage.remove(messageId);
  }

  /** Does not wait any longer than the server asked for: the network is back, or the user is impatient. */
  tryNow(): void {
    this.#retryPolicy.retryNow();
    void this.#run();
  }

  /** The items of a conversation, and from now on what becomes of each. */
  watch(playerId: string, listener: OutboxListener): Unsubscribe {
    const listeners = this.#listeners.get(playerId) ?? new Set();
    this.#listeners.set(playerId, listeners.add(listener));
    for (const item of this.#items.values()) {
      if (item.playerId === playerId) listener(item.messageId, item, this.#delivery(item));
    }
    return () => listeners.delete(listener);
  }

  async #run(): Promise<void> {
    if (this.#sending || this.#closed) return;
    this.#sending = true;
    clearTimeout(this.#timer);
    try {
      let item = this.#next();
      while (item !== undefined && this.#retryPolicy.left === 0 && (await this.#attempt(item))) {
        item = this.#next();
      }
      const { left } = this.#retryPolicy;
      if (item !== undefined && Number.isFinite(left) && !this.#closed) {
        this.#timer = setTimeout(() => this.tryNow(), left);
      }
    } finally {
      this.#sending = false;
    }
  }

  /** Sends one item; false when this tab has been closed meanwhile. */
  async #attempt(before: OutboxItem): Promise<boolean> {
    this.#update({ ...before, ...this.#lease() });
    const { messageId } = before;
    const outcome = await this.#parts.api.send(requestOf(before));
    const item = this.#items.get(messageId);
    if (outcome.ok) {
      this.#retryPolicy.succeeded();
      if (item !== undefined) this.#update({ ...item, acceptedAt: outcome.value });
    } else if (outcome.failure.kind === "refused") {
      if (item !== undefined) this.#update({ ...item, refused: { failure: outcome.failure } });
    } else if (!this.#closed) {
      this.#retryPolicy.failed(outcome.failure);
      for (const mine of this.#mine())
        this.#update({ ...mine, ...this.#lease(this.#retryPolicy.left) });
    }
    return !this.#closed;
  }

  #next(): OutboxItem | undefined {
    let oldest: OutboxItem | undefined;
    for (const item of this.#mine()) {
      if (oldest === undefined || item.writtenAt < oldest.writtenAt) oldest = item;
    }
    return oldest;
  }

  /** What this tab has to send. */
  #mine(): OutboxItem[] {
    const { id } = this.#parts.tab;
    return [...this.#items.values()].filter((item) => item.owner === id && isOpen(item));
  }

  /** Takes over what a tab that is gone has left behind. */
  async #adopt(): Promise<void> {
    const { tab } = this.#parts;
    const now = Date.now();
    // There may be room again.
    for (const item of this.#mine()) if (this.#unkept.has(item.messageId)) this.#put(item);
    for (const { messageId, owner } of [...this.#items.values()]) {
      if (owner === tab.id) continue;
      const alive = await tab.isAlive(owner);
      const item = this.#items.get(messageId);
      if (item === undefined || !isOpen(item) || item.owner !== owner) continue;
      if (alive !== false && item.leaseUntil > now) continue;
      const stale = this.#parts.clock.now() - item.writtenAt > STALE_MS;
      this.#update({ ...item, ...this.#lease(), refused: stale ? { failure: null } : null });
    }
    void this.#run();
  }

  #lease(wait = 0): Pick<OutboxItem, "owner" | "leaseUntil"> {
    const more = Number.isFinite(wait) ? wait : 0;
    return { owner: this.#parts.tab.id, leaseUntil: Date.now() + more + LEASE_MS };
  }

  /** Another tab has put or removed an item. */
  #hear(was: OutboxItem | null, is: OutboxItem | null): void {
    if (is?.discarded) this.#drop(is);
    else if (is !== null) this.#hold(is);
    // Removed since it arrived: whoever shows it will see it arrive as well.
    else if (was !== null) this.#items.delete(was.messageId);
  }

  #update(item: OutboxItem): void {
    this.#put(item);
    this.#hold(item);
  }

  #put(item: OutboxItem): void {
    if (this.#parts.storage.put(item)) this.#unkept.delete(item.messageId);
    else this.#unkept.add(item.messageId);
  }

  #hold(item: OutboxItem): void {
    this.#items.set(item.messageId, item);
    this.#tell(item.playerId, item.messageId, item, this.#delivery(item));
  }

  #drop(item: OutboxItem): void {
    this.#items.delete(item.messageId);
    this.#tell(item.playerId, item.messageId, null, this.#delivery(item));
  }

  #tell(playerId: string, messageId: string, item: OutboxItem | null, delivery: Delivery): void {
    notifyAll(this.#listeners.get(playerId) ?? [], messageId, item, delivery);
  }

  #delivery(item: OutboxItem): Delivery {
    if (item.acceptedAt !== null) return { state: "accepted" };
    if (item.refused !== null) return { state: "refused", failure: item.refused.failure };
    const { wait } = this.#retryPolicy;
    if (wait === null || item.owner !== this.#parts.tab.id) return { state: "sending" };
    return { state: "waiting", retryAt: wait.until, failure: wait.failure };
  }

  // Two messages of one millisecond keep their order.
  #nextTime(): number {
    let latest = 0;
    for (const { writtenAt } of this.#items.values()) latest = Math.max(latest, writtenAt);
    return Math.max(this.#parts.clock.now(), latest + 0.001);
  }
}
