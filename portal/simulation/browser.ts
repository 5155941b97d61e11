import type { BlobStorage, KeptFile } from "../src/core/attachments/blobs.js";
import type { Environment } from "../src/core/environment.js";
import { Observable, type Unsubscribe } from "../src/core/observable.js";
import type { OutboxItem } from "../src/core/outbox/item.js";
import type { OutboxStorage } from "../src/core/outbox/storage.js";
import type { Tab } from "../src/core/outbox/tab.js";

type Watcher = (was: OutboxItem | null, is: OutboxItem | null) => void;

/** What the tabs of a browser share of one outbox. */
class SharedItems {
  readonly kept = new Map<string, OutboxItem>();
  readonly storages = new Map<object, Set<Watcher>>();
}

/** A browser's IndexedDB. */
export class SimulatedBlobs implements BlobStorage {
  readonly kept = new Map<string, KeptFile>();
  /** Whether it is full, or missing. */
  fails = false;

  async put(file: KeptFile): Promise<boolean> {
    if (!this.fails) this.kept.set(file.attachmentId, file);
    return !this.fails;
  }

  async get(attachmentId: string): Promise<Blob | null> {
    return this.kept.get(attachmentId)?.blob ?? null;
  }

  async remove(attachmentId: string): Promise<void> {
    this.kept.delete(attachmentId);
  }

  async files(): Promise<readonly KeptFile[]> {
    return [...this.kept.values()];
  }
}

/** A browser's local storage and tabs: a change in one tab reaches the others a moment later. */
export class SimulatedBrowser {
  readonly #messages = new SharedItems();
  readonly #notes = new SharedItems();
  readonly #alive = new Set<string>();
  /** The bytes of unsent files. */
  readonly blobs = new SimulatedBlobs();
  #tabs = 0;

  tab(): Tab & { crash(): void } {
    this.#tabs += 1;
    const id = `tab-${this.#tabs}`;
    this.#alive.add(id);
    const close = () => this.#alive.delete(id);
    return { id, isAlive: async (other) => this.#alive.has(other), close, crash: close };
  }

  /** The unsent messages. */
  get kept(): ReadonlyMap<string, OutboxItem> {
    return this.#messages.kept;
  }

  /** The unsent notes. */
  get keptNotes(): ReadonlyMap<string, OutboxItem> {
    return this.#notes.kept;
  }

  /** The storage of messages as one tab sees it; writes of a crashed tab are lost. */
  storage(tab: Tab): OutboxStorage {
    return this.#storageOf(tab, this.#messages);
  }

  /** The storage of notes as one tab sees it. */
  noteStorage(tab: Tab): OutboxStorage {
    return this.#storageOf(tab, this.#notes);
  }

  #storageOf(tab: Tab, { kept, storages }: SharedItems): OutboxStorage {
    const own = {};
    storages.set(own, new Set());
    const notify = (was: OutboxItem | null, is: OutboxItem | null) => {
      setTimeout(() => {
        for (const [storage, watchers] of storages) {
          if (storage !== own) for (const watcher of watchers) watcher(was, is);
        }
      }, 1);
    };
    return {
      items: () => [...kept.values()],
      put: (item) => {
        if (!this.#alive.has(tab.id)) return false;
        const was = kept.get(item.messageId) ?? null;
        kept.set(item.messageId, item);
        notify(was, item);
        return true;
      },
      remove: (messageId) => {
        if (!this.#alive.has(tab.id)) return;
        const was = kept.get(messageId) ?? null;
        if (kept.delete(messageId)) notify(was, null);
      },
      watch: (watcher) => {
        storages.get(own)?.add(watcher);
        return () => storages.get(own)?.delete(watcher);
      },
    };
  }
}

/** An environment whose network and visibility a test sets. */
export class SimulatedEnvironment extends Observable implements Environment {
  online = true;
  visible = true;
  readonly #leaving = new Set<() => void>();

  set(to: { online?: boolean; visible?: boolean }): void {
    Object.assign(this, to);
    this.changed();
  }

  onLeave(listener: () => void): Unsubscribe {
    this.#leaving.add(listener);
    return () => this.#leaving.delete(listener);
  }

  leave(): void {
    for (const listener of this.#leaving) listener();
  }
}
