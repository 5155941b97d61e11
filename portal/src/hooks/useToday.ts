import { useEffect, useState } from "react";
import { dayOf } from "../strings/formats.js";

/** How often the day is checked, in milliseconds. */
const CHECK_EVERY_MS = 30_000;

const today = (): number => dayOf(Date.now() * 1000);

/** Today, as `dayOf` counts days. */
export function useToday(): number {
  const [day, setDay] = useState(today);
  useEffect(() => {
    const check = () => setDay(today());
    const timer = setInterval(check, CHECK_EVERY_MS);
    document.addEventListener("visibilitychange", check);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", check);
    };
  }, []);
  return day;
}
