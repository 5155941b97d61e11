import { useEffect, useState } from "react";
import type { Clock } from "../core/clock.js";

/** The gateway's time, at most `everyMs` old, in milliseconds since 1970. */
export function useNow(clock: Clock, everyMs: number): number {
  const [now, setNow] = useState(() => clock.now());
  useEffect(() => {
    const update = () => setNow(clock.now());
    update();
    const timer = setInterval(update, everyMs);
    const unsubscribe = clock.subscribe(update);
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  }, [clock, everyMs]);
  return now;
}
