import { useEffect, useState } from "react";
import { dayOf } from "../strings/formats.js";

/** How often it is looked whether the day is another one, in milliseconds. */
const LOOK_EVERY_MS = 30_000;

const today = (): number => dayOf(Date.now() * 1000);

/** The day that it is, as `dayOf` counts them. */
export function useToday(): number {
  const [day, setDay] = useState(today);
  useEffect(() => {
    const look = () => setDay(today());
    const timer = setInterval(look, LOOK_EVERY_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return day;
}
