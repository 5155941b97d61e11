import { Dialog } from "../Dialog.js";

interface SendGuardProps {
  readonly title: string;
  /** The question. */
  readonly question: string;
  /** The reply; empty when it has files only. */
  readonly text: string;
  readonly send: string;
  readonly back: string;
  /** Whether it has text of a note. */
  readonly isNote: boolean;
  readonly onSend: () => void;
  readonly onClose: () => void;
}

/** Asks before a reply is sent to the player. */
export function SendGuard(props: SendGuardProps) {
  const { title, question, text, send, back, isNote, onSend, onClose } = props;
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="ppc-guard">
        <p dir="auto">{question}</p>
        {text !== "" && (
          <blockquote className="ppc-guard-text" data-note={isNote || undefined} dir="auto">
            {text.slice(0, 400)}
          </blockquote>
        )}
        <div className="ppc-dialog-actions">
          <button type="button" className="ppc-button" onClick={onSend}>
            {send}
          </button>
          <button
            // The dialog gives the focus to the harmless answer.
            ref={(element) => element?.setAttribute("autofocus", "")}
            type="button"
            className="ppc-button ppc-button-main"
            onClick={onClose}
          >
            {back}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
