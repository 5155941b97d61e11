import { type Failure, isTransient, type Outcome } from "../api/failure.js";
import type { Random } from "../backoff.js";
import { notifyAll } from "../listeners.js";
import { Observable, type Unsubscribe } from "../observable.js";
import type { OutboxFile } from "../outbox/item.js";
import { RetryPolicy, type Wait } from "../outbox/retryPolicy.js";
import { FILE_LOST } from "./problems.js";
import type { UploadRequest } from "./upload.js";

/** How far the upload of a file is. */
export type UploadState =
  /** It is being sent, or is next; `fraction` of it is sent, from 0 to 1. */
  | { readonly state: "uploading"; readonly fraction: number }
  /** It failed and will be repeated. */
  | { readonly state: "waiting"; readonly wait: Wait }
  | { readonly state: "done"; readonly file: OutboxFile }
  /** Only the user can repeat it. */
  | { readonly state: "failed"; readonly failure: Failure };

export interface UploadsParts {
  /** Uploads a file; the value is the file with its token. */
  readonly upload: (
    playerId: string,
    file: OutboxFile,
    request: Pick<UploadRequest, "blob" | "onProgress" | "signal">,
  ) => Promise<Outcome<OutboxFile>>;
  /** The bytes of a file; null when this browser no longer has them. */
  readonly bytes: (attachmentId: string) => Promise<Blob | null>;
  readonly random: Random;
}

interface Job {
  readonly playerId: string;
  readonly file: OutboxFile;
  state: UploadState;
  /** Ends the attempt that is made; null when none is. */
  abort: AbortController | null;
}

/** A file that is uploaded. */
export type Uploading = Pick<Job, "playerId" | "file">;

/** Receives each state of an upload but for its progress. */
export type UploadListener = (upload: Uploading, state: UploadState) => void;

/** The most uploads at a time. */
const AT_ONCE = 2;

/**
 * Uploads files in the order in which they are added, and repeats those that failed for a while. It
 * changes with the progress of each.
 */
export class Uploads extends Observable {
  readonly #parts: UploadsParts;
  readonly #retryPolicy: RetryPolicy;
  readonly #jobs = new Map<string, Job>();
  readonly #listeners = new Set<UploadListener>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(parts: UploadsParts) {
    super();
    this.#parts = parts;
    this.#retryPolicy = new RetryPolicy(parts.random);
  }

  /** The state of a file's upload; null when none was started. */
  stateOf(attachmentId: string): UploadState | null {
    return this.#jobs.get(attachmentId)?.state ?? null;
  }

  /** Uploads a file, unless that was started. */
  start(playerId: string, file: OutboxFile): void {
    if (this.#jobs.has(file.attachmentId)) return;
    const { wait } = this.#retryPolicy;
    const state: UploadState =
      wait === null ? { state: "uploading", fraction: 0 } : { state: "waiting", wait };
    this.#jobs.set(file.attachmentId, { playerId, file, state, abort: null });
    this.changed();
    this.#run();
  }

  /** Uploads a file again from its beginning. */
  restart(playerId: string, file: OutboxFile): void {
    this.#remove(file.attachmentId);
    this.start(playerId, file);
  }

  /** Ends an upload and forgets it. */
  cancel(attachmentId: string): void {
    if (!this.#remove(attachmentId)) return;
    this.changed();
    this.#run();
  }

  /** Repeats failed uploads now, or when `Retry-After` allows. */
  tryNow(): void {
    this.#retryPolicy.retryNow();
    this.#repeat();
  }

  /** Calls `listener` with the states of all uploads, but not with their progress. */
  onState(listener: UploadListener): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { abort } of this.#jobs.values()) abort?.abort();
  }

  #remove(attachmentId: string): boolean {
    this.#jobs.get(attachmentId)?.abort?.abort();
    return this.#jobs.delete(attachmentId);
  }

  /** Ends the wait, if it is over. */
  #repeat(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const { left, wait } = this.#retryPolicy;
    if (wait !== null && left > 0) {
      if (Number.isFinite(left)) this.#timer = setTimeout(() => this.tryNow(), left);
      return;
    }
    for (const job of this.#jobs.values())
      if (job.state.state === "waiting") this.#set(job, { state: "uploading", fraction: 0 });
    this.#run();
  }

  #run(): void {
    if (this.#closed || this.#retryPolicy.left > 0) return;
    const jobs = [...this.#jobs.values()];
    let running = jobs.filter(({ abort }) => abort !== null).length;
    for (const job of jobs) {
      if (running >= AT_ONCE) return;
      if (job.abort !== null || job.state.state !== "uploading") continue;
      running += 1;
      void this.#attempt(job);
    }
  }

  async #attempt(job: Job): Promise<void> {
    const { playerId, file } = job;
    const abort = new AbortController();
    job.abort = abort;
    const blob = await this.#parts.bytes(file.attachmentId);
    const outcome = abort.signal.aborted
      ? null
      : blob === null
        ? ({ ok: false, failure: FILE_LOST } as const)
        : await this.#parts.upload(playerId, file, {
            blob,
            signal: abort.signal,
            onProgress: (fraction) => this.#progress(job, fraction),
          });
    job.abort = null;
    // The job was removed or replaced meanwhile.
    if (outcome === null || abort.signal.aborted || this.#closed) return this.#run();
    if (outcome.ok) {
      this.#retryPolicy.succeeded();
      this.#set(job, { state: "done", file: outcome.value });
    } else if (isTransient(outcome.failure) || outcome.failure.kind === "signedOut") {
      this.#fail(job, outcome.failure);
    } else this.#set(job, { state: "failed", failure: outcome.failure });
    this.#run();
  }

  /** All files wait: what keeps one from being uploaded keeps the others too. */
  #fail(job: Job, failure: Failure): void {
    this.#retryPolicy.failed(failure);
    const { wait } = this.#retryPolicy;
    if (wait === null) return;
    for (const other of this.#jobs.values()) {
      const isNext = other.state.state === "uploading" && other.abort === null;
      if (other === job || isNext || other.state.state === "waiting")
        this.#set(other, { state: "waiting", wait });
    }
    this.#repeat();
  }

  #progress(job: Job, fraction: number): void {
    if (job.state.state !== "uploading" || fraction <= job.state.fraction) return;
    job.state = { state: "uploading", fraction: Math.min(1, fraction) };
    this.changed();
  }

  #set(job: Job, state: UploadState): void {
    job.state = state;
    this.changed();
    notifyAll(this.#listeners, job, state);
  }
}
