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
export const hasPageFocus = (): boolean =>
  document.visibilityState === "visible" && document.hasFocus();

/** Whether the page is looked at. */
export function usePageFocus(): boolean {
  return useSyncExternalStore(subscribe, hasPageFocus, () => true);
}
