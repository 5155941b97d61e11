import type { SendRequest } from "../api/api.js";
import type { Failure } from "../api/failure.js";
import type { SenderType } from "../types.js";

/** One of the user's own messages until it has arrived, as local storage has it. */
export interface OutboxItem {
  readonly messageId: string;
  readonly playerId: string;
  readonly playerName: string | null;
  readonly senderType: SenderType;
  readonly senderId: string | null;
  readonly senderName: string | null;
  readonly content: string;
  /** What the session is about that it opens: the id of a team. */
  readonly topic?: string;
  /** When the user wrote it, in milliseconds since 1970. */
  readonly writtenAt: number;
  /** The id of the tab that sends it. */
  readonly owner: string;
  /** Until when other tabs leave it to its owner, in milliseconds since 1970. */
  readonly leaseUntil: number;
  /** When it was accepted, in microseconds since 1970. */
  readonly acceptedAt: number | null;
  /** Why it is no longer sent; a null `failure` means that it waited for too long. */
  readonly refused: { readonly failure: Failure | null } | null;
  /** Whether the user deleted it. */
  readonly discarded: boolean;
}

/** Whether it is neither accepted nor refused. */
export function isUnsent(item: OutboxItem): boolean {
  return item.acceptedAt === null && item.refused === null;
}

/** The request of an item; the same for each attempt. */
export function requestOf(item: OutboxItem): SendRequest {
  const { messageId, playerId, playerName, senderType, senderId, senderName, content, topic } =
    item;
  return {
    messageId,
    playerId,
    senderType,
    content,
    ...(playerName === null ? {} : { playerName }),
    ...(senderId === null ? {} : { senderId }),
    ...(senderName === null ? {} : { senderName }),
    ...(topic === undefined ? {} : { topic }),
  };
}

/** Parses a stored item; null when it is invalid. */
export function readItem(text: string): OutboxItem | null {
  try {
    const item: unknown = JSON.parse(text);
    const complete =
      typeof item === "object" &&
      item !== null &&
      "messageId" in item &&
      "playerId" in item &&
      "content" in item &&
      "writtenAt" in item &&
      typeof item.content === "string";
    return complete ? (item as OutboxItem) : null;
  } catch {
    return null;
  }
}
