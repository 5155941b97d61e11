import type { Failure } from "../api/failure.js";
import type { Unsubscribe } from "../observable.js";
import type { OutboxFile, OutboxItem } from "./item.js";
import type { Wait } from "./retryPolicy.js";

/** How far the files of an unsent message are. */
export type FilesState =
  /** The gateway has all of them. */
  | { readonly state: "ready" }
  /** At least one is being uploaded; later messages of the conversation wait. */
  | { readonly state: "uploading" }
  /** An upload failed and will be repeated; later messages do not wait. */
  | { readonly state: "waiting"; readonly wait: Wait }
  /** A file cannot be uploaded. */
  | { readonly state: "refused"; readonly failure: Failure };

/** Uploads the files of the outbox's messages. */
export interface FileUploads {
  /** Uploads the files of an item that the gateway lacks, unless they are on their way. */
  start(item: OutboxItem): void;
  stateOf(item: OutboxItem): FilesState;
  /** Uploads the files of an item again: the gateway refused their tokens, or one has failed. */
  restart(item: OutboxItem): void;
  /** Deletes what is kept for an item: it was accepted, or discarded. */
  release(item: OutboxItem): void;
  /** Whether the bytes of an item's files outlive this tab. */
  isKept(item: OutboxItem): boolean;
  /** Repeats failed uploads now, or when `Retry-After` allows. */
  tryNow(): void;
  /** Calls `listener` when the state of a file has changed; with the file if it was uploaded. */
  onChange(listener: (uploaded: OutboxFile | null) => void): Unsubscribe;
}

/** The problem type of a file that the gateway does not take. */
const OFF = "urn:problem-type:player-portal-chat:file-off";

/** For a gateway that takes no files: messages with files are not sent. */
export const NO_UPLOADS: FileUploads = {
  start: () => {},
  stateOf: () => ({ state: "refused", failure: { kind: "refused", type: OFF, detail: "" } }),
  restart: () => {},
  release: () => {},
  isKept: () => true,
  tryNow: () => {},
  onChange: () => () => {},
};
