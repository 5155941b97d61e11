import { useCallback, useState } from "react";

/** A value in session storage under `key`, which survives a reload; null at first. */
export function useSessionStorage(key: string): readonly [string | null, (value: string) => void] {
  const [value, setValue] = useState(() => load(key));
  const change = useCallback(
    (next: string) => {
      setValue(next);
      try {
        sessionStorage.setItem(key, next);
      } catch {
        // Without storage the value lasts as long as the page.
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
