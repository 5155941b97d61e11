import { useEffect, useState } from "react";
import type { Chat } from "../core/chat.js";
import type { Inbox } from "../core/inbox/inbox.js";

/** The staff's inbox, open while the component is mounted; null before. */
export function useInbox(chat: Chat): Inbox | null {
  const [inbox, setInbox] = useState<Inbox | null>(null);
  useEffect(() => {
    const opened = chat.inbox();
    opened.open();
    setInbox(opened);
    return () => {
      setInbox(null);
      opened.close();
    };
  }, [chat]);
  return inbox;
}
