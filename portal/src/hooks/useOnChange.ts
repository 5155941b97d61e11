import { useEffect, useRef } from "react";

/** Calls `listener` with `value` at first and on each change. */
export function useOnChange<T>(listener: ((value: T) => void) | undefined, value: T): void {
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => latest.current?.(value), [value]);
}
