import {
  type RefObject,
  useCallback,
  useLayoutEffect,
  useRef,
  useState,
  type WheelEvent,
} from "react";

/** Within this distance of the end, the list counts as at the bottom, in pixels. */
const BOTTOM = 60;

/** Keeps a list at its bottom until the user scrolls up. */
export interface AutoScroll {
  readonly isAtBottom: boolean;
  /** Scrolls to the bottom and keeps the list there. */
  scrollToBottom(): void;
  /** Whether the list is kept at the bottom. */
  readonly isKept: RefObject<boolean>;
  /** To be called when the list has scrolled. */
  onScroll(): void;
  /** To be called when a row was measured. */
  onResize(): void;
  /** Handlers for the element that scrolls. */
  readonly handlers: {
    onWheel(event: WheelEvent): void;
    onTouchMove(): void;
  };
}

export function useAutoScroll(scroller: RefObject<HTMLElement | null>): AutoScroll {
  const isKept = useRef(true);
  /** The `scrollTop` of the bottom, as last reached. */
  const bottom = useRef(0);
  const [isAtBottom, setAtBottom] = useState(true);

  const scrollToBottom = useCallback(() => {
    isKept.current = true;
    setAtBottom(true);
    const { current: element } = scroller;
    if (element === null) return;
    element.scrollTop = element.scrollHeight;
    bottom.current = element.scrollTop;
  }, [scroller]);

  // Rows measured while the user begins to scroll must not pull the list back.
  const release = useCallback(() => {
    if (scroller.current?.scrollTop) isKept.current = false;
  }, [scroller]);

  // A list that does not overflow is at its bottom and causes no scroll event.
  const onResize = useCallback(() => {
    const { scrollHeight = 0, clientHeight = 0 } = scroller.current ?? {};
    if (isKept.current || scrollHeight <= clientHeight) scrollToBottom();
  }, [scroller, scrollToBottom]);
  useLayoutEffect(() => {
    const { current: element } = scroller;
    if (element === null) return;
    const observer = new ResizeObserver(onResize);
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller, onResize]);

  const onScroll = useCallback(() => {
    const { current: element } = scroller;
    if (element === null) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    if (scrollHeight - clientHeight - scrollTop < BOTTOM) {
      isKept.current = true;
      bottom.current = scrollTop;
    } else if (scrollTop < bottom.current) {
      isKept.current = false;
    } else if (isKept.current) {
      // A row turned out higher than estimated: the user has not scrolled.
      scrollToBottom();
    }
    setAtBottom(isKept.current);
  }, [scroller, scrollToBottom]);

  const onWheel = useCallback(({ deltaY }: WheelEvent) => deltaY < 0 && release(), [release]);
  return {
    isAtBottom,
    scrollToBottom,
    isKept,
    onScroll,
    onResize,
    handlers: { onWheel, onTouchMove: release },
  };
}
