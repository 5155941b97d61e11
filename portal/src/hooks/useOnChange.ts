import { useEffect, useRef } from "react";
import { reportErrors } from "../core/listeners.js";

/** Calls `listener` with `value` at first and on each change. What the listener throws is reported. */
export function useOnChange<T>(listener: ((value: T) => void) | undefined, value: T): void {
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  // Braces, since React would call what a listener returns.
  useEffect(() => {
    reportErrors(() => latest.current?.(value));
  }, [value]);
}
