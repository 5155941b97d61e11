import { useSyncExternalStore } from "react";

const subscribe = (listener: () => void) => {
  document.addEventListener("visibilitychange", listener);
  addEventListener("focus", listener);
  addEventListener("blur", listener);
  return () => {
    document.removeEventListener("visibilitychange", listener);
    removeEventListener("focus", listener);
    removeEventListener("blur", listener);
  };
};

/** Whether the page is in sight, and its window the one that is used. */
export const isLookedAt = (): boolean =>
  document.visibilityState === "visible" && document.hasFocus();

/** Whether the page is looked at. */
export function useLookedAt(): boolean {
  return useSyncExternalStore(subscribe, isLookedAt, () => true);
}
