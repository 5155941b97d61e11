import { useEffect, useState } from "react";
import type { Chat } from "../core/chat.js";
import type { Conversation } from "../core/conversation/conversation.js";

/** The conversation with a player, open for as long as the component is there; null before it is. */
export function useConversation(chat: Chat, playerId: string): Conversation | null {
  const [conversation, setConversation] = useState<Conversation | null>(null);
  useEffect(() => {
    const opened = chat.conversation(playerId);
    opened.open();
    setConversation(opened);
    return () => {
      setConversation(null);
      opened.close();
    };
  }, [chat, playerId]);
  return conversation;
}
