import { MOST_UNANSWERED } from "../src/core/inbox/row.js";
import { type Conversation, type Store, unansweredMessages, waitingSince } from "./store.js";
import { historyOf, json, rfc3339, sessionOf } from "./wire.js";

/** A page of a conversation, with at least `pageSize` messages. */
export function readHistory(
  store: Store,
  playerId: string,
  query: URLSearchParams,
  pageSize: number,
): Response {
  const { messages, session, lastSeq } = store.conversation(playerId);
  const limit = Math.max(pageSize, Number(query.get("limit") ?? 50));
  const head = { playerId, session: session === null ? null : sessionOf(session) };
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

/** A page of the inbox. */
export function readInbox(store: Store, query: URLSearchParams): Response {
  const limit = Number(query.get("limit") ?? 50);
  const start = Number(query.get("cursor") ?? 0);
  const statuses = (query.get("status") ?? "pending").split(",");
  const all = store.inbox(statuses, query.get("order") ?? "latest");
  const conversations = all.slice(start, start + limit).flatMap(({ playerId, conversation }) => {
    const last = conversation.messages.at(-1);
    const { session } = conversation;
    if (last === undefined || session === null) return [];
    const since = waitingSince(conversation);
    const row = {
      playerId,
      session: sessionOf(session),
      lastMessage: historyOf(last),
      unansweredCount: unanswered(conversation),
      waitingSince: since === null ? null : rfc3339(since),
    };
    return [row];
  });
  const nextCursor = start + limit < all.length ? String(start + limit) : null;
  return json(200, { conversations, nextCursor });
}
