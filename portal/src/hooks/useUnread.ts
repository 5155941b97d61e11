import { useEffect, useState } from "react";
import type { Chat } from "../core/chat.js";
import type { Conversation } from "../core/conversation/conversation.js";
import { useLookedAt } from "./useLookedAt.js";

/** What is in sight for so long has been read, in milliseconds: before that it is passed on the way to another. */
const READ_AFTER_MS = 1_000;

/**
 * How many messages have arrived since the reader last saw the end of the conversation, in this tab or in
 * another of the same user.
 */
export function useUnread(chat: Chat, conversation: Conversation, atEnd: boolean): number {
  const seen = useLookedAt() && atEnd;
  /** When each of them was accepted, in microseconds since 1970. */
  const [unread, setUnread] = useState<readonly number[]>([]);
  const newest = conversation.timeline.newest?.at ?? 0;
  const { playerId } = conversation;

  useEffect(() => {
    if (!seen || newest === 0) return;
    const timer = setTimeout(() => chat.markRead(playerId, newest), READ_AFTER_MS);
    return () => clearTimeout(timer);
  }, [chat, playerId, seen, newest]);
  useEffect(() => {
    if (seen) setUnread([]);
    return conversation.onArrival(({ at }) => {
      if (!seen) setUnread((before) => [...before, at]);
    });
  }, [conversation, seen]);
  useEffect(
    () =>
      chat.onRead(() => {
        const mark = chat.readUpTo(playerId);
        setUnread((before) =>
          before.some((at) => at <= mark) ? before.filter((at) => at > mark) : before,
        );
      }),
    [chat, playerId],
  );
  return unread.length;
}
