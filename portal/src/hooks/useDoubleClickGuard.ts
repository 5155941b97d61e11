import { type MouseEvent, useRef } from "react";

/** A click that soon after another one may belong to a double-click, in milliseconds. */
const DOUBLE_CLICK_MS = 500;

/** A hand that double-clicks moves less than this, in CSS pixels. */
const DOUBLE_CLICK_PX = 8;

/**
 * Ignores the second click of a double-click on the buttons within `selector`: the first one may
 * have put another button in the place. For `onClickCapture`.
 */
export function useDoubleClickGuard(selector: string): (event: MouseEvent<HTMLElement>) => void {
  const last = useRef({ at: Number.NEGATIVE_INFINITY, x: 0, y: 0 });
  return (event) => {
    // The keyboard clicks the button that has the focus, wherever it is.
    const isPointer = event.detail > 0;
    if (!isPointer || (event.target as Element).closest(selector) === null) return;
    const { timeStamp: at, clientX: x, clientY: y } = event;
    const { current: first } = last;
    last.current = { at, x, y };
    const isNear = Math.hypot(x - first.x, y - first.y) < DOUBLE_CLICK_PX;
    const isSoon = at - first.at < DOUBLE_CLICK_MS;
    // The user's system may allow more time between the two: the browser counts these clicks.
    if (event.detail === 1 && !(isNear && isSoon)) return;
    event.preventDefault();
    event.stopPropagation();
  };
}
