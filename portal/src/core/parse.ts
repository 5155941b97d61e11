import { micros } from "./order.js";
import { readableName } from "./readable.js";
import {
  type Attachment,
  type CannedReply,
  type Digest,
  type DigestEntry,
  type DigestNotes,
  type Message,
  type Note,
  PRIORITIES,
  type ReadMark,
  type Reads,
  type ReadUpdate,
  type Rejection,
  SESSION_STATUSES,
  type SenderType,
  type Session,
  type SessionUpdate,
} from "./types.js";

type Fields = Record<string, unknown>;

type DeskFacts = Pick<
  Session,
  "assigneeId" | "assigneeName" | "assignedAt" | "team" | "tags" | "priority" | "language"
>;

const SENDERS: readonly string[] = ["player", "staff"] satisfies SenderType[];

function fields(value: unknown): Fields | null {
  return typeof value === "object" && value !== null ? (value as Fields) : null;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** The texts of a list; empty when it is no list. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.flatMap((each) => text(each) ?? []) : [];
}

function name(value: unknown): string | null {
  return readableName(text(value));
}

/** A UUID in lower case: ids are compared without regard to case. */
function id(value: unknown): string | null {
  return text(value)?.toLowerCase() ?? null;
}

function time(value: unknown): number {
  return typeof value === "string" ? micros(value) : Number.NaN;
}

/** Parses a message of the history or of an event; null when it is invalid. */
export function parseMessage(value: unknown): Message | null {
  const from = fields(value);
  if (from === null) return null;
  const { playerId, senderType, content } = from;
  const messageId = id(from.messageId);
  const at = time(from.acceptedAt);
  if (messageId === null || typeof playerId !== "string") return null;
  if (typeof content !== "string" || Number.isNaN(at)) return null;
  if (typeof senderType !== "string" || !SENDERS.includes(senderType)) return null;
  return {
    messageId,
    playerId,
    playerName: name(from.playerName),
    senderType: senderType as SenderType,
    senderId: text(from.senderId),
    senderName: name(from.senderName),
    content,
    at,
    seq: typeof from.seq === "number" ? from.seq : null,
    sessionId: id(from.sessionId),
    truncated: from.truncated === true,
    attachments: Array.isArray(from.attachments) ? from.attachments.flatMap(parseAttachment) : [],
  };
}

/** Parses a file of a message; empty when it is invalid. */
export function parseAttachment(value: unknown): Attachment[] {
  const from = fields(value);
  const attachmentId = id(from?.attachmentId);
  const contentType = text(from?.contentType);
  const size = parseCount(from?.size);
  if (from === null || attachmentId === null || contentType === null || size === null) return [];
  const width = parseCount(from.width) || null;
  const height = parseCount(from.height) || null;
  const isPicture = width !== null && height !== null;
  return [
    {
      attachmentId,
      name: name(from.name) ?? attachmentId,
      contentType,
      size,
      width: isPicture ? width : null,
      height: isPicture ? height : null,
      thumbnail: from.thumbnail === true,
    },
  ];
}

function parseDigestEntry(value: unknown): DigestEntry[] {
  const from = fields(value);
  if (from === null) return [];
  const { playerId, count } = from;
  const messageId = id(from.lastMessageId);
  const at = time(from.lastAcceptedAt);
  if (typeof playerId !== "string" || messageId === null) return [];
  if (typeof count !== "number" || Number.isNaN(at)) return [];
  return [{ playerId, playerName: name(from.playerName), count, messageId, at }];
}

function parseDigestNotes(value: unknown): DigestNotes[] {
  const from = fields(value);
  if (from === null || typeof from.playerId !== "string") return [];
  return [{ playerId: from.playerId, mentions: texts(from.mentions) }];
}

/** Parses a `new-player-messages` event; null when it is invalid. */
export function parseDigest(value: unknown): Digest | null {
  const from = fields(value);
  if (from === null) return null;
  const { players, unlisted } = from;
  const at = time(from.lastAcceptedAt);
  if (!Array.isArray(players) || typeof unlisted !== "number" || Number.isNaN(at)) return null;
  const notes = Array.isArray(from.notes) ? from.notes.flatMap(parseDigestNotes) : [];
  return { players: players.flatMap(parseDigestEntry), notes, unlisted, at };
}

/** Parses a session of the history or of an event; null when it is invalid. */
export function parseSession(value: unknown, ofPlayer?: string): Session | null {
  const from = fields(value);
  if (from === null) return null;
  const playerId = ofPlayer ?? from.playerId;
  const { status, version } = from;
  const sessionId = id(from.id);
  const openedAt = time(from.openedAt);
  const lastMessageAt = time(from.lastMessageAt);
  if (sessionId === null || typeof playerId !== "string") return null;
  const known = SESSION_STATUSES.find((each) => each === status);
  if (known === undefined) return null;
  if (typeof version !== "number" || Number.isNaN(openedAt + lastMessageAt)) return null;
  return {
    id: sessionId,
    playerId,
    playerName: name(from.playerName),
    status: known,
    openedAt,
    lastMessageAt,
    resolvedAt: typeof from.resolvedAt === "string" ? micros(from.resolvedAt) : null,
    actorId: text(from.actorId),
    actorName: name(from.actorName),
    ...parseDesk(from),
    version,
  };
}

/** What staff keeps about a session. Only staff receives it, but for the assignee's name. */
function parseDesk(from: Fields): DeskFacts {
  const assignedAt = time(from.assignedAt);
  return {
    assigneeId: text(from.assigneeId),
    assigneeName: name(from.assigneeName),
    assignedAt: Number.isNaN(assignedAt) ? null : assignedAt,
    team: text(from.team),
    tags: texts(from.tags),
    priority: PRIORITIES.find((each) => each === from.priority) ?? "normal",
    language: text(from.language),
  };
}

/** Parses a `session-updated` event; null when it is invalid. */
export function parseSessionUpdate(value: unknown): SessionUpdate | null {
  const session = parseSession(value);
  if (session === null) return null;
  const { staleChangeIds } = value as Fields;
  const ids = Array.isArray(staleChangeIds) ? staleChangeIds : [];
  return { session, staleChangeIds: ids.flatMap((each) => id(each) ?? []) };
}

/** Parses a note of a page or of a `note-added` event; null when it is invalid. */
export function parseNote(value: unknown, ofPlayer?: string): Note | null {
  const from = fields(value);
  const noteId = id(from?.noteId);
  const playerId = ofPlayer ?? from?.playerId;
  const at = time(from?.acceptedAt);
  if (from === null || noteId === null || typeof playerId !== "string") return null;
  if (typeof from.content !== "string" || Number.isNaN(at)) return null;
  return {
    noteId,
    playerId,
    sessionId: id(from.sessionId),
    authorId: text(from.authorId),
    authorName: name(from.authorName),
    content: from.erased === true ? "" : from.content,
    mentions: texts(from.mentions),
    at,
    truncated: from.truncated === true,
  };
}

/** Parses a canned reply; null when it is invalid. */
export function parseCannedReply(value: unknown): CannedReply | null {
  const from = fields(value);
  const bodies = fields(from?.bodies);
  const replyId = text(from?.id);
  const shortcut = text(from?.shortcut);
  if (from === null || bodies === null || replyId === null || shortcut === null) return null;
  const known = Object.entries(bodies).filter(([, body]) => typeof body === "string");
  return {
    id: replyId,
    shortcut,
    title: text(from.title) ?? shortcut,
    team: text(from.team),
    bodies: Object.fromEntries(known) as Record<string, string>,
  };
}

/** Parses a `canned-replies-updated` event: the new version; null when it is invalid. */
export const parseRepliesUpdate = (value: unknown): number | null =>
  parseCount(fields(value)?.version);

/** Parses a `message-rejected` event; null when it is invalid. */
export function parseRejection(value: unknown): Rejection | null {
  const from = fields(value);
  if (from === null) return null;
  const messageId = id(from.messageId);
  const { playerId } = from;
  if (messageId === null || typeof playerId !== "string") return null;
  return { messageId, playerId, reason: text(from.reason) ?? "" };
}

/** A count or a `seq`; null when it is invalid. */
export function parseCount(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function parseReadMark(value: unknown, at: unknown): ReadMark | null {
  const from = fields(value);
  const seq = parseCount(from?.seq);
  const markedAt = time(at);
  if (from === null || seq === null || Number.isNaN(markedAt)) return null;
  return { seq, messageId: id(from.messageId), at: markedAt };
}

/** Parses the `reads` of a conversation; null when the gateway keeps none. */
export function parseReads(value: unknown): Reads | null {
  const from = fields(value);
  if (from === null) return null;
  return {
    player: parseReadMark(from.player, fields(from.player)?.at),
    staff: parseReadMark(from.staff, fields(from.staff)?.at),
    mine: parseCount(fields(from.mine)?.seq),
  };
}

/** Parses a `read-updated` event; null when it is invalid. */
export function parseReadUpdate(value: unknown): ReadUpdate | null {
  const from = fields(value);
  if (from === null) return null;
  const { playerId, readerType } = from;
  const mark = parseReadMark(from, from.readAt);
  if (mark === null || typeof playerId !== "string") return null;
  if (typeof readerType !== "string" || !SENDERS.includes(readerType)) return null;
  return { playerId, readerType: readerType as SenderType, mark };
}

/** The later of two marks of one side: a mark never goes down. */
export function furthest(known: ReadMark | null, received: ReadMark | null): ReadMark | null {
  if (known === null || received === null) return known ?? received;
  return received.seq > known.seq ? received : known;
}

/** The session to show of two of one player: the newer version, or the later session. */
export function newerSession(known: Session | null, received: Session): Session {
  if (known === null) return received;
  if (known.id === received.id) {
    if (received.version > known.version) return received;
    // The history has no actor; the event of the same change does.
    const addsActor = received.version === known.version && received.actorName !== null;
    if (!addsActor || known.actorName !== null) return known;
    return { ...known, actorId: received.actorId, actorName: received.actorName };
  }
  return received.openedAt > known.openedAt ? received : known;
}
