import { micros } from "./order.js";
import type { Digest, Message, News, SenderType, Session, SessionStatus } from "./types.js";

type Fields = Record<string, unknown>;

const STATUSES: readonly string[] = ["pending", "active", "resolved"] satisfies SessionStatus[];
const SENDERS: readonly string[] = ["player", "staff"] satisfies SenderType[];

function fields(value: unknown): Fields | null {
  return typeof value === "object" && value !== null ? (value as Fields) : null;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function time(value: unknown): number {
  return typeof value === "string" ? micros(value) : Number.NaN;
}

/** The message that the history or an event tells of, or null when it is none. */
export function parseMessage(value: unknown): Message | null {
  const from = fields(value);
  if (from === null) return null;
  const { messageId, playerId, senderType, content } = from;
  const at = time(from.acceptedAt);
  if (typeof messageId !== "string" || typeof playerId !== "string") return null;
  if (typeof content !== "string" || Number.isNaN(at)) return null;
  if (typeof senderType !== "string" || !SENDERS.includes(senderType)) return null;
  return {
    messageId,
    playerId,
    playerName: text(from.playerName),
    senderType: senderType as SenderType,
    senderId: text(from.senderId),
    senderName: text(from.senderName),
    content,
    at,
    seq: typeof from.seq === "number" ? from.seq : null,
    sessionId: text(from.sessionId),
    truncated: from.truncated === true,
  };
}

function parseNews(value: unknown): News[] {
  const from = fields(value);
  if (from === null) return [];
  const { playerId, count, lastMessageId } = from;
  const at = time(from.lastAcceptedAt);
  if (typeof playerId !== "string" || typeof lastMessageId !== "string") return [];
  if (typeof count !== "number" || Number.isNaN(at)) return [];
  return [{ playerId, playerName: text(from.playerName), count, messageId: lastMessageId, at }];
}

/** The messages that an event tells of together, or null when it tells of none. */
export function parseDigest(value: unknown): Digest | null {
  const from = fields(value);
  if (from === null) return null;
  const { players, unlisted } = from;
  const at = time(from.lastAcceptedAt);
  if (!Array.isArray(players) || typeof unlisted !== "number" || Number.isNaN(at)) return null;
  return { players: players.flatMap(parseNews), unlisted, at };
}

/** The session that the history or an event tells of, or null when it is none. */
export function parseSession(value: unknown, ofPlayer?: string): Session | null {
  const from = fields(value);
  if (from === null) return null;
  const playerId = ofPlayer ?? from.playerId;
  const { id, status, version } = from;
  const openedAt = time(from.openedAt);
  const lastMessageAt = time(from.lastMessageAt);
  if (typeof id !== "string" || typeof playerId !== "string") return null;
  if (typeof status !== "string" || !STATUSES.includes(status)) return null;
  if (typeof version !== "number" || Number.isNaN(openedAt + lastMessageAt)) return null;
  return {
    id,
    playerId,
    playerName: text(from.playerName),
    status: status as SessionStatus,
    openedAt,
    lastMessageAt,
    resolvedAt: typeof from.resolvedAt === "string" ? micros(from.resolvedAt) : null,
    version,
  };
}

/** Which of two sessions of one player is to be shown: the newer state, or the later session. */
export function newerSession(known: Session | null, heard: Session): Session {
  if (known === null) return heard;
  if (known.id === heard.id) return heard.version > known.version ? heard : known;
  return heard.openedAt > known.openedAt ? heard : known;
}
