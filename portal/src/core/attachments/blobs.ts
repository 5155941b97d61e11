/** A file of a message that is not sent, as the browser keeps it. */
export interface KeptFile {
  readonly attachmentId: string;
  /** The user and the system. */
  readonly scope: string;
  /** The tab that has added it. */
  readonly tab: string;
  /** In milliseconds since 1970. */
  readonly addedAt: number;
  readonly blob: Blob;
}

/** Keeps the bytes of unsent files. No method throws. */
export interface BlobStorage {
  /** Keeps a file; false when it cannot. */
  put(file: KeptFile): Promise<boolean>;
  /** The bytes of a file; null when it is not kept. */
  get(attachmentId: string): Promise<Blob | null>;
  remove(attachmentId: string): Promise<void>;
  /** All files of this browser, whosever they are. */
  files(): Promise<readonly KeptFile[]>;
}

const DATABASE = "player-portal-chat";
const FILES = "files";
/** A browser that does not open the database within this time keeps no files, in milliseconds. */
const OPENS_WITHIN_MS = 3_000;

/**
 * IndexedDB, since local storage has no room for files. Where it is missing, as in private windows of
 * some browsers, or full, files live as long as the tab.
 */
export class IndexedBlobStorage implements BlobStorage {
  #database: Promise<IDBDatabase | null> | null = null;

  async put(file: KeptFile): Promise<boolean> {
    const key = await this.#request("readwrite", (files) => files.put(file));
    return key !== null;
  }

  async get(attachmentId: string): Promise<Blob | null> {
    const file = await this.#request<KeptFile | undefined>("readonly", (files) =>
      files.get(attachmentId),
    );
    return file?.blob ?? null;
  }

  async remove(attachmentId: string): Promise<void> {
    await this.#request("readwrite", (files) => files.delete(attachmentId));
  }

  async files(): Promise<readonly KeptFile[]> {
    return (await this.#request<KeptFile[]>("readonly", (files) => files.getAll())) ?? [];
  }

  /** The result of a request, once its transaction is complete; null when it fails. */
  async #request<T>(
    mode: IDBTransactionMode,
    ask: (files: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T | null> {
    this.#database ??= open();
    const database = await this.#database;
    if (database === null) return null;
    return new Promise((resolve) => {
      try {
        const transaction = database.transaction(FILES, mode);
        const request = ask(transaction.objectStore(FILES));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => resolve(null);
      } catch {
        // The browser has closed the database; the next request opens it again.
        this.#database = null;
        resolve(null);
      }
    });
  }
}

function open(): Promise<IDBDatabase | null> {
  return new Promise((resolve) => {
    const none = () => resolve(null);
    try {
      setTimeout(none, OPENS_WITHIN_MS);
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () =>
        request.result.createObjectStore(FILES, { keyPath: "attachmentId" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = none;
      request.onblocked = none;
    } catch {
      none();
    }
  });
}
