import { type ReactNode, useId, useRef } from "react";
import { useModal } from "../hooks/useModal.js";
import { Icon } from "./Icon.js";
import { usePortal } from "./PortalContext.js";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A modal dialog, which takes the focus and returns it. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const { strings } = usePortal();
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useModal(dialog);
  return (
    <dialog ref={dialog} className="ppc-dialog" aria-labelledby={heading} onClose={onClose}>
      <header>
        <h2 id={heading}>{title}</h2>
        <button type="button" className="ppc-icon-button" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
          <span className="ppc-hidden">{strings.settings.close}</span>
        </button>
      </header>
      {children}
    </dialog>
  );
}
