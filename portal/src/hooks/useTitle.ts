import { useEffect } from "react";

/** Puts the number of unread messages before the page's title. */
export function useTitle(unread: number, enabled: boolean): void {
  useEffect(() => {
    if (!enabled || unread === 0) return;
    const { title } = document;
    document.title = `(${unread}) ${title}`;
    return () => {
      document.title = title;
    };
  }, [unread, enabled]);
}
