import { useCallback, useState } from "react";

/** A value that outlives a reload of the tab, kept as `key`; null at first. */
export function useSessionStorage(key: string): readonly [string | null, (value: string) => void] {
  const [value, setValue] = useState(() => load(key));
  const change = useCallback(
    (next: string) => {
      setValue(next);
      try {
        sessionStorage.setItem(key, next);
      } catch {
        // Without storage it lasts until the page is left.
      }
    },
    [key],
  );
  return [value, change];
}

function load(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}
