import { useLayoutEffect, useState } from "react";
import type { Chat } from "../core/chat.js";
import type { Conversation } from "../core/conversation/conversation.js";

interface Open {
  readonly chat: Chat;
  readonly conversation: Conversation;
}

/** The conversation with a player, open while the component is mounted; null before. */
export function useConversation(chat: Chat, playerId: string): Conversation | null {
  const [open, setOpen] = useState<Open | null>(null);
  useLayoutEffect(() => {
    const opened = chat.conversation(playerId);
    opened.open();
    setOpen({ chat, conversation: opened });
    return () => {
      setOpen(null);
      opened.close();
    };
  }, [chat, playerId]);
  // Until the effect has run, `open` may be the previous one.
  if (open === null || open.chat !== chat || open.conversation.playerId !== playerId) return null;
  return open.conversation;
}
