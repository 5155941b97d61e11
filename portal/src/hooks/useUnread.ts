import { useEffect, useState } from "react";
import type { Chat } from "../core/chat.js";
import type { Conversation } from "../core/conversation/conversation.js";
import { useLookedAt } from "./useLookedAt.js";

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
    if (seen && newest > 0) chat.markRead(playerId, newest);
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
