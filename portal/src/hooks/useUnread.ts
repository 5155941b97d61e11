import { useEffect, useState } from "react";
import type { Conversation } from "../core/conversation/conversation.js";
import { useLookedAt } from "./useLookedAt.js";

/** How many messages have arrived since the reader last saw the end of the conversation. */
export function useUnread(conversation: Conversation, atEnd: boolean): number {
  const seen = useLookedAt() && atEnd;
  const [unread, setUnread] = useState(0);
  useEffect(() => {
    if (seen) setUnread(0);
    return conversation.onArrival(() => {
      if (!seen) setUnread((count) => count + 1);
    });
  }, [conversation, seen]);
  return unread;
}
