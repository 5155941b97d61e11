import { useCallback, useState } from "react";

/** What is being written, and not sent yet: kept until the tab is closed. */
export function useDraft(key: string): [string, (text: string) => void] {
  const storageKey = `player-portal-chat/draft/${key}`;
  const [draft, setDraft] = useState(() => read(storageKey));
  const change = useCallback(
    (text: string) => {
      setDraft(text);
      write(storageKey, text);
    },
    [storageKey],
  );
  return [draft, change];
}

function read(key: string): string {
  try {
    return sessionStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function write(key: string, text: string): void {
  try {
    if (text === "") sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, text);
  } catch {
    // Without storage it lasts as long as the component.
  }
}
