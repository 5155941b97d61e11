/** The two kinds of sender. */
export type SenderType = "player" | "staff";

/** All statuses, in the order in which a session passes through them. */
export const SESSION_STATUSES = ["pending", "active", "resolved"] as const;

/** `pending`: no answer yet; `active`: staff answered or took it. */
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** All priorities, the most urgent first. */
export const PRIORITIES = ["urgent", "high", "normal", "low"] as const;

/** How urgent a session is. */
export type Priority = (typeof PRIORITIES)[number];

/** The user of this portal. */
export interface Identity {
  readonly role: SenderType;
  /** The token's `sub`; a player's is its `playerId`. */
  readonly subject: string;
  readonly name: string | null;
}

/** A message, as the history or an event has it. */
export interface Message {
  readonly messageId: string;
  readonly playerId: string;
  readonly playerName: string | null;
  readonly senderType: SenderType;
  readonly senderId: string | null;
  readonly senderName: string | null;
  /** Empty only when the message was erased. */
  readonly content: string;
  /** When it was accepted, in microseconds since 1970. */
  readonly at: number;
  /** Its number in the conversation; null until the history returns it. */
  readonly seq: number | null;
  /** Its session; null until the history returns it. */
  readonly sessionId: string | null;
  /** Whether `content` is cut: the history has the rest. */
  readonly truncated: boolean;
  /** Its files. With files and without a text, `content` is the name of the first one. */
  readonly attachments: readonly Attachment[];
}

/** A file of a message. */
export interface Attachment {
  readonly attachmentId: string;
  /** Its name, as the sender's device called it. */
  readonly name: string;
  /** Its media type, found by its bytes. */
  readonly contentType: string;
  /** In bytes. */
  readonly size: number;
  /** A picture's width in pixels, as it is shown; null for other files. */
  readonly width: number | null;
  /** A picture's height in pixels, as it is shown; null for other files. */
  readonly height: number | null;
  /** Whether there is a thumbnail of it. */
  readonly thumbnail: boolean;
}

/** The messages of one player in a digest, without their content, which the history has. */
export interface DigestEntry {
  readonly playerId: string;
  readonly playerName: string | null;
  readonly count: number;
  readonly messageId: string;
  /** When the last one was accepted, in microseconds since 1970. */
  readonly at: number;
}

/** The notes about one player in a digest, without their content, which the list of notes has. */
export interface DigestNotes {
  readonly playerId: string;
  /** The ids of the staff whom the notes mention. */
  readonly mentions: readonly string[];
}

/** Announces players' messages and notes together, since there are too many for an event each. */
export interface Digest {
  readonly players: readonly DigestEntry[];
  readonly notes: readonly DigestNotes[];
  /** The number of messages and notes of players for whom the event had no room. */
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
  /** The member of the staff who has it; null for none, and for players. */
  readonly assigneeId: string | null;
  /** The name of that member; players receive it where the gateway shows staff's names. */
  readonly assigneeName: string | null;
  /** Since when that member has it; null for none, and for players. */
  readonly assignedAt: number | null;
  /** The team whose pile it is in, or was in; null for none, and for players. */
  readonly team: string | null;
  /** In the order of the gateway; empty for players. */
  readonly tags: readonly string[];
  readonly priority: Priority;
  /** The primary subtag of the player's language; null when it is not known, and for players. */
  readonly language: string | null;
  /** Grows with each change of the session. */
  readonly version: number;
}

/** A `session-updated` event. */
export interface SessionUpdate {
  readonly session: Session;
  /** Changes without effect, because the conversation had changed before them. */
  readonly staleChangeIds: readonly string[];
}

/** A message that was accepted and not stored: its id belongs to another message. */
export interface Rejection {
  readonly messageId: string;
  readonly playerId: string;
  readonly reason: string;
}

/** A note of the staff about a conversation: not a message, and never shown to players. */
export interface Note {
  readonly noteId: string;
  readonly playerId: string;
  readonly sessionId: string | null;
  readonly authorId: string | null;
  readonly authorName: string | null;
  /** Empty only when it was erased. */
  readonly content: string;
  /** The ids of the members of the staff whom it mentions. */
  readonly mentions: readonly string[];
  /** When it was accepted, in microseconds since 1970. */
  readonly at: number;
  /** Whether `content` is cut: the page of notes has the rest. */
  readonly truncated: boolean;
}

/** A reply that staff can insert. */
export interface CannedReply {
  readonly id: string;
  /** The word after the slash that finds it. */
  readonly shortcut: string;
  readonly title: string;
  /** The team that uses it; null for all. */
  readonly team: string | null;
  /** The text by language, such as `en`. */
  readonly bodies: Readonly<Record<string, string>>;
}

/** How far one side of a conversation has read. */
export interface ReadMark {
  /** The `seq` of the last message that is read; 0 for none. */
  readonly seq: number;
  /** The id of that message; null for none. */
  readonly messageId: string | null;
  /** When it was marked, in microseconds since 1970. */
  readonly at: number;
}

/** How far each side has read, as the history returns it. */
export interface Reads {
  readonly player: ReadMark | null;
  /** The mark of the member of staff who has read furthest; null when players do not learn it. */
  readonly staff: ReadMark | null;
  /** The `seq` up to which the user, a member of staff, has read; null without a mark. */
  readonly mine: number | null;
}

/** A `read-updated` event. */
export interface ReadUpdate {
  readonly playerId: string;
  readonly readerType: SenderType;
  readonly mark: ReadMark;
}
