/** The two kinds of sender. */
export type SenderType = "player" | "staff";

/** All statuses, in the order in which a session passes through them. */
export const SESSION_STATUSES = ["pending", "active", "resolved"] as const;

/** `pending`: no answer yet; `active`: staff answered or took it. */
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** Who uses this portal. */
export interface Identity {
  readonly role: SenderType;
  /** The token's `sub`; a player's is its `playerId`. */
  readonly subject: string;
  readonly name: string | null;
}

/** A message as the history or an event tells of it. */
export interface Message {
  readonly messageId: string;
  readonly playerId: string;
  readonly playerName: string | null;
  readonly senderType: SenderType;
  readonly senderId: string | null;
  readonly senderName: string | null;
  /** Empty when it was erased, and never otherwise. */
  readonly content: string;
  /** When it was accepted, in microseconds since 1970. */
  readonly at: number;
  /** Its number in the conversation; only the history knows it. */
  readonly seq: number | null;
  /** The session that it belongs to; only the history knows it. */
  readonly sessionId: string | null;
  /** Only the beginning of the content is here: the history has all of it. */
  readonly truncated: boolean;
}

/** What one player wrote: how many messages, and which was the last. The history has what they say. */
export interface News {
  readonly playerId: string;
  readonly playerName: string | null;
  readonly count: number;
  readonly messageId: string;
  /** When it was accepted, in microseconds since 1970. */
  readonly at: number;
}

/** Messages of players that staff is told of together, because there are so many. */
export interface Digest {
  readonly players: readonly News[];
  /** How many messages more there are, of players for whom there was no room. */
  readonly unlisted: number;
  /** When the last of all was accepted, in microseconds since 1970. */
  readonly at: number;
}

/** One stretch of a conversation. Times are in microseconds since 1970. */
export interface Session {
  readonly id: string;
  readonly playerId: string;
  readonly playerName: string | null;
  readonly status: SessionStatus;
  readonly openedAt: number;
  readonly lastMessageAt: number;
  readonly resolvedAt: number | null;
  /** The member of the staff who last took or resolved it; players do not receive this. */
  readonly actorId: string | null;
  readonly actorName: string | null;
  /** Of two states of one session, the higher is the newer. */
  readonly version: number;
}

/** A session as an event tells of it. */
export interface SessionUpdate {
  readonly session: Session;
  /** Changes of status that had no effect, because the conversation had moved on before them. */
  readonly staleChangeIds: readonly string[];
}

/** A message that was accepted and is not kept: its id belongs to another message. */
export interface Rejection {
  readonly messageId: string;
  readonly playerId: string;
  readonly reason: string;
}
