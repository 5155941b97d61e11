import { backoff } from "../backoff.js";
import { Observable } from "../observable.js";
import type { Attachments, AttachmentsParts } from "./attachments.js";
import type { BlobStorage } from "./blobs.js";
import type { Uploader } from "./upload.js";

/** What `Attachments` needs, but for what is loaded with it. */
export type DeferredParts = Omit<AttachmentsParts, "blobs" | "uploader" | "measure"> & {
  readonly blobs: BlobStorage | null;
  readonly uploader: Uploader | null;
  /** Receives the attachments when they are loaded. */
  readonly onLoad: (attachments: Attachments) => void;
};

/** The attachments of a chat. Their code is loaded only where the gateway takes files. */
export class DeferredAttachments extends Observable {
  #current: Attachments | null = null;
  #isLoading = false;
  #closed = false;

  /** Null until they are loaded, and where the gateway takes no files. */
  get current(): Attachments | null {
    return this.#current;
  }

  async load({ blobs, uploader, onLoad, ...parts }: DeferredParts): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    for (let failures = 1; !this.#closed; failures += 1) {
      try {
        const code = await import("./attachmentCore.js");
        if (this.#closed) return;
        this.#current = new code.Attachments({
          ...parts,
          blobs: blobs ?? new code.IndexedBlobStorage(),
          uploader: uploader ?? code.uploadByXhr,
          measure: code.measurePicture,
        });
        onLoad(this.#current);
        this.changed();
        return;
      } catch {
        // The network is away, or the portal has a new version: messages without files go on.
        await new Promise((resolve) => setTimeout(resolve, backoff(failures, parts.random)));
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#current?.close();
  }
}
