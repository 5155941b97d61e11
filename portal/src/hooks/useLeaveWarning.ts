import { useEffect } from "react";
import type { Chat } from "../core/chat.js";

/** Makes the browser ask before leaving the page while that would lose a message. */
export function useLeaveWarning(chat: Chat | null): void {
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      if (chat?.wouldLose) event.preventDefault();
    };
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [chat]);
}
