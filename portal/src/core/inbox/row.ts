import type { InboxRow } from "../api/api.js";
import { compare } from "../order.js";
import { newerSession } from "../parse.js";
import type { Message, Session, SessionStatus } from "../types.js";

/** A conversation as the inbox lists it. It is never changed: a change makes another. */
export interface Row {
  readonly playerId: string;
  readonly playerName: string | null;
  /** Null for a moment: a message came before its session was told of. */
  readonly session: Session | null;
  readonly status: SessionStatus;
  readonly lastMessage: Message | null;
  /** The player's messages since staff's last answer. */
  readonly unanswered: number;
  /** Since when its player waits, in microseconds since 1970; null when nobody waits. */
  readonly waitingSince: number | null;
}

/** The row of a conversation that the inbox's page tells of, with what is known to be newer. */
export function rowOfPage(
  known: Row | undefined,
  { session, lastMessage, unansweredCount }: InboxRow,
): Row {
  const heardLater =
    known?.lastMessage !== null &&
    known !== undefined &&
    compare(known.lastMessage, lastMessage) > 0;
  const newest = newerSession(known?.session ?? null, session);
  return derive({
    playerId: session.playerId,
    playerName: newest.playerName ?? known?.playerName ?? null,
    session: newest,
    status: heardLater && known ? known.status : newest.status,
    lastMessage: heardLater && known ? known.lastMessage : lastMessage,
    unanswered: heardLater && known ? known.unanswered : unansweredCount,
    waitingSince: known?.waitingSince ?? null,
  });
}

/** The row after a message, as it will be once its session is told of. */
export function rowAfterMessage(known: Row | undefined, message: Message): Row {
  // An older message changes nothing that is shown; the next page has the count right.
  if (known?.lastMessage && compare(known.lastMessage, message) >= 0) return known;
  const wasOpen = known !== undefined && known.status !== "resolved";
  const answered = message.senderType === "staff";
  const next = {
    playerId: message.playerId,
    playerName: message.playerName ?? known?.playerName ?? null,
    session: known?.session ?? null,
    lastMessage: message,
  };
  if (answered) return derive({ ...next, status: "active", unanswered: 0, waitingSince: null });
  return derive({
    ...next,
    status: wasOpen ? known.status : "pending",
    unanswered: (wasOpen ? known.unanswered : 0) + 1,
    waitingSince: (wasOpen ? known.waitingSince : null) ?? message.at,
  });
}

/** The row after its session was told of. */
export function rowAfterSession(known: Row | undefined, heard: Session): Row {
  const session = newerSession(known?.session ?? null, heard);
  return derive({
    playerId: heard.playerId,
    playerName: session.playerName ?? known?.playerName ?? null,
    session,
    status: session.status,
    lastMessage: known?.lastMessage ?? null,
    unanswered: known?.unanswered ?? 0,
    waitingSince: known?.waitingSince ?? null,
  });
}

// Nobody waits in a resolved session; in a pending one, its player since it was opened.
function derive(row: Row): Row {
  const { status, session, lastMessage, unanswered } = row;
  if (status === "resolved") return { ...row, unanswered: 0, waitingSince: null };
  if (status === "pending") {
    const openedAt = session?.status === "pending" ? session.openedAt : null;
    return { ...row, waitingSince: openedAt ?? row.waitingSince ?? lastMessage?.at ?? null };
  }
  if (unanswered === 0) return { ...row, waitingSince: null };
  return { ...row, waitingSince: row.waitingSince ?? lastMessage?.at ?? null };
}

/** When something last happened in the conversation, in microseconds since 1970. */
export function lastActivity(row: Row): number {
  return row.lastMessage?.at ?? row.session?.lastMessageAt ?? 0;
}
