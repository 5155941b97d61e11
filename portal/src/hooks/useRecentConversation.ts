import { useLayoutEffect, useState } from "react";
import type { Chat } from "../core/chat.js";
import type { Conversation } from "../core/conversation/conversation.js";
import { RecentlyShown } from "../core/conversation/recentlyShown.js";

interface Shown {
  readonly chat: Chat;
  readonly conversation: Conversation;
}

/** The conversation with a player; null for none. Recent ones stay open to be shown at once. */
export function useRecentConversation(chat: Chat, playerId: string | null): Conversation | null {
  const [recent, setRecent] = useState<RecentlyShown<Conversation> | null>(null);
  const [shown, setShown] = useState<Shown | null>(null);
  useLayoutEffect(() => {
    const made = new RecentlyShown((player) => chat.conversation(player));
    setRecent(made);
    return () => {
      setRecent(null);
      made.close();
    };
  }, [chat]);
  useLayoutEffect(() => {
    if (recent === null || playerId === null) return;
    const conversation = recent.show(playerId);
    setShown({ chat, conversation });
    return () => {
      setShown(null);
      recent.leave(conversation);
    };
  }, [chat, recent, playerId]);
  // Until the effects have run, `shown` may be the previous one.
  if (shown?.chat !== chat || shown.conversation.playerId !== playerId) return null;
  return shown.conversation;
}
