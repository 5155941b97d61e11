import type { MarkRequest } from "../api/api.js";
import type { ReadMarks } from "../inbox/readMarks.js";
import { compare, type SortKey } from "../order.js";
import type { Identity, ReadMark, Reads, ReadUpdate } from "../types.js";
import { isUpTo } from "./knownReads.js";
import type { AcceptedMark, MarkSender } from "./markSender.js";
import type { Entry, Timeline } from "./timeline.js";

/** The dependencies of `OwnMark`. */
export interface OwnMarkParts {
  readonly playerId: string;
  readonly identity: Identity;
  readonly timeline: Timeline;
  readonly readMarks: ReadMarks;
  readonly sender: MarkSender;
  /** Whether messages exist that are older than the loaded ones. */
  readonly hasOlder: () => boolean;
  /** Reads the history now. */
  readonly refresh: () => void;
}

/** A mark that the gateway accepted, perhaps before its message was stored. */
interface Unconfirmed {
  readonly request: MarkRequest;
  readonly messageId: string;
  /** How often the history was asked for it. */
  readonly checks: number;
  /** From when an answer without the mark means that it had no effect, in ms since 1970. */
  readonly dueAt: number;
}

/** The last message that is read. */
type UpTo = Pick<ReadMark, "seq" | "messageId">;

/**
 * Among so many messages of the other side the highest `seq` is looked for: a message that was
 * accepted earlier can be stored later than the newest one.
 */
const MAX_REORDERED = 50;
/** The waits before the history is asked for a mark, in milliseconds. */
const CHECK_AFTER_MS = [3_000, 6_000, 12_000, 24_000, 48_000];

/** The user's own read mark of a conversation, in this browser and at the gateway. */
export class OwnMark {
  readonly #parts: OwnMarkParts;
  /** The `seq` up to which the gateway has the mark; null without one. */
  #stored: number | null = null;
  /** The last message that this page has marked as read. */
  #marked: SortKey | null = null;
  #unconfirmed: Unconfirmed | null = null;
  #check: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: OwnMarkParts) {
    this.#parts = parts;
  }

  /** Marks everything as read that the timeline has. */
  markRead(): void {
    const { playerId, timeline, readMarks } = this.#parts;
    const { newest } = timeline;
    if (newest === undefined) return;
    const last = this.#lastOfOtherSide(newest);
    const isMarked = last === undefined || last.messageId === this.#marked?.messageId;
    if (!isMarked && !this.#isStored(last)) {
      this.#marked = last;
      this.#send({ messageId: last.messageId });
    }
    readMarks.mark(playerId, newest.at);
  }

  /** Marks the player's messages since staff's last one as unread; at least the last of them. */
  markUnread(): void {
    const { playerId, readMarks } = this.#parts;
    this.#marked = null;
    this.#confirm();
    const from = this.#firstOfPlayersLast();
    if (from !== undefined) {
      this.#stored = from.seq === null ? null : from.seq - 1;
      this.#send({ unreadFrom: from.messageId });
    }
    readMarks.markUnread(playerId);
  }

  /** Takes the marks of an answer of the history. */
  takeReads({ player, mine }: Reads): void {
    const isPlayer = this.#parts.identity.role === "player";
    const seq = isPlayer ? (player?.seq ?? null) : mine;
    this.#checkAnswer(seq ?? 0);
    if (seq === null) return;
    this.#takeStored({ seq, messageId: isPlayer ? (player?.messageId ?? null) : null });
    this.#markReordered();
  }

  /** Takes the mark of an event. */
  takeUpdate({ readerType, mark }: ReadUpdate): void {
    if (readerType !== this.#parts.identity.role) return;
    const isConfirmed = mark.messageId !== null && mark.messageId === this.#unconfirmed?.messageId;
    if (isConfirmed) this.#confirm();
    // Any other mark of staff may be a colleague's.
    if (isConfirmed || readerType === "player") this.#takeStored(mark);
  }

  /** The gateway accepted a mark of the user. */
  accepted({ playerId, request }: AcceptedMark): void {
    if (playerId !== this.#parts.playerId) return;
    const messageId = "messageId" in request ? request.messageId : request.unreadFrom;
    this.#confirm();
    // Only the history proves that the message is stored: before that, its mark has no effect.
    if (this.#parts.timeline.get(messageId)?.seq === null) this.#expect(request, messageId, 0);
  }

  /** Forgets the gateway's mark: after the database was restored it may no longer exist. */
  forget(): void {
    this.#stored = null;
    this.#marked = null;
    this.#confirm();
  }

  close(): void {
    this.#confirm();
  }

  /** Sends a mark; the gateway takes the reader from it only where it takes no token. */
  #send(mark: { messageId: string } | { unreadFrom: string }): void {
    const { playerId, identity, sender } = this.#parts;
    const reader = identity.role === "staff" ? { readerId: identity.subject } : {};
    sender.send(playerId, { ...mark, ...reader });
  }

  #isStored({ seq }: Entry): boolean {
    return seq !== null && this.#stored !== null && seq <= this.#stored;
  }

  /** Takes the gateway's mark, unless the user has made another one that it may lack. */
  #takeStored(upTo: UpTo): void {
    const { playerId, readMarks, sender } = this.#parts;
    const known = this.#stored ?? 0;
    const isRecent = readMarks.isFresh(playerId) || sender.isPending(playerId);
    const isSettled = !isRecent && this.#unconfirmed === null;
    const isAhead = upTo.seq > known && !readMarks.isUnread(playerId);
    if (!isSettled && !isAhead) return;
    // Another device has marked it as unread.
    if (upTo.seq < known) this.#marked = null;
    this.#stored = upTo.seq;
    const at = this.#readUpTo(upTo);
    if (at !== null && (isSettled || at > readMarks.of(playerId))) readMarks.adopt(playerId, at);
  }

  /**
   * Confirms the mark if an answer, with the gateway's mark at `stored`, shows its effect; once that
   * is due, repeats it if its message is stored.
   */
  #checkAnswer(stored: number): void {
    const unconfirmed = this.#unconfirmed;
    if (unconfirmed === null) return;
    const { request, messageId, checks, dueAt } = unconfirmed;
    const seq = this.#parts.timeline.get(messageId)?.seq;
    const isEffective = typeof seq === "number" && "messageId" in request === stored >= seq;
    if (seq === undefined || isEffective) {
      this.#confirm();
    } else if (Date.now() >= dueAt) {
      this.#confirm();
      if (seq === null) this.#expect(request, messageId, checks + 1);
      else this.#parts.sender.send(this.#parts.playerId, request);
    }
  }

  #expect(request: MarkRequest, messageId: string, checks: number): void {
    const wait = CHECK_AFTER_MS[checks];
    if (wait === undefined) return;
    this.#unconfirmed = { request, messageId, checks, dueAt: Date.now() + wait };
    this.#check = setTimeout(() => this.#parts.refresh(), wait);
  }

  #confirm(): void {
    clearTimeout(this.#check);
    this.#unconfirmed = null;
  }

  /** Marks again when a message before the marked one was stored after it. */
  #markReordered(): void {
    const { playerId, sender } = this.#parts;
    if (this.#marked === null || this.#unconfirmed !== null || sender.isPending(playerId)) return;
    const last = this.#lastOfOtherSide(this.#marked);
    if (last === undefined || last.seq === null || this.#isStored(last)) return;
    if (last.messageId === this.#marked.messageId) return;
    this.#stored = last.seq;
    this.#send({ messageId: last.messageId });
  }

  /**
   * When the last message before the first unread one was accepted, in microseconds since 1970;
   * null when it is not loaded. This side's own messages are read.
   */
  #readUpTo(upTo: UpTo): number | null {
    const { timeline, identity, hasOlder } = this.#parts;
    let at: number | null = null;
    let isUnread = false;
    for (const entry of timeline.backwards()) {
      if (isUnread || at === null) at = entry.at;
      if (isUpTo(timeline, entry, upTo)) return at;
      isUnread = entry.senderType !== identity.role;
    }
    if (hasOlder()) return null;
    return isUnread ? 0 : at;
  }

  /** The other side's last message up to `upTo`; with numbers, the one that was stored last. */
  #lastOfOtherSide(upTo: SortKey): Entry | undefined {
    let last: Entry | undefined;
    let compared = 0;
    for (const entry of this.#parts.timeline.backwards()) {
      if (compare(entry, upTo) > 0 || entry.senderType === this.#parts.identity.role) continue;
      if (last === undefined || (entry.seq ?? 0) > (last.seq ?? Infinity)) last = entry;
      compared += 1;
      if (compared === MAX_REORDERED) break;
    }
    return last;
  }

  /** The first of the player's messages since staff's last one, or the player's last message. */
  #firstOfPlayersLast(): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#parts.timeline.backwards()) {
      const isPlayers = entry.senderType === "player";
      if (!isPlayers && first !== undefined) break;
      if (isPlayers && (entry.seq ?? 0) < (first?.seq ?? Infinity)) first = entry;
    }
    return first;
  }
}
