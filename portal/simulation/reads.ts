import type { ReadMarksSetting } from "../src/core/config.js";
import { MOST_UNANSWERED } from "../src/core/inbox/row.js";
import {
  type Conversation,
  type Store,
  type StoredRead,
  unansweredMessages,
  unreadMessages,
  waitingSince,
} from "./store.js";
import { deskSessionOf, historyOf, json, rfc3339, sessionOf } from "./wire.js";

/** The caller of a read. */
export interface Caller {
  /** As a reader of a conversation; null when the call does not say. */
  readonly reader: string | null;
  readonly readMarks: ReadMarksSetting;
}

const STAFF = "staff:";

/** How far each side has read, as the caller may see it. */
function readsOf({ reads }: Conversation, { reader, readMarks }: Caller): object {
  if (readMarks === "off") return {};
  const isStaff = reader?.startsWith(STAFF) ?? false;
  const player = reads.get("player");
  const [staff] = [...reads]
    .filter(([name]) => name.startsWith(STAFF))
    .map(([, read]) => read)
    .sort((a, b) => b.seq - a.seq);
  const mine = isStaff ? reads.get(reader ?? "") : undefined;
  const isStaffShown = staff !== undefined && (isStaff || readMarks === "both");
  return {
    reads: {
      ...(player === undefined ? {} : { player: readOf(player) }),
      ...(isStaffShown ? { staff: readOf(staff) } : {}),
      ...(mine === undefined ? {} : { mine: { seq: mine.seq } }),
    },
  };
}

function readOf({ seq, messageId, readAt }: StoredRead): object {
  return { seq, ...(messageId === null ? {} : { messageId }), at: rfc3339(readAt) };
}

/** A page of a conversation, with at least `pageSize` messages. */
export function readHistory(
  store: Store,
  playerId: string,
  query: URLSearchParams,
  pageSize: number,
  caller: Caller,
): Response {
  const conversation = store.conversation(playerId);
  const { messages, session, lastSeq } = conversation;
  const limit = Math.max(pageSize, Number(query.get("limit") ?? 50));
  const viewOf = caller.reader?.startsWith(STAFF) ? deskSessionOf : sessionOf;
  const head = {
    playerId,
    session: session === null ? null : viewOf(session),
    ...readsOf(conversation, caller),
  };
  const after = query.get("after");
  if (after !== null) {
    const missed = messages.filter(({ seq }) => seq > Number(after)).sort((a, b) => a.seq - b.seq);
    const page = missed.slice(0, limit);
    const more = missed.length > limit;
    const last = more ? (page.at(-1)?.seq ?? lastSeq) : lastSeq;
    const nextCursor = more ? String(last) : null;
    return json(200, { ...head, messages: page.map(historyOf), nextCursor, lastSeq: last });
  }
  const before = query.get("before");
  const end =
    before === null ? messages.length : messages.findIndex((one) => one.messageId === before);
  const start = Math.max(0, end - limit);
  const nextCursor = start > 0 ? (messages[start]?.messageId ?? null) : null;
  const page = messages.slice(start, end).map(historyOf);
  return json(200, { ...head, messages: page, nextCursor, lastSeq });
}

/** The number of unanswered player's messages, up to `MOST_UNANSWERED`. */
export const unanswered = (conversation: Conversation): number =>
  Math.min(MOST_UNANSWERED, unansweredMessages(conversation).length);

/** The number of unread messages, up to `MOST_UNANSWERED`. */
export const unread = (conversation: Conversation, reader: string): number =>
  Math.min(MOST_UNANSWERED, unreadMessages(conversation, reader).length);

/** A page of the inbox. */
export function readInbox(store: Store, query: URLSearchParams, caller: Caller): Response {
  const limit = Number(query.get("limit") ?? 50);
  const start = Number(query.get("cursor") ?? 0);
  const statuses = (query.get("status") ?? "pending").split(",");
  const all = store.inbox(statuses, query.get("order") ?? "latest", query.get("assignee"));
  const conversations = all.slice(start, start + limit).flatMap(({ playerId, conversation }) => {
    const last = conversation.messages.at(-1);
    const { session } = conversation;
    if (last === undefined || session === null) return [];
    const since = waitingSince(conversation);
    const row = {
      playerId,
      session: deskSessionOf(session),
      lastMessage: historyOf(last),
      unansweredCount: unanswered(conversation),
      waitingSince: since === null ? null : rfc3339(since),
      ...marksOf(conversation, caller),
    };
    return [row];
  });
  const nextCursor = start + limit < all.length ? String(start + limit) : null;
  return json(200, { conversations, nextCursor });
}

/** The fields of a conversation in the inbox that come from read marks. */
function marksOf(conversation: Conversation, { reader, readMarks }: Caller): object {
  if (readMarks === "off" || reader === null) return {};
  const playerReadSeq = conversation.reads.get("player")?.seq;
  return {
    unreadCount: unread(conversation, reader),
    ...(playerReadSeq === undefined ? {} : { playerReadSeq }),
  };
}
