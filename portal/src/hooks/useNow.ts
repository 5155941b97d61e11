import { useEffect, useState } from "react";
import type { Clock } from "../core/clock.js";

/** The gateway's time, in milliseconds since 1970, as it was at most `everyMs` ago. */
export function useNow(clock: Clock, everyMs: number): number {
  const [now, setNow] = useState(() => clock.now());
  useEffect(() => {
    const look = () => setNow(clock.now());
    look();
    const timer = setInterval(look, everyMs);
    return () => clearInterval(timer);
  }, [clock, everyMs]);
  return now;
}
