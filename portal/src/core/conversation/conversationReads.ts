import type { MarkRequest } from "../api/api.js";
import type { ReadMarks } from "../inbox/readMarks.js";
import { compare, type SortKey } from "../order.js";
import { furthest } from "../parse.js";
import type { Identity, ReadMark, Reads, ReadUpdate } from "../types.js";
import type { AcceptedMark, MarkSender } from "./markSender.js";
import type { Entry, Timeline } from "./timeline.js";

/** The dependencies of `ConversationReads`. */
export interface ConversationReadsParts {
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

/** Whether the player has read a message that is stored. */
export type Receipt = "stored" | "read";

/** A mark that the gateway accepted and that may have come before its message was stored. */
interface Unconfirmed {
  readonly request: MarkRequest;
  readonly messageId: string;
  /** How often the history was asked for it. */
  readonly checks: number;
  /** From when an answer without the mark means that it was dropped, in milliseconds since 1970. */
  readonly dueAt: number;
}

/**
 * Among so many messages of the other side the highest `seq` is looked for: a message that was
 * accepted earlier can be stored later than the newest one.
 */
const MAX_REORDERED = 50;
/** The waits before the history is asked for a mark, in milliseconds. */
const CHECK_AFTER_MS = [3_000, 6_000, 12_000, 24_000, 48_000];

/** How far each side has read a conversation. What is known of it never goes down. */
export class ConversationReads {
  readonly #parts: ConversationReadsParts;
  #player: ReadMark | null = null;
  #staff: ReadMark | null = null;
  /** The `seq` up to which the gateway has the user's mark; null without one. */
  #own: number | null = null;
  /** The last message up to which this page has marked everything as read. */
  #marked: SortKey | null = null;
  #unconfirmed: Unconfirmed | null = null;
  #check: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: ConversationReadsParts) {
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
    const { timeline } = this.#parts;
    for (let index = timeline.length - 1; index >= 0; index -= 1) {
      const entry = timeline.at(index);
      if (entry?.delivery?.state === "delivered" && this.#isUpTo(entry, mark)) return entry;
    }
    return undefined;
  }

  /** Marks everything as read that the timeline has. */
  markRead(): void {
    const { playerId, timeline, readMarks, sender } = this.#parts;
    const { newest } = timeline;
    if (newest === undefined) return;
    const last = this.#lastOfOtherSide(newest);
    readMarks.mark(playerId, newest.at);
    if (last === undefined || last.messageId === this.#marked?.messageId) return;
    if (last.seq !== null && this.#own !== null && last.seq <= this.#own) return;
    this.#marked = last;
    sender.send(playerId, { messageId: last.messageId });
  }

  /** Marks the player's messages since staff's last one as unread; at least the last of them. */
  markUnread(): void {
    const { playerId, readMarks, sender } = this.#parts;
    this.#marked = null;
    this.#confirm();
    const from = this.#firstOfPlayersLast();
    if (from !== undefined) {
      this.#own = from.seq === null ? null : from.seq - 1;
      sender.send(playerId, { unreadFrom: from.messageId });
    }
    readMarks.markUnread(playerId);
  }

  /** Takes the marks of an answer of the history. */
  takeReads(reads: Reads | null): void {
    if (reads === null) return;
    this.#player = furthest(this.#player, reads.player);
    this.#staff = furthest(this.#staff, reads.staff);
    const isPlayer = this.#parts.identity.role === "player";
    const own = isPlayer ? (reads.player?.seq ?? null) : reads.mine;
    this.#checkAnswer(own);
    if (own === null) return;
    this.#takeOwn(own, isPlayer ? (reads.player?.messageId ?? null) : null);
    this.#markReordered();
  }

  /** Takes the mark of an event. */
  takeUpdate({ readerType, mark }: ReadUpdate): void {
    if (readerType === "player") this.#player = furthest(this.#player, mark);
    else this.#staff = furthest(this.#staff, mark);
    if (readerType !== this.#parts.identity.role) return;
    const isConfirmed = mark.messageId !== null && mark.messageId === this.#unconfirmed?.messageId;
    if (isConfirmed) this.#confirm();
    // Another mark of staff is a colleague's.
    if (isConfirmed || readerType === "player") this.#takeOwn(mark.seq, mark.messageId);
  }

  /** The gateway accepted a mark of the user. */
  accepted({ playerId, request }: AcceptedMark): void {
    if (playerId !== this.#parts.playerId) return;
    const messageId = "messageId" in request ? request.messageId : request.unreadFrom;
    this.#confirm();
    // Only the history proves that a message is stored: before that, its mark has no effect.
    if (this.#parts.timeline.get(messageId)?.seq === null) this.#expect(request, messageId, 0);
  }

  /** The database was restored: marks may no longer exist. */
  forget(): void {
    this.#player = null;
    this.#staff = null;
    this.#own = null;
    this.#marked = null;
    this.#confirm();
  }

  close(): void {
    this.#confirm();
  }

  #takeOwn(seq: number, messageId: string | null): void {
    const { playerId, readMarks, sender } = this.#parts;
    const isRecent = readMarks.isFresh(playerId) || sender.isPending(playerId);
    const isSettled = !isRecent && this.#unconfirmed === null;
    // An answer may be older than the user's last mark.
    const isAhead = seq > (this.#own ?? 0) && !readMarks.isUnread(playerId);
    if (!isSettled && !isAhead) return;
    if (seq < (this.#own ?? 0)) this.#marked = null;
    this.#own = seq;
    const at = this.#readUpTo({ seq, messageId });
    if (at !== null && (isSettled || at > readMarks.of(playerId))) readMarks.adopt(playerId, at);
  }

  /** Repeats an unconfirmed mark whose message is stored, once its effect should be visible. */
  #checkAnswer(own: number | null): void {
    const unconfirmed = this.#unconfirmed;
    if (unconfirmed === null) return;
    const { request, messageId, checks, dueAt } = unconfirmed;
    const seq = this.#parts.timeline.get(messageId)?.seq;
    const isRead = "messageId" in request;
    const isNumbered = seq !== undefined && seq !== null;
    if (seq === undefined || (isNumbered && isRead === (own ?? 0) >= seq)) {
      this.#confirm();
    } else if (Date.now() >= dueAt) {
      this.#confirm();
      if (isNumbered) this.#parts.sender.send(this.#parts.playerId, request);
      else this.#expect(request, messageId, checks + 1);
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

  #isUpTo(entry: Entry, { seq, messageId }: Pick<ReadMark, "seq" | "messageId">): boolean {
    if (entry.seq !== null) return entry.seq <= seq;
    const last = messageId === null ? undefined : this.#parts.timeline.get(messageId);
    return last !== undefined && compare(entry, last) <= 0;
  }

  /**
   * When the last message before the first unread one was accepted, in microseconds since 1970;
   * null when it is not loaded. This side's own messages are read.
   */
  #readUpTo(mark: Pick<ReadMark, "seq" | "messageId">): number | null {
    const { timeline, identity, hasOlder } = this.#parts;
    let at = timeline.newest?.at ?? null;
    for (let index = timeline.settledLength - 1; index >= 0; index -= 1) {
      const entry = timeline.at(index);
      if (entry === undefined || this.#isUpTo(entry, mark)) return at;
      if (entry.senderType !== identity.role) at = timeline.at(index - 1)?.at ?? 0;
    }
    return hasOlder() ? null : at;
  }

  /** Marks again when a message before the marked one was stored after it. */
  #markReordered(): void {
    const { playerId, sender } = this.#parts;
    if (this.#marked === null || this.#unconfirmed !== null || sender.isPending(playerId)) return;
    const last = this.#lastOfOtherSide(this.#marked);
    if (last === undefined || last.messageId === this.#marked.messageId) return;
    if (last.seq === null || last.seq <= (this.#own ?? 0)) return;
    this.#own = last.seq;
    sender.send(playerId, { messageId: last.messageId });
  }

  /** The message of the other side up to `upTo` that was stored last, if all are numbered. */
  #lastOfOtherSide(upTo: SortKey): Entry | undefined {
    let last: Entry | undefined;
    let compared = 0;
    for (const entry of this.#backwards()) {
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
    for (const entry of this.#backwards()) {
      const isPlayers = entry.senderType === "player";
      if (!isPlayers && first !== undefined) break;
      if (isPlayers && (entry.seq ?? 0) < (first?.seq ?? Infinity)) first = entry;
    }
    return first;
  }

  /** The accepted messages, the newest first. */
  *#backwards(): Generator<Entry> {
    const { timeline } = this.#parts;
    for (let index = timeline.settledLength - 1; index >= 0; index -= 1) {
      const entry = timeline.at(index);
      if (entry !== undefined) yield entry;
    }
  }
}
