import { type RefObject, useEffect, useRef } from "react";

/** The action of each key. */
export type Shortcuts = Readonly<Record<string, () => void>>;

/** After a key in a text field no shortcut runs for this long, in milliseconds. */
const AFTER_TYPING_MS = 1_000;

/**
 * Runs `shortcuts` for keys pressed within `place`, or while no element of the page has the focus;
 * but not in editable elements. The keys of a user who types on after a text field has lost the
 * focus, or has disappeared, run none: not within a second, and not before the user moves the focus.
 */
export function useShortcuts(
  place: RefObject<HTMLElement | null>,
  shortcuts: Shortcuts,
  enabled: boolean,
): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    const { current: element } = place;
    if (!enabled || element === null) return;
    // The text field with the focus, and when a key was last pressed in it.
    let field: Element | null = null;
    let typedAt = Number.NEGATIVE_INFINITY;
    const forget = () => {
      field = null;
      typedAt = Number.NEGATIVE_INFINITY;
    };
    const focus = ({ target }: FocusEvent) => {
      field = target instanceof HTMLTextAreaElement ? target : null;
    };
    const watch = (event: KeyboardEvent) => {
      // The user leaves the field.
      if (event.key === "Escape" || event.key === "Tab") return forget();
      const [target] = event.composedPath();
      if (!(target instanceof HTMLTextAreaElement) || !element.contains(target)) return;
      field = target;
      typedAt = event.timeStamp;
    };
    /** Whether the key was meant for a text field. */
    const isTyped = (event: KeyboardEvent) => {
      const isLost = field !== null && !isFocused(field);
      return isLost || event.timeStamp - typedAt < AFTER_TYPING_MS;
    };
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isComposing(event)) return;
      if (event.defaultPrevented || isEditable(event.composedPath()[0])) return;
      const action = latest.current[keyOf(event)];
      if (action === undefined || isTyped(event)) return;
      event.preventDefault();
      action();
    };
    const pressOutside = (event: KeyboardEvent) => {
      const [target] = event.composedPath();
      if (target === document.body || target === document.documentElement) press(event);
    };
    element.addEventListener("focusin", focus);
    document.addEventListener("pointerdown", forget, true);
    addEventListener("popstate", forget);
    document.addEventListener("keydown", watch, true);
    element.addEventListener("keydown", press);
    document.addEventListener("keydown", pressOutside);
    return () => {
      element.removeEventListener("focusin", focus);
      document.removeEventListener("pointerdown", forget, true);
      removeEventListener("popstate", forget);
      document.removeEventListener("keydown", watch, true);
      element.removeEventListener("keydown", press);
      document.removeEventListener("keydown", pressOutside);
    };
  }, [place, enabled]);
}

/** Whether the key composes a character in an IME. Safari marks the last one by its code only. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/** Whether `element` has the focus, also within a shadow root. */
function isFocused(element: Element): boolean {
  const root = element.getRootNode();
  return (root as Document | ShadowRoot).activeElement === element;
}

const EDITABLE = "input, textarea, select, dialog, [role='textbox'], [role='searchbox']";

/** Whether the user types into `target`. */
export function isEditable(target: EventTarget | undefined): boolean {
  if (!(target instanceof Element)) return false;
  return target.closest(EDITABLE) !== null || (target as HTMLElement).isContentEditable;
}

/** The key's letter; on layouts without Latin letters, the letter at its position. */
export function keyOf({
  key,
  code,
  shiftKey,
}: Pick<KeyboardEvent, "key" | "code" | "shiftKey">): string {
  if (key.length !== 1) return key;
  const isNotLatin = /[^\p{ASCII}\p{Script=Latin}]/u.test(key);
  // On some of those layouts the slash key types a full stop or a comma.
  if (code === "Slash" && (isNotLatin || key === "." || key === ",")) return shiftKey ? "?" : "/";
  const letter = /^(?:Key|Digit)([A-Z0-9])$/.exec(code)?.[1];
  return (isNotLatin && letter !== undefined ? letter : key).toLowerCase();
}
