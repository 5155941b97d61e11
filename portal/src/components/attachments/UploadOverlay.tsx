import type { Failure } from "../../core/api/failure.js";
import type { Attachments } from "../../core/attachments/attachments.js";
import { fileProblem, uploadProblem } from "../../core/attachments/problems.js";
import type { Attachment } from "../../core/types.js";
import { useFileStrings } from "../../hooks/useFileStrings.js";
import { useObservable } from "../../hooks/useObservable.js";
import { Icon } from "../Icon.js";

interface UploadOverlayProps {
  readonly attachments: Attachments;
  readonly file: Attachment;
  /** Why the message was not sent; null while it is on its way. */
  readonly failure: Failure | null;
  readonly onCancel: () => void;
}

/** How far a file of a message is that is not sent yet. */
export function UploadOverlay({ attachments, file, failure, onCancel }: UploadOverlayProps) {
  useObservable(attachments.uploads);
  const words = useFileStrings();
  const upload = attachments.uploads.stateOf(file.attachmentId);
  if (upload?.state !== "uploading" && upload?.state !== "waiting") {
    const problem =
      upload?.state === "failed"
        ? uploadProblem(upload.failure)
        : failure === null
          ? null
          : fileProblem(failure);
    return problem === null ? null : (
      <p className="ppc-upload ppc-upload-text">{words.problems[problem]}</p>
    );
  }
  return (
    <div className="ppc-upload">
      {upload.state === "uploading" ? (
        <Progress name={file.name} fraction={upload.fraction} />
      ) : (
        <span className="ppc-upload-text">
          {words.problems[uploadProblem(upload.wait.failure)]}
        </span>
      )}
      <button
        type="button"
        className="ppc-upload-cancel"
        onClick={({ currentTarget }) => {
          // The button disappears.
          currentTarget.closest<HTMLElement>(".ppc-scroller")?.focus();
          onCancel();
        }}
      >
        <Icon name="close" />
        <span className="ppc-hidden">{words.cancel(file.name)}</span>
      </button>
    </div>
  );
}

/** A bar with the part of a file that is uploaded. */
export function Progress({ name, fraction }: { name: string; fraction: number }) {
  const words = useFileStrings();
  const percent = Math.round(fraction * 100);
  return (
    <span
      className="ppc-progress"
      role="progressbar"
      aria-label={words.uploading(name)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <span style={{ inlineSize: `${percent}%` }} />
    </span>
  );
}
