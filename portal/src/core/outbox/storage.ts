import type { Unsubscribe } from "../observable.js";
import { type OutboxItem, readItem } from "./item.js";

/** Stores the outbox's items. The tabs of one user share it. */
export interface OutboxStorage {
  items(): OutboxItem[];
  /** Stores an item; false when it cannot. */
  put(item: OutboxItem): boolean;
  remove(messageId: string): void;
  /** Calls `listener` when another tab puts or removes an item: the item before, and after. */
  watch(listener: (was: OutboxItem | null, is: OutboxItem | null) => void): Unsubscribe;
}

/**
 * Local storage with a key for each item: under one key, two tabs that write at the same time could
 * overwrite each other's items. Without local storage, items live as long as the tab.
 */
export class LocalOutboxStorage implements OutboxStorage {
  readonly #prefix: string;
  readonly #storage: Storage | null;
  readonly #target: EventTarget | null;

  /**
   * `scope` separates the users and systems of one browser, and `name` what they send: the prefix of
   * one name must not begin with that of another, or notes would be sent as messages.
   */
  constructor(
    scope: string,
    storage: Storage | null,
    target: EventTarget | null,
    name: "outbox" | "note-outbox" = "outbox",
  ) {
    this.#prefix = `player-portal-chat/${name}/${scope}/`;
    this.#storage = storage;
    this.#target = target;
  }

  items(): OutboxItem[] {
    const items: OutboxItem[] = [];
    const storage = this.#storage;
    if (storage === null) return items;
    for (let index = 0; index < storage.length; index += 1) {
      const key = storage.key(index);
      if (!key?.startsWith(this.#prefix)) continue;
      const item = readItem(storage.getItem(key) ?? "");
      if (item !== null) items.push(item);
    }
    return items.sort((a, b) => a.writtenAt - b.writtenAt);
  }

  put(item: OutboxItem): boolean {
    if (this.#storage === null) return false;
    try {
      this.#storage.setItem(this.#prefix + item.messageId, JSON.stringify(item));
      return true;
    } catch {
      // Storage is full: this tab still sends the item, which it holds in memory.
      return false;
    }
  }

  remove(messageId: string): void {
    this.#storage?.removeItem(this.#prefix + messageId);
  }

  watch(listener: (was: OutboxItem | null, is: OutboxItem | null) => void): Unsubscribe {
    const target = this.#target;
    const receive = (event: Event) => {
      const { key, oldValue, newValue } = event as StorageEvent;
      if (!key?.startsWith(this.#prefix)) return;
      listener(
        oldValue === null ? null : readItem(oldValue),
        newValue === null ? null : readItem(newValue),
      );
    };
    target?.addEventListener("storage", receive);
    return () => target?.removeEventListener("storage", receive);
  }
}

/**
 * The browser's local storage; null on a server and where it is turned off. A full one is readable.
 */
export function localStorageOrNull(): Storage | null {
  // Node.js prints a warning when its localStorage is read.
  if (typeof document === "undefined") return null;
  try {
    const storage = globalThis.localStorage;
    storage.getItem("player-portal-chat/probe");
    return storage;
  } catch {
    return null;
  }
}
