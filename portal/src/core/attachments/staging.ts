import type { AttachmentsConfig } from "../config.js";
import { newId } from "../id.js";
import { Observable } from "../observable.js";
import type { OutboxFile } from "../outbox/item.js";
import { fileName, isPicture, typeOf } from "./names.js";
import type { PictureSize } from "./picture.js";

/** Why a file cannot be attached, or the message cannot be sent with its files. */
export interface StagingProblem {
  readonly kind: "tooLarge" | "type" | "tooMany" | "empty" | "notYet" | "blocked";
  /** The file's name; empty for a problem of all. */
  readonly name: string;
}

export interface StagingParts {
  readonly limits: () => AttachmentsConfig | null;
  /** Keeps and uploads a file. */
  readonly add: (playerId: string, file: OutboxFile, blob: Blob) => void;
  /** Deletes a file that is not sent. */
  readonly remove: (attachmentId: string) => void;
  /** The file as it was uploaded; null before. */
  readonly uploaded: (attachmentId: string) => OutboxFile | null;
  /** Whether a file cannot be uploaded. */
  readonly hasFailed: (attachmentId: string) => boolean;
  /** The size of a picture, in pixels; null when it is none. */
  readonly measure: (blob: Blob) => Promise<PictureSize | null>;
}

/** The files that the user has added to the next message of each conversation. */
export class Staging extends Observable {
  readonly #parts: StagingParts;
  readonly #files = new Map<string, readonly OutboxFile[]>();
  readonly #problems = new Map<string, readonly StagingProblem[]>();

  constructor(parts: StagingParts) {
    super();
    this.#parts = parts;
  }

  /** The files of the next message to a player. */
  filesOf(playerId: string): readonly OutboxFile[] {
    return this.#files.get(playerId) ?? NONE;
  }

  /** Why the last added files were not taken; until the user changes the message. */
  problemsOf(playerId: string): readonly StagingProblem[] {
    return this.#problems.get(playerId) ?? NO_PROBLEMS;
  }

  /** Whether one of the files cannot be sent: the user has to remove it, or to try again. */
  isBlocked(playerId: string): boolean {
    return this.filesOf(playerId).some(({ attachmentId }) => this.#parts.hasFailed(attachmentId));
  }

  /** Adds files; those that cannot be sent become problems. */
  add(playerId: string, files: readonly File[]): void {
    const limits = this.#parts.limits();
    if (limits === null) return;
    const taken: OutboxFile[] = [...this.filesOf(playerId)];
    const problems: StagingProblem[] = [];
    for (const file of files) {
      const name = fileName(file.name);
      const contentType = typeOf(file);
      const kind = !limits.types.includes(contentType)
        ? "type"
        : file.size > limits.maxBytes
          ? "tooLarge"
          : file.size === 0
            ? "empty"
            : taken.length >= limits.maxOfMessage
              ? "tooMany"
              : null;
      if (kind === null) taken.push(this.#stage(playerId, file, name, contentType));
      else problems.push({ kind, name });
    }
    this.#files.set(playerId, taken);
    this.#problems.set(playerId, problems);
    this.changed();
  }

  /** Removes a file before the message is sent. */
  remove(playerId: string, attachmentId: string): void {
    const files = this.filesOf(playerId).filter((file) => file.attachmentId !== attachmentId);
    this.#files.set(playerId, files);
    this.#problems.delete(playerId);
    this.#parts.remove(attachmentId);
    this.changed();
  }

  /** Explains why nothing is attached, or sent. */
  explain(playerId: string, kind: StagingProblem["kind"]): void {
    this.#problems.set(playerId, [{ kind, name: "" }]);
    this.changed();
  }

  /** Forgets the problems: the user has read them. */
  forgetProblems(playerId: string): void {
    if (this.#problems.delete(playerId)) this.changed();
  }

  /** The files of the message that is sent now; the next one begins without any. */
  take(playerId: string): readonly OutboxFile[] {
    if (!this.#files.has(playerId) && !this.#problems.has(playerId)) return NONE;
    const files = this.filesOf(playerId).map(
      (file) => this.#parts.uploaded(file.attachmentId) ?? file,
    );
    this.#files.delete(playerId);
    this.#problems.delete(playerId);
    this.changed();
    return files;
  }

  /** Notifies of a change of what is known about the files. */
  refresh(): void {
    this.changed();
  }

  #stage(playerId: string, blob: File, name: string, contentType: string): OutboxFile {
    const file: OutboxFile = {
      ...{ attachmentId: newId(), name, contentType, size: blob.size },
      ...{ width: null, height: null, thumbnail: false, token: null, expiresAt: 0 },
    };
    this.#parts.add(playerId, file, blob);
    if (isPicture(contentType)) void this.#measure(playerId, file.attachmentId, blob);
    return file;
  }

  async #measure(playerId: string, attachmentId: string, blob: Blob): Promise<void> {
    const size = await this.#parts.measure(blob);
    if (size === null) return;
    const files = this.filesOf(playerId).map((file) =>
      file.attachmentId === attachmentId ? { ...file, ...size } : file,
    );
    this.#files.set(playerId, files);
    this.changed();
  }
}

const NONE: readonly OutboxFile[] = [];
const NO_PROBLEMS: readonly StagingProblem[] = [];
