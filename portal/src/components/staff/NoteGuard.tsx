import { Dialog } from "../Dialog.js";
import { usePortal } from "../PortalContext.js";

interface NoteGuardProps {
  readonly text: string;
  readonly onSend: () => void;
  readonly onClose: () => void;
}

/** Asks before the text of a note is sent to the player. */
export function NoteGuard({ text, onSend, onClose }: NoteGuardProps) {
  const { notes } = usePortal().strings;
  return (
    <Dialog title={notes.guardTitle} onClose={onClose}>
      <div className="ppc-guard">
        <p>{notes.guardText}</p>
        <blockquote className="ppc-guard-text" dir="auto">
          {text.slice(0, 400)}
        </blockquote>
        <div className="ppc-dialog-actions">
          <button
            type="button"
            className="ppc-button"
            onClick={() => {
              onSend();
              onClose();
            }}
          >
            {notes.guardSend}
          </button>
          <button
            // The dialog gives the focus to the harmless answer.
            ref={(element) => element?.setAttribute("autofocus", "")}
            type="button"
            className="ppc-button ppc-button-main"
            onClick={onClose}
          >
            {notes.guardBack}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
