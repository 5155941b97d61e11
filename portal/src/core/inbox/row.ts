import type { InboxRow } from "../api/api.js";
import { compare, type SortKey } from "../order.js";
import { newerSession } from "../parse.js";
import type { DigestEntry, Message, Session, SessionStatus } from "../types.js";

/** Unanswered messages are counted so far; from there on there are "99+". */
export const MOST_UNANSWERED = 100;

/** A conversation as the inbox lists it. It is never changed: a change makes another. */
export interface Row {
  readonly playerId: string;
  readonly playerName: string | null;
  /** Null for a moment: a message came before its session was told of. */
  readonly session: Session | null;
  readonly status: SessionStatus;
  readonly lastMessage: Message | null;
  /** The player's last message if it is newer than that, and only told of: the next page has it. */
  readonly told: SortKey | null;
  /** The player's messages since staff's last answer, up to `MOST_UNANSWERED`. */
  readonly unanswered: number;
  /** Since when its player waits, in microseconds since 1970; null when nobody waits. */
  readonly waitingSince: number | null;
}

/**
 * The row of a conversation that the inbox's page tells of, with what is known to be newer; unless that
 * `mayBeNewer` no more. A message that was sent twice may have been told of with its second time.
 */
export function rowOfPage(
  known: Row | undefined,
  { session, lastMessage, unansweredCount, waitingSince }: InboxRow,
  mayBeNewer: boolean,
): Row {
  const isLater = mayBeNewer && known !== undefined && relation(known, lastMessage) > 0;
  const later = isLater ? known : null;
  const heard = later?.lastMessage ?? null;
  const newest = newerSession(known?.session ?? null, session);
  return derive({
    playerId: session.playerId,
    playerName: newest.playerName ?? known?.playerName ?? null,
    session: newest,
    status: later?.status ?? newest.status,
    lastMessage: heard !== null && compare(heard, lastMessage) > 0 ? heard : lastMessage,
    told: later?.told ?? null,
    unanswered: later?.unanswered ?? unansweredCount,
    waitingSince: later?.waitingSince ?? waitingSince,
  });
}

/** The row after a message, as it will be once its session is told of. */
export function rowAfterMessage(known: Row | undefined, message: Message): Row {
  // An older message changes nothing that is shown; the next page has the count right.
  if (known !== undefined && relation(known, message) >= 0) return known;
  if (message.senderType === "player")
    return derive({ ...asked(known, message, 1), lastMessage: message, told: null });
  return derive({
    playerId: message.playerId,
    playerName: known?.playerName ?? null,
    session: known?.session ?? null,
    // What staff write after a resolution belongs to what is resolved.
    status: known?.status === "resolved" ? "resolved" : "active",
    lastMessage: message,
    told: null,
    unanswered: 0,
    waitingSince: null,
  });
}

/** The row after a message was rejected: the next page says how it is. */
export function rowAfterRejection(row: Row, messageId: string): Row {
  return row.lastMessage?.messageId === messageId ? { ...row, lastMessage: null } : row;
}

/** The row after messages of its player that were told of together. */
export function rowAfterNews(known: Row | undefined, news: DigestEntry): Row {
  if (known !== undefined && relation(known, news) >= 0) return known;
  return derive({
    ...asked(known, news, news.count),
    told: { at: news.at, messageId: news.messageId },
  });
}

/** What so many messages more of its player make of a row, but for the messages themselves. */
function asked(known: Row | undefined, what: Message | DigestEntry, count: number): Row {
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
  };
}

/** The row after its session was told of. */
export function rowAfterSession(known: Row | undefined, heard: Session): Row {
  const session = newerSession(known?.session ?? null, heard);
  const isSame = known?.session === null || known?.session.id === session.id;
  return derive({
    playerId: heard.playerId,
    playerName: session.playerName ?? known?.playerName ?? null,
    session,
    status: session.status,
    lastMessage: known?.lastMessage ?? null,
    told: known?.told ?? null,
    unanswered: known?.unanswered ?? 0,
    waitingSince: isSame ? (known?.waitingSince ?? null) : null,
  });
}

// Nobody waits in a resolved session; in a pending one, its player since it was opened.
function derive(row: Row): Row {
  const { status, session, lastMessage, unanswered } = row;
  if (status === "resolved") return { ...row, unanswered: 0, waitingSince: null };
  if (status === "pending") {
    const openedAt = session?.status === "pending" ? session.openedAt : null;
    return { ...row, waitingSince: row.waitingSince ?? openedAt ?? lastMessage?.at ?? null };
  }
  if (unanswered === 0) return { ...row, waitingSince: null };
  return { ...row, waitingSince: row.waitingSince ?? lastMessage?.at ?? null };
}

/** When something last happened in the conversation, in microseconds since 1970. */
export function lastActivity(row: Row): number {
  return newest(row)?.at ?? row.session?.lastMessageAt ?? 0;
}

function newest({ told, lastMessage }: Row): SortKey | null {
  return told ?? lastMessage;
}

/** Negative when the newest message of `row` comes before `place`. */
function relation(row: Row, place: SortKey): number {
  const last = newest(row);
  return last === null ? -1 : compare(last, place);
}
