import type { SendRequest } from "../api/api.js";
import type { Failure } from "../api/failure.js";
import type { Attachment, SenderType } from "../types.js";

/** One of the user's own messages until it has arrived, as local storage has it. */
export interface OutboxItem {
  readonly messageId: string;
  readonly playerId: string;
  readonly playerName: string | null;
  readonly senderType: SenderType;
  readonly senderId: string | null;
  readonly senderName: string | null;
  /** The text; empty only with files. */
  readonly content: string;
  /** What the session is about that it opens: the id of a team. */
  readonly topic?: string;
  /** Its files, which are uploaded before it is sent. Absent for none. */
  readonly files?: readonly OutboxFile[];
  /** Whether its files were uploaded again, because the gateway refused their tokens. */
  readonly renewed?: boolean;
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

/** A file of an unsent message. Its bytes are in a `BlobStorage`. */
export interface OutboxFile extends Attachment {
  /** The gateway's proof that it has the bytes; null before they are uploaded. */
  readonly token: string | null;
  /** Until when the token is valid, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Whether it is neither accepted nor refused. */
export function isUnsent(item: OutboxItem): boolean {
  return item.acceptedAt === null && item.refused === null;
}

/** Whether the gateway has the bytes of a file for at least another minute; `now` in milliseconds. */
export function isUploaded({ token, expiresAt }: OutboxFile, now: number): boolean {
  return token !== null && expiresAt - now > 60_000;
}

/** The files of an item as of a message. */
export function attachmentsOf({ files = [] }: OutboxItem): readonly Attachment[] {
  return files.map(({ token: _, expiresAt: __, ...attachment }) => attachment);
}

/** The request of an item; the same for each attempt, but for the tokens of its files. */
export function requestOf(item: OutboxItem): SendRequest {
  const { messageId, playerId, playerName, senderType, senderId, senderName, content, topic } =
    item;
  const attachments = item.files?.flatMap(({ token }) => token ?? []) ?? [];
  const request = {
    messageId,
    playerId,
    senderType,
    // Without a text the gateway takes the first file's name.
    ...(content === "" ? {} : { content }),
    ...(attachments.length === 0 ? {} : { attachments }),
    ...(playerName === null ? {} : { playerName }),
    ...(senderId === null ? {} : { senderId }),
    ...(senderName === null ? {} : { senderName }),
    ...(topic === undefined ? {} : { topic }),
  };
  return request as SendRequest;
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
