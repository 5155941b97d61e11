import type { InboxRow } from "../api/api.js";
import { compare, type SortKey } from "../order.js";
import { newerSession } from "../parse.js";
import {
  type DigestEntry,
  type Message,
  PRIORITIES,
  type Session,
  type SessionStatus,
} from "../types.js";

/** The gateway counts unanswered messages up to this number; the desk shows "99+" for it. */
export const MOST_UNANSWERED = 100;

/** A conversation in the inbox. Immutable: a change makes a new row. */
export interface Row {
  readonly playerId: string;
  readonly playerName: string | null;
  /** Null while the event of a new session has not arrived. */
  readonly session: Session | null;
  readonly status: SessionStatus;
  readonly lastMessage: Message | null;
  /** A newer message that a digest announced without its content; the next page has it. */
  readonly told: SortKey | null;
  /** The player's messages since staff's last answer, up to `MOST_UNANSWERED`. */
  readonly unanswered: number;
  /**
   * The player's messages that the user has not read, up to `MOST_UNANSWERED`; null when the gateway
   * keeps no read marks.
   */
  readonly unread: number | null;
  /** The `seq` up to which the player has read; null when it is not known. */
  readonly playerReadSeq: number | null;
  /**
   * Since when the player waits, in microseconds since 1970; null when the player does not wait.
   */
  readonly waitingSince: number | null;
}

/** What the desk has and a page may not have yet. */
interface NotYetStored {
  /**
   * Whether events of the conversation may not be stored yet. Otherwise the known row is ignored: a
   * message sent twice may have arrived with its second time, which is not stored.
   */
  readonly isFresh: boolean;
  /** Whether a mark of the user may not be stored yet. */
  readonly isMarking: boolean;
}

/** The row of a page, merged with the known row if that one is newer. */
export function rowOfPage(
  known: Row | undefined,
  { session, lastMessage, unansweredCount, waitingSince, unreadCount, playerReadSeq }: InboxRow,
  { isFresh, isMarking }: NotYetStored,
): Row {
  const isLater = isFresh && known !== undefined && compareNewest(known, lastMessage) > 0;
  const later = isLater ? known : null;
  const ofEvents = later?.lastMessage ?? null;
  const newestSession = newerSession(known?.session ?? null, session);
  const keepsUnread = isLater || isMarking;
  return withWaiting({
    playerId: session.playerId,
    playerName: newestSession.playerName ?? known?.playerName ?? null,
    session: newestSession,
    status: later?.status ?? newestSession.status,
    lastMessage: ofEvents !== null && compare(ofEvents, lastMessage) > 0 ? ofEvents : lastMessage,
    told: later?.told ?? null,
    unanswered: later?.unanswered ?? unansweredCount,
    waitingSince: later?.waitingSince ?? waitingSince,
    unread: unreadCount === null || !keepsUnread ? unreadCount : (known?.unread ?? unreadCount),
    playerReadSeq: largest(known?.playerReadSeq ?? null, playerReadSeq),
  });
}

/** The row after a message, before the event of its session arrives. */
export function rowAfterMessage(known: Row | undefined, message: Message): Row {
  // An older message changes nothing shown; the next page corrects the count.
  if (known !== undefined && compareNewest(known, message) >= 0) return known;
  if (message.senderType === "player")
    return withWaiting({
      ...withPlayerMessages(known, message, 1),
      lastMessage: message,
      told: null,
    });
  return withWaiting({
    playerId: message.playerId,
    playerName: known?.playerName ?? null,
    session: known?.session ?? null,
    // A staff message after the resolution belongs to the resolved session.
    status: known?.status === "resolved" ? "resolved" : "active",
    lastMessage: message,
    told: null,
    unanswered: 0,
    waitingSince: null,
    unread: known?.unread ?? null,
    playerReadSeq: known?.playerReadSeq ?? null,
  });
}

/** The row after the user marked it as read or, `isUnread`, as unread. */
export function rowAfterMark(row: Row, isUnread: boolean): Row {
  if (row.unread === null) return row;
  return { ...row, unread: isUnread ? Math.max(1, row.unread) : 0 };
}

/** The row after a message was rejected; the next page has its real last message. */
export function rowAfterRejection(row: Row, messageId: string): Row {
  return row.lastMessage?.messageId === messageId ? { ...row, lastMessage: null } : row;
}

/** The row after a digest entry of its player. */
export function rowAfterDigest(known: Row | undefined, entry: DigestEntry): Row {
  if (known !== undefined && compareNewest(known, entry) >= 0) return known;
  return withWaiting({
    ...withPlayerMessages(known, entry, entry.count),
    told: { at: entry.at, messageId: entry.messageId },
  });
}

/** The row after `count` further messages of its player, without their content. */
function withPlayerMessages(
  known: Row | undefined,
  what: Message | DigestEntry,
  count: number,
): Row {
  const open = known !== undefined && known.status !== "resolved" ? known : null;
  return {
    playerId: what.playerId,
    playerName: what.playerName ?? known?.playerName ?? null,
    session: known?.session ?? null,
    status: open?.status ?? "pending",
    lastMessage: known?.lastMessage ?? null,
    told: null,
    unanswered: Math.min(MOST_UNANSWERED, (open?.unanswered ?? 0) + count),
    waitingSince: open?.waitingSince ?? what.at,
    // Of a conversation that no page has listed, only the next page tells whether there are marks.
    unread: known?.unread == null ? null : Math.min(MOST_UNANSWERED, known.unread + count),
    playerReadSeq: known?.playerReadSeq ?? null,
  };
}

/** The row after a `session-updated` event. */
export function rowAfterSession(known: Row | undefined, received: Session): Row {
  const session = newerSession(known?.session ?? null, received);
  const isSame = known?.session === null || known?.session.id === session.id;
  return withWaiting({
    playerId: received.playerId,
    playerName: session.playerName ?? known?.playerName ?? null,
    session,
    status: session.status,
    lastMessage: known?.lastMessage ?? null,
    told: known?.told ?? null,
    unanswered: known?.unanswered ?? 0,
    waitingSince: isSame ? (known?.waitingSince ?? null) : null,
    unread: known?.unread ?? null,
    playerReadSeq: known?.playerReadSeq ?? null,
  });
}

// In a resolved session the player does not wait; in a pending one since it was opened.
function withWaiting(row: Row): Row {
  const { status, session, lastMessage, unanswered } = row;
  if (status === "resolved") return { ...row, unanswered: 0, waitingSince: null };
  if (status === "pending") {
    const openedAt = session?.status === "pending" ? session.openedAt : null;
    return { ...row, waitingSince: row.waitingSince ?? openedAt ?? lastMessage?.at ?? null };
  }
  if (unanswered === 0) return { ...row, waitingSince: null };
  return { ...row, waitingSince: row.waitingSince ?? lastMessage?.at ?? null };
}

/**
 * The member of the staff who has the open session: an id, or null for none; undefined while the
 * event of a new session has not arrived.
 */
export function assigneeOf({ status, session }: Row): string | null | undefined {
  const isNew = session === null || (session.status === "resolved" && status !== "resolved");
  return isNew ? undefined : session.assigneeId;
}

/** Orders rows by priority, then by the longest wait; rows without one come last, latest first. */
export function byUrgency(a: Row, b: Row): number {
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0) return rank;
  if (a.waitingSince !== null && b.waitingSince !== null) return a.waitingSince - b.waitingSince;
  if (a.waitingSince !== null || b.waitingSince !== null) return a.waitingSince === null ? 1 : -1;
  return lastActivity(b) - lastActivity(a);
}

const rankOf = ({ session }: Row): number => PRIORITIES.indexOf(session?.priority ?? "normal");

/** When the last message was accepted, in microseconds since 1970. */
export function lastActivity(row: Row): number {
  return newest(row)?.at ?? row.session?.lastMessageAt ?? 0;
}

function newest({ told, lastMessage }: Row): SortKey | null {
  return told ?? lastMessage;
}

function largest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

/** Negative when the newest message of `row` sorts before `key`. */
function compareNewest(row: Row, key: SortKey): number {
  const last = newest(row);
  return last === null ? -1 : compare(last, key);
}
