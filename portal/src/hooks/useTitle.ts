import { useEffect } from "react";

/** Prefixes the page's title with the number of unread messages. */
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
