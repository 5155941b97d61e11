import { type RefObject, useCallback, useEffect, useState, useSyncExternalStore } from "react";
import type { LinkKey, LinkState, Links } from "../core/attachments/links.js";

/** The link of an attachment; null before it was asked for. */
export function useAttachmentLink(links: Links, { attachmentId }: LinkKey): LinkState | null {
  const read = useCallback(() => links.stateOf(attachmentId), [links, attachmentId]);
  return useSyncExternalStore(links.subscribe, read, read);
}

/** So far from the visible part of the list an attachment counts as near, in pixels. */
const NEAR = 400;

/** Asks for the link of an attachment once `element` comes near the visible part of the list. */
export function useLinkWhenNear(
  element: RefObject<HTMLElement | null>,
  links: Links,
  { playerId, attachmentId, isStored }: LinkKey,
  isNeeded: boolean,
): void {
  useEffect(() => {
    const { current: place } = element;
    if (!isNeeded || place === null) return;
    const root = place.closest(".ppc-scroller");
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        observer.disconnect();
        links.request({ playerId, attachmentId, isStored });
      },
      { root, rootMargin: `${NEAR}px` },
    );
    observer.observe(place);
    return () => observer.disconnect();
  }, [element, links, playerId, attachmentId, isStored, isNeeded]);
}

/** How an image failed to load: its link is renewed the first time. */
export function useImageErrors(
  links: Links,
  key: LinkKey,
): { readonly hasFailed: boolean; onError(): void; again(): void } {
  const [failures, setFailures] = useState(0);
  return {
    hasFailed: failures > 1,
    onError: () => {
      setFailures((count) => count + 1);
      if (failures === 0) links.renew(key);
    },
    again: () => {
      setFailures(0);
      links.renew(key);
    },
  };
}
