import type { Api } from "../api/api.js";
import { type Failure, succeeded } from "../api/failure.js";
import type { Random } from "../backoff.js";
import type { Clock } from "../clock.js";
import type { AttachmentsConfig } from "../config.js";
import { notifyAll } from "../listeners.js";
import type { Unsubscribe } from "../observable.js";
import type { FilesState, FileUploads } from "../outbox/files.js";
import { isUploaded, type OutboxFile, type OutboxItem } from "../outbox/item.js";
import type { Tab } from "../outbox/tab.js";
import type { BlobStorage, KeptFile } from "./blobs.js";
import { Links } from "./links.js";
import type { PictureSize } from "./picture.js";
import { FILE_PROBLEM, uploadProblem } from "./problems.js";
import { Staging } from "./staging.js";
import { type Uploader, upload } from "./upload.js";
import { Uploads } from "./uploads.js";

export interface AttachmentsParts {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly tab: Tab;
  /** Separates the users and systems of one browser. */
  readonly scope: string;
  readonly limits: () => AttachmentsConfig | null;
  readonly blobs: BlobStorage;
  readonly uploader: Uploader;
  readonly measure: (blob: Blob) => Promise<PictureSize | null>;
  /** Whether an unsent message names the file. */
  readonly isNeeded: (attachmentId: string) => boolean;
}

/** Files are deleted this long after they were added, in milliseconds. */
const KEPT_MS = 24 * 60 * 60 * 1000;
/** The shortest time for which a new token is used, in milliseconds. */
const LEAST_VALID_MS = 5 * 60 * 1000;
/** The most files whose bytes a page holds to show them. */
const MOST_LOCAL = 50;

/**
 * The files of messages: those that the user adds, their uploads, and the links of those that are
 * sent. The bytes of unsent files are kept in the browser, so that uploads go on after a reload.
 */
export class Attachments implements FileUploads {
  readonly staging: Staging;
  readonly uploads: Uploads;
  readonly links: Links;
  readonly #parts: AttachmentsParts;
  /** The bytes of the files that this page has added or loaded. */
  readonly #local = new Map<string, Blob>();
  /** Files that the browser does not keep, or not yet. */
  readonly #unkept = new Set<string>();
  /** Files that the browser cannot keep. */
  readonly #onlyHere = new Set<string>();
  readonly #listeners = new Set<(uploaded: OutboxFile | null) => void>();

  constructor(parts: AttachmentsParts) {
    const { api, clock, random, uploader } = parts;
    this.#parts = parts;
    this.links = new Links(api, clock, random);
    this.uploads = new Uploads({
      upload: async (playerId, file, request) => {
        const outcome = await upload(api, uploader, playerId, file, request);
        if (!outcome.ok) return outcome;
        // A token is used at least once, whatever the clocks say.
        const expiresAt = Math.max(outcome.value.expiresAt, clock.now() + LEAST_VALID_MS);
        return succeeded({ ...outcome.value, expiresAt });
      },
      bytes: (attachmentId) => this.#bytes(attachmentId),
      random,
    });
    this.staging = new Staging({
      limits: parts.limits,
      measure: parts.measure,
      add: (playerId, file, blob) => this.#add(playerId, file, blob),
      remove: (attachmentId) => this.#delete(attachmentId),
      uploaded: (attachmentId) => {
        const state = this.uploads.stateOf(attachmentId);
        return state?.state === "done" ? state.file : null;
      },
      hasFailed: (attachmentId) => this.uploads.stateOf(attachmentId)?.state === "failed",
    });
    this.uploads.onState((_, state) => {
      this.staging.refresh();
      notifyAll(this.#listeners, state.state === "done" ? state.file : null);
    });
    void this.#clean();
  }

  /** The bytes of a file that this page has added; null for any other. */
  local(attachmentId: string): Blob | null {
    return this.#local.get(attachmentId) ?? null;
  }

  /** Whether the browser cannot keep a file beyond this page. */
  isOnlyHere(attachmentId: string): boolean {
    return this.#onlyHere.has(attachmentId);
  }

  close(): void {
    this.uploads.close();
    this.links.close();
    this.#local.clear();
  }

  onChange(listener: (uploaded: OutboxFile | null) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(item: OutboxItem): void {
    for (const file of this.#lacking(item)) {
      const state = this.uploads.stateOf(file.attachmentId);
      // Of a file whose token has expired, too.
      if (state?.state === "done") this.uploads.restart(item.playerId, file);
      else this.uploads.start(item.playerId, file);
    }
  }

  stateOf(item: OutboxItem): FilesState {
    let waiting: FilesState | null = null;
    let isUploading = false;
    for (const { attachmentId } of this.#lacking(item)) {
      const upload = this.uploads.stateOf(attachmentId);
      if (upload?.state === "failed")
        return { state: "refused", failure: asRefusal(upload.failure) };
      if (upload?.state === "waiting") waiting = upload;
      else isUploading = true;
    }
    return waiting ?? { state: isUploading ? "uploading" : "ready" };
  }

  restart(item: OutboxItem): void {
    for (const file of this.#lacking(item)) this.uploads.restart(item.playerId, file);
  }

  /** Repeats an upload that the user sees fail. */
  retry(playerId: string, file: OutboxFile): void {
    if (this.uploads.stateOf(file.attachmentId)?.state === "waiting") this.tryNow();
    else this.uploads.restart(playerId, file);
  }

  release({ files = [] }: OutboxItem): void {
    for (const { attachmentId } of files) this.#forget(attachmentId);
  }

  isKept({ files = [] }: OutboxItem): boolean {
    return !files.some(({ attachmentId }) => this.#unkept.has(attachmentId));
  }

  tryNow(): void {
    this.uploads.tryNow();
  }

  #lacking({ files = [] }: OutboxItem): readonly OutboxFile[] {
    const now = this.#parts.clock.now();
    return files.filter((file) => !isUploaded(file, now));
  }

  #add(playerId: string, file: OutboxFile, blob: Blob): void {
    this.#hold(file.attachmentId, blob);
    void this.#keep(file.attachmentId, blob);
    this.uploads.start(playerId, file);
  }

  async #keep(attachmentId: string, blob: Blob): Promise<void> {
    const { blobs, scope, tab } = this.#parts;
    const kept: KeptFile = { attachmentId, scope, tab: tab.id, addedAt: Date.now(), blob };
    this.#unkept.add(attachmentId);
    if (await blobs.put(kept)) this.#unkept.delete(attachmentId);
    else this.#onlyHere.add(attachmentId);
    this.staging.refresh();
    notifyAll(this.#listeners, null);
  }

  async #bytes(attachmentId: string): Promise<Blob | null> {
    const local = this.#local.get(attachmentId) ?? null;
    const blob = local ?? (await this.#parts.blobs.get(attachmentId));
    if (!(blob instanceof File) && local !== null) return local;
    const bytes = blob === null ? null : await copyOf(blob);
    // It may have been removed meanwhile.
    if (bytes !== null && (local === null || this.#local.has(attachmentId)))
      this.#hold(attachmentId, bytes);
    return bytes;
  }

  #hold(attachmentId: string, blob: Blob): void {
    this.#local.set(attachmentId, blob);
    for (const oldest of this.#local.keys()) {
      if (this.#local.size <= MOST_LOCAL) return;
      if (!this.#parts.isNeeded(oldest) && oldest !== attachmentId) this.#local.delete(oldest);
    }
  }

  /** Ends the upload of a file and deletes what the browser keeps of it; the page still shows it. */
  #forget(attachmentId: string): void {
    this.uploads.cancel(attachmentId);
    this.#unkept.delete(attachmentId);
    this.#onlyHere.delete(attachmentId);
    void this.#parts.blobs.remove(attachmentId);
  }

  #delete(attachmentId: string): void {
    this.#local.delete(attachmentId);
    this.#forget(attachmentId);
  }

  /**
   * Deletes files that are too old, that closed tabs have added to no message, and those of another
   * user of this system, unless that user's tab is open.
   */
  async #clean(): Promise<void> {
    const { blobs, tab, scope, isNeeded } = this.#parts;
    for (const file of await blobs.files()) {
      const isOld = Date.now() - file.addedAt > KEPT_MS;
      const isOwn = file.scope === scope;
      if (!isOld && !isOwn && !isOfSameSystem(file.scope, scope)) continue;
      const isAlive = file.tab === tab.id || (await tab.isAlive(file.tab)) === true;
      if (!isOld && (isAlive || (isOwn && isNeeded(file.attachmentId)))) continue;
      await blobs.remove(file.attachmentId);
    }
  }
}

/**
 * The bytes of a file, which then no longer depend on the device's file; null when it cannot be read:
 * it was moved or changed, or is a folder.
 */
async function copyOf(blob: Blob): Promise<Blob | null> {
  try {
    return new Blob([await blob.arrayBuffer()], { type: blob.type });
  } catch {
    return null;
  }
}

/** The failure of a message because of a file: its type names the problem. */
function asRefusal(failure: Failure): Failure {
  const detail = failure.kind === "refused" ? failure.detail : "";
  return { kind: "refused", type: `${FILE_PROBLEM}${uploadProblem(failure)}`, detail };
}

/** Whether two scopes differ in the user's id only. */
const isOfSameSystem = (a: string, b: string): boolean => withoutUser(a) === withoutUser(b);

const withoutUser = (scope: string): string =>
  /^(.*?\|(player|staff)\|)/s.exec(scope)?.[1] ?? scope;
