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

/** Whether the page is visible and its window has the focus. */
export const hasPageFocus = (): boolean =>
  document.visibilityState === "visible" && document.hasFocus();

export function usePageFocus(): boolean {
  return useSyncExternalStore(subscribe, hasPageFocus, () => true);
}
