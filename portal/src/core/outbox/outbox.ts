import type { Failure, Outcome } from "../api/failure.js";
import type { Tokens } from "../api/tokens.js";
import type { Random } from "../backoff.js";
import type { Clock } from "../clock.js";
import type { Delivery, Entry, Source } from "../conversation/timeline.js";
import { newId } from "../id.js";
import { notifyAll } from "../listeners.js";
import type { Unsubscribe } from "../observable.js";
import type { Identity, Rejection } from "../types.js";
import type { FilesState, FileUploads } from "./files.js";
import { isUnsent, type OutboxFile, type OutboxItem } from "./item.js";
import { RetryPolicy } from "./retryPolicy.js";
import type { OutboxStorage } from "./storage.js";
import type { Tab } from "./tab.js";

/**
 * How long other tabs leave an item to the tab that sends it, in milliseconds: longer than one
 * attempt.
 */
const LEASE_MS = 30_000;
/** How often a tab looks for items of closed tabs, in milliseconds. */
const ADOPT_EVERY_MS = 5_000;
/**
 * An older unsent item is sent only when the user asks for it, and an older accepted one is dropped, in
 * milliseconds.
 */
const STALE_MS = 24 * 60 * 60 * 1000;
/** The problem type of a message whose id belongs to another message. */
const MESSAGE_ID_TAKEN = "urn:problem-type:player-portal-chat:message-id-taken";

const containsFile = ({ files = [] }: OutboxItem, attachmentId: string): boolean =>
  files.some((file) => file.attachmentId === attachmentId);

const isIdTaken = ({ refused }: OutboxItem): boolean =>
  refused?.failure?.kind === "refused" && refused.failure.type === MESSAGE_ID_TAKEN;

/** Receives each change of an item; `item` is null when it is no longer shown. */
export type OutboxListener = (
  messageId: string,
  item: OutboxItem | null,
  delivery: Delivery,
) => void;

export interface OutboxParts {
  /** Sends an item. The value is when it was accepted, in microseconds since 1970. */
  readonly send: (item: OutboxItem) => Promise<Outcome<number>>;
  readonly clock: Clock;
  readonly tokens: Tokens;
  readonly identity: Identity;
  readonly storage: OutboxStorage;
  readonly tab: Tab;
  readonly random: Random;
}

/**
 * Sends messages in the order of writing, and repeats each with the same id until it is accepted.
 * Its storage survives a reload. All tabs of a user share it: the tab that wrote an item sends it,
 * or another one when that tab is closed. Two tabs that send the same item send one message.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #retryPolicy: RetryPolicy;
  readonly #items = new Map<string, OutboxItem>();
  readonly #listeners = new Map<string, Set<OutboxListener>>();
  readonly #endings: Unsubscribe[] = [];
  /** Items that only this tab has, because storing them failed. */
  readonly #unstored = new Set<string>();
  /** Uploads files; null until the gateway's configuration is known. */
  #files: FileUploads | null = null;
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
      } else this.#set(item);
    }
    this.#endings.push(storage.watch((was, is) => this.#receive(was, is)));
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
  }

  /** Ends the leases of this tab's items, so that any other tab may send them. */
  release(): void {
    for (const item of this.#ownUnsent()) this.#put({ ...item, leaseUntil: 0 });
  }

  /** Uploads the files of messages with `files` from now on. */
  uploadWith(files: FileUploads): void {
    this.#files = files;
    this.#endings.push(files.onChange((uploaded) => this.#filesChanged(uploaded)));
    this.#filesChanged(null);
  }

  /** Whether an item that is not accepted names the file. */
  hasFile(attachmentId: string): boolean {
    for (const item of this.#items.values())
      if (item.acceptedAt === null && containsFile(item, attachmentId)) return true;
    return false;
  }

  /** Whether closing this tab would lose an unsent message. */
  get hasUnstored(): boolean {
    for (const item of this.#ownUnsent())
      if (item.files !== undefined && this.#files?.isKept(item) === false) return true;
    for (const messageId of this.#unstored) {
      const item = this.#items.get(messageId);
      if (item !== undefined && isUnsent(item)) return true;
    }
    return false;
  }

  /**
   * Adds a message; it can be shown when this returns. `topic` is what the session is about that it
   * opens. A message with `files` is sent when all of them are uploaded.
   */
  add(
    playerId: string,
    content: string,
    topic: string | null = null,
    files: readonly OutboxFile[] = [],
  ): OutboxItem {
    const { role, subject, name } = this.#parts.identity;
    const item: OutboxItem = {
      messageId: newId(),
      playerId,
      // Staff do not set the player's name.
      playerName: role === "player" ? name : null,
      senderType: role,
      senderId: role === "staff" ? subject : null,
      senderName: name,
      content,
      ...(topic === null ? {} : { topic }),
      ...(files.length === 0 ? {} : { files }),
      writtenAt: this.#nextTime(),
      owner: this.#parts.tab.id,
      leaseUntil: Date.now() + LEASE_MS,
      acceptedAt: null,
      refused: null,
      discarded: false,
    };
    this.#update(item);
    // After the bubble was rendered, so that sending does not delay its frame.
    queueMicrotask(() => void this.#run());
    return item;
  }

  /** Sends a refused item again. */
  retry(messageId: string): void {
    const item = this.#items.get(messageId);
    if (item === undefined) return;
    const again = {
      ...item,
      ...this.#lease(),
      ...{ refused: null, renewed: false, writtenAt: this.#nextTime() },
    };
    this.#files?.restart(again);
    if (isIdTaken(item)) {
      // The gateway would refuse the same id again.
      this.discard(messageId);
      this.#update({ ...again, messageId: newId() });
    } else {
      this.#update(again);
    }
    this.tryNow();
  }

  /** Marks an accepted message as refused: the persister rejected it. */
  reject({ messageId, reason }: Rejection): void {
    const item = this.#items.get(messageId);
    if (item === undefined) return;
    const failure: Failure = { kind: "refused", type: MESSAGE_ID_TAKEN, detail: reason };
    this.#update({ ...item, acceptedAt: null, refused: { failure } });
  }

  /** Restores a delivered message that the persister rejected, as refused. */
  rejectArrived(entry: Entry, rejection: Rejection): void {
    const { messageId, playerId, playerName, senderType, senderId, senderName, content } = entry;
    const files = entry.attachments.map((file) => ({ ...file, token: null, expiresAt: 0 }));
    const item = {
      ...{ messageId, playerId, playerName, senderType, senderId, senderName, content },
      ...(files.length === 0 ? {} : { files }),
    };
    const rest = { writtenAt: entry.at / 1000, acceptedAt: null, refused: null, discarded: false };
    this.#items.set(messageId, { ...item, ...rest, ...this.#lease() });
    this.reject(rejection);
  }

  /** Removes an item that was not accepted. */
  discard(messageId: string): void {
    const item = this.#items.get(messageId);
    if (item === undefined || item.acceptedAt !== null) return;
    this.#parts.storage.put({ ...item, discarded: true });
    this.#parts.storage.remove(messageId);
    this.#drop(item);
  }

  /**
   * Removes an item that the history has, or whose event arrived after it was accepted. Without the
   * acceptance, an event does not show that the message is also on its way to the database.
   */
  delivered(messageId: string, source: Source): void {
    const item = this.#items.get(messageId);
    if (item === undefined || (source === "event" && item.acceptedAt === null)) return;
    this.#items.delete(messageId);
    this.#parts.storage.remove(messageId);
    this.#files?.release(item);
  }

  /** Retries now, or when `Retry-After` allows: the network is back, or the user asked for it. */
  tryNow(): void {
    // First, so that a message whose upload failed goes before later ones.
    this.#files?.tryNow();
    this.#retryPolicy.retryNow();
    void this.#run();
  }

  /** Calls `listener` with each item of a conversation, now and on each change. */
  watch(playerId: string, listener: OutboxListener): Unsubscribe {
    const listeners = this.#listeners.get(playerId) ?? new Set();
    this.#listeners.set(playerId, listeners.add(listener));
    for (const item of this.#items.values()) {
      if (item.playerId === playerId) listener(item.messageId, item, this.#delivery(item));
    }
    return () => listeners.delete(listener);
  }

  async #run(): Promise<void> {
    if (this.#closed) return;
    this.#startFiles();
    if (this.#sending) return;
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

  /** Sends one item; false when the outbox was closed meanwhile. */
  async #attempt(before: OutboxItem): Promise<boolean> {
    this.#update({ ...before, ...this.#lease() });
    const { messageId } = before;
    const outcome = await this.#parts.send(before);
    const item = this.#items.get(messageId);
    if (outcome.ok) {
      this.#retryPolicy.succeeded();
      if (item === undefined) return !this.#closed;
      this.#update({ ...item, acceptedAt: outcome.value });
      this.#files?.release(item);
    } else if (item !== undefined && this.#hasExpiredTokens(item, outcome.failure)) {
      // Their tokens have expired: the same files are uploaded again.
      const files = item.files?.map((file) => ({ ...file, token: null }));
      const again = { ...item, renewed: true, ...(files === undefined ? {} : { files }) };
      this.#update(again);
      this.#files?.restart(again);
    } else if (outcome.failure.kind === "refused") {
      if (item !== undefined) this.#update({ ...item, refused: { failure: outcome.failure } });
    } else if (!this.#closed) {
      this.#retryPolicy.failed(outcome.failure);
      for (const unsent of this.#ownUnsent())
        this.#update({ ...unsent, ...this.#lease(this.#retryPolicy.left) });
    }
    return !this.#closed;
  }

  /**
   * The oldest item that can be sent. An item whose files are being uploaded holds back the later
   * ones of its conversation; one whose upload waits for a repeat does not.
   */
  #next(): OutboxItem | undefined {
    const held = new Set<string>();
    for (const item of this.#ownUnsent().sort((a, b) => a.writtenAt - b.writtenAt)) {
      if (held.has(item.playerId)) continue;
      const { state } = this.#filesState(item);
      if (state === "ready") return item;
      if (state === "uploading") held.add(item.playerId);
    }
    return undefined;
  }

  /** Whether the gateway refused the tokens of an item's files, for the first time. */
  #hasExpiredTokens({ files, renewed }: OutboxItem, failure: Failure): boolean {
    if (files === undefined || renewed || failure.kind !== "refused") return false;
    return failure.field?.startsWith("attachments") ?? false;
  }

  #filesState(item: OutboxItem): FilesState {
    if (item.files === undefined) return { state: "ready" };
    return this.#files?.stateOf(item) ?? { state: "uploading" };
  }

  /** Uploads the files of this tab's items that are not on their way. */
  #startFiles(): void {
    for (const item of this.#ownUnsent()) {
      if (item.files === undefined) continue;
      this.#files?.start(item);
      const files = this.#filesState(item);
      if (files.state === "refused") this.#update({ ...item, refused: { failure: files.failure } });
    }
  }

  #filesChanged(uploaded: OutboxFile | null): void {
    for (const item of this.#ownUnsent()) {
      if (item.files === undefined) continue;
      if (uploaded !== null && containsFile(item, uploaded.attachmentId)) {
        const { attachmentId } = uploaded;
        const files = item.files.map((file) =>
          file.attachmentId === attachmentId ? uploaded : file,
        );
        this.#update({ ...item, ...this.#lease(), files });
        continue;
      }
      this.#set(item);
    }
    void this.#run();
  }

  /** The unsent items of this tab. */
  #ownUnsent(): OutboxItem[] {
    const { id } = this.#parts.tab;
    return [...this.#items.values()].filter((item) => item.owner === id && isUnsent(item));
  }

  /** Takes over the unsent items of closed tabs. */
  async #adopt(): Promise<void> {
    const { tab } = this.#parts;
    const now = Date.now();
    for (const item of this.#ownUnsent()) {
      // Storage may have room again.
      if (this.#unstored.has(item.messageId)) this.#put(item);
      // An upload can take longer than a lease.
      else if (item.files !== undefined && item.leaseUntil - now < LEASE_MS / 2)
        this.#update({ ...item, ...this.#lease() });
    }
    for (const { messageId, owner } of [...this.#items.values()]) {
      if (owner === tab.id) continue;
      const alive = await tab.isAlive(owner);
      const item = this.#items.get(messageId);
      if (item === undefined || !isUnsent(item) || item.owner !== owner) continue;
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

  /** Applies an item that another tab has put or removed. */
  #receive(was: OutboxItem | null, is: OutboxItem | null): void {
    if (is?.discarded) this.#drop(is);
    else if (is !== null) this.#set(is);
    // The other tab removed it because it arrived: it will arrive here as well.
    else if (was !== null) this.#items.delete(was.messageId);
  }

  #update(item: OutboxItem): void {
    this.#put(item);
    this.#set(item);
  }

  #put(item: OutboxItem): void {
    if (this.#parts.storage.put(item)) this.#unstored.delete(item.messageId);
    else this.#unstored.add(item.messageId);
  }

  #set(item: OutboxItem): void {
    this.#items.set(item.messageId, item);
    this.#notify(item.playerId, item.messageId, item, this.#delivery(item));
  }

  #drop(item: OutboxItem): void {
    this.#items.delete(item.messageId);
    this.#files?.release(item);
    this.#notify(item.playerId, item.messageId, null, this.#delivery(item));
  }

  #notify(playerId: string, messageId: string, item: OutboxItem | null, delivery: Delivery): void {
    notifyAll(this.#listeners.get(playerId) ?? [], messageId, item, delivery);
  }

  #delivery(item: OutboxItem): Delivery {
    if (item.acceptedAt !== null) return { state: "accepted" };
    if (item.refused !== null) return { state: "refused", failure: item.refused.failure };
    const files = this.#filesState(item);
    const wait = files.state === "waiting" ? files.wait : this.#retryPolicy.wait;
    if (files.state === "uploading") return { state: "sending" };
    if (wait === null || item.owner !== this.#parts.tab.id) return { state: "sending" };
    return { state: "waiting", retryAt: wait.until, failure: wait.failure };
  }

  // Two messages written in one millisecond keep their order.
  #nextTime(): number {
    let latest = 0;
    for (const { writtenAt } of this.#items.values()) latest = Math.max(latest, writtenAt);
    return Math.max(this.#parts.clock.now(), latest + 0.001);
  }
}
