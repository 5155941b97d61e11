import { compare } from "../order.js";
import { furthest } from "../parse.js";
import type { Identity, ReadMark, Reads, ReadUpdate } from "../types.js";
import type { MarkSender } from "./markSender.js";
import type { Entry, Timeline } from "./timeline.js";

/** The dependencies of `KnownReads`. */
export interface KnownReadsParts {
  readonly identity: Identity;
  readonly timeline: Timeline;
  readonly sender: Pick<MarkSender, "setting">;
}

/** Whether the player has read a message that is stored. */
export type Receipt = "stored" | "read";

/** How far each side has read a conversation. What is known of it never goes down. */
export class KnownReads {
  readonly #parts: KnownReadsParts;
  #player: ReadMark | null = null;
  #staff: ReadMark | null = null;

  constructor(parts: KnownReadsParts) {
    this.#parts = parts;
  }

  /** How far the other side has read; null when it is not known, or not to be shown. */
  get otherSide(): ReadMark | null {
    const { setting } = this.#parts.sender;
    if (this.#parts.identity.role === "staff") return setting === "off" ? null : this.#player;
    return setting === "both" ? this.#staff : null;
  }

  /** What staff know of one of their own messages; null for players, and without read marks. */
  receiptOf(entry: Entry): Receipt | null {
    const { identity, sender } = this.#parts;
    if (identity.role === "player" || sender.setting === "off") return null;
    if (entry.delivery?.state !== "delivered") return null;
    return this.#player !== null && this.#isUpTo(entry, this.#player) ? "read" : "stored";
  }

  /** The last of the user's own messages that the other side has read. */
  lastRead(): Entry | undefined {
    const mark = this.otherSide;
    if (mark === null) return undefined;
    for (const entry of this.#parts.timeline.backwards())
      if (entry.delivery?.state === "delivered" && this.#isUpTo(entry, mark)) return entry;
    return undefined;
  }

  /** Takes the marks of an answer of the history. */
  takeReads({ player, staff }: Reads): void {
    this.#player = furthest(this.#player, player);
    this.#staff = furthest(this.#staff, staff);
  }

  /** Takes the mark of an event. */
  takeUpdate({ readerType, mark }: ReadUpdate): void {
    if (readerType === "player") this.#player = furthest(this.#player, mark);
    else this.#staff = furthest(this.#staff, mark);
  }

  /** Forgets all marks: after the database was restored they may no longer exist. */
  forget(): void {
    this.#player = null;
    this.#staff = null;
  }

  #isUpTo(entry: Entry, mark: ReadMark): boolean {
    return isUpTo(this.#parts.timeline, entry, mark);
  }
}

/** Whether `entry` is at most as new as the last message of `mark`. */
export function isUpTo(
  timeline: Timeline,
  entry: Entry,
  { seq, messageId }: Pick<ReadMark, "seq" | "messageId">,
): boolean {
  if (entry.seq !== null) return entry.seq <= seq;
  // Only an event has brought the entry, so the order of the messages decides.
  const last = messageId === null ? undefined : timeline.get(messageId);
  return last !== undefined && compare(entry, last) <= 0;
}
