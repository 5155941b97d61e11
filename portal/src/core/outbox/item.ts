import type { SendRequest } from "../api/api.js";
import type { Failure } from "../api/failure.js";
import type { SenderType } from "../types.js";

/** A message of one's own that is not known to have arrived, as local storage keeps it. */
export interface OutboxItem {
  readonly messageId: string;
  readonly playerId: string;
  readonly playerName: string | null;
  readonly senderType: SenderType;
  readonly senderId: string | null;
  readonly senderName: string | null;
  readonly content: string;
  /** When it was written, in milliseconds since 1970. */
  readonly writtenAt: number;
  /** The tab that sends it. */
  readonly owner: string;
  /** Until when the other tabs leave it to its owner, in milliseconds since 1970. */
  readonly leaseUntil: number;
  /** When it was accepted, in microseconds since 1970. */
  readonly acceptedAt: number | null;
  /** Why it is not sent any more. */
  readonly refused: { readonly failure: Failure | null } | null;
  /** Its writer has taken it back. */
  readonly discarded: boolean;
}

/** Whether it is still to be sent. */
export function isOpen(item: OutboxItem): boolean {
  return item.acceptedAt === null && item.refused === null;
}

/** What is sent of an item: the same each time. */
export function requestOf(item: OutboxItem): SendRequest {
  const { messageId, playerId, playerName, senderType, senderId, senderName, content } = item;
  return {
    messageId,
    playerId,
    senderType,
    content,
    ...(playerName === null ? {} : { playerName }),
    ...(senderId === null ? {} : { senderId }),
    ...(senderName === null ? {} : { senderName }),
  };
}

/** Reads what was kept; null when it is not one of ours. */
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
