import { type RefObject, useEffect } from "react";

/** Opens a dialog as a modal one while the component is mounted, and returns the focus afterwards. */
export function useModal(dialog: RefObject<HTMLDialogElement | null>): void {
  useEffect(() => {
    const { current: element } = dialog;
    const root = element?.getRootNode() as Document | ShadowRoot | undefined;
    const before = root?.activeElement;
    element?.showModal();
    return () => {
      // The browser returns the focus from a closed dialog, but not from a removed one.
      const isLost = root?.activeElement == null || root.activeElement === document.body;
      if (isLost && before instanceof HTMLElement) before.focus();
    };
  }, [dialog]);
}
