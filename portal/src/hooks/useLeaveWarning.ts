import { useEffect } from "react";
import type { Chat } from "../core/chat.js";

/** The browser asks before the page is left while a message would be lost by it. */
export function useLeaveWarning(chat: Chat | null): void {
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      if (chat?.wouldLose) event.preventDefault();
    };
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [chat]);
}
