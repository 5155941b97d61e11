import { type MouseEvent, useRef } from "react";

/** A click that soon after another one belongs to a double-click, in milliseconds. */
const DOUBLE_CLICK_MS = 500;

/**
 * Ignores the second click of a double-click on the buttons within `selector`: the first one may
 * have put another button in the place. For `onClickCapture`.
 */
export function useDoubleClickGuard(selector: string): (event: MouseEvent<HTMLElement>) => void {
  const last = useRef(Number.NEGATIVE_INFINITY);
  return (event) => {
    // The keyboard clicks the button that has the focus, wherever it is.
    const isPointer = event.detail > 0;
    if (!isPointer || (event.target as Element).closest(selector) === null) return;
    const isSecond = event.timeStamp - last.current < DOUBLE_CLICK_MS;
    last.current = event.timeStamp;
    if (!isSecond) return;
    event.preventDefault();
    event.stopPropagation();
  };
}
