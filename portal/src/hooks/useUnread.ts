import { useEffect, useState } from "react";
import type { Chat } from "../core/chat.js";
import type { Conversation } from "../core/conversation/conversation.js";
import { usePageFocus } from "./usePageFocus.js";

/**
 * A conversation in view this long counts as read, in milliseconds; shorter, the user passed it.
 */
const READ_AFTER_MS = 1_000;

/** The unread part of a conversation. */
export interface Unread {
  /** The number of messages that arrived since the user last saw the end. */
  readonly unread: number;
  /**
   * When the first message was accepted that was unread when the user came to it, in microseconds
   * since 1970; null for none.
   */
  readonly firstUnread: number | null;
}

/** The unread part of a conversation, for all tabs of the user. */
export function useUnread(chat: Chat, conversation: Conversation, atEnd: boolean): Unread {
  const seen = usePageFocus() && atEnd;
  const [{ unread, first }, setState] = useState<State>(NONE);
  const { playerId, timeline, loaded } = conversation;
  const newest = timeline.newest?.at ?? 0;
  const last = timeline.at(timeline.length - 1);
  const answeredAt = last !== undefined && last.delivery !== null ? last.at : 0;

  // Messages that arrived while the conversation was closed.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the messages are loaded
  useEffect(() => {
    const missed = loaded ? missedSince(chat, conversation) : [];
    setState({ unread: seen ? [] : missed, first: missed[0] ?? null });
  }, [chat, conversation, loaded]);
  useEffect(() => {
    if (!seen || newest === 0) return;
    const timer = setTimeout(() => conversation.markRead(), READ_AFTER_MS);
    return () => clearTimeout(timer);
  }, [conversation, seen, newest]);
  useEffect(() => {
    if (seen) setState(({ first }) => ({ unread: [], first }));
    return conversation.onArrival(({ at }) => {
      if (!seen && at > chat.readUpTo(playerId))
        setState(({ unread, first }) => ({
          unread: [...unread, at],
          first: unread.length === 0 ? at : first,
        }));
    });
  }, [chat, playerId, conversation, seen]);
  useEffect(
    () =>
      chat.onRead(() => {
        const mark = chat.readUpTo(playerId);
        setState((before) =>
          before.unread.some((at) => at <= mark)
            ? { ...before, unread: before.unread.filter((at) => at > mark) }
            : before,
        );
      }),
    [chat, playerId],
  );
  // An answer means that the user has read the messages above.
  return { unread: unread.length, firstUnread: answeredAt > (first ?? 0) ? null : first };
}

interface State {
  /** When each unread message was accepted, in microseconds since 1970. */
  readonly unread: readonly number[];
  readonly first: number | null;
}

const NONE: State = { unread: [], first: null };

/**
 * When the other side's messages since the last read one were accepted, in order. Empty when the
 * conversation was never read here, and when the first of them is not loaded.
 */
function missedSince(chat: Chat, { playerId, timeline, older }: Conversation): number[] {
  const mark = chat.readUpTo(playerId);
  if (mark === 0) return [];
  const missed: number[] = [];
  for (let index = timeline.length - 1; index >= 0; index -= 1) {
    const entry = timeline.at(index);
    if (entry === undefined || entry.at <= mark) return missed.reverse();
    if (entry.senderType !== chat.identity.role) missed.push(entry.at);
  }
  return older === "none" ? missed.reverse() : [];
}
