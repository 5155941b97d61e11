import { useEffect, useLayoutEffect, useRef, useState } from "react";

/**
 * `value`, unchanged while a pointer is pressed. For what moves the rest of the page: a click on an
 * element that moves between press and release is lost.
 */
export function useSteady<T>(value: T): T {
  const [isPressed, setPressed] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const press = () => {
      clearTimeout(timer);
      setPressed(true);
    };
    // The click comes after the release.
    const release = () => {
      timer = setTimeout(() => setPressed(false));
    };
    addEventListener("pointerdown", press, true);
    addEventListener("pointerup", release, true);
    addEventListener("pointercancel", release, true);
    return () => {
      clearTimeout(timer);
      removeEventListener("pointerdown", press, true);
      removeEventListener("pointerup", release, true);
      removeEventListener("pointercancel", release, true);
    };
  }, []);
  const steady = useRef(value);
  useLayoutEffect(() => {
    if (!isPressed) steady.current = value;
  });
  return isPressed ? steady.current : value;
}
