import type { Attachments } from "../../core/attachments/attachments.js";
import { uploadProblem } from "../../core/attachments/problems.js";
import type { Attachment } from "../../core/types.js";
import { useObservable } from "../../hooks/useObservable.js";
import { Icon } from "../Icon.js";
import { usePortal } from "../PortalContext.js";

interface UploadOverlayProps {
  readonly attachments: Attachments;
  readonly file: Attachment;
  readonly onCancel: () => void;
}

/** How far a file of a message is that is not sent yet. */
export function UploadOverlay({ attachments, file, onCancel }: UploadOverlayProps) {
  useObservable(attachments.uploads);
  const { strings } = usePortal();
  const upload = attachments.uploads.stateOf(file.attachmentId);
  if (upload === null || upload.state === "done" || upload.state === "failed") return null;
  return (
    <div className="ppc-upload">
      {upload.state === "uploading" ? (
        <Progress name={file.name} fraction={upload.fraction} />
      ) : (
        <span className="ppc-upload-text">
          {strings.attachments.problems[uploadProblem(upload.wait.failure)]}
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
        <span className="ppc-hidden">{strings.attachments.cancel(file.name)}</span>
      </button>
    </div>
  );
}

/** A bar with the part of a file that is uploaded. */
export function Progress({ name, fraction }: { name: string; fraction: number }) {
  const { attachments } = usePortal().strings;
  const percent = Math.round(fraction * 100);
  return (
    <span
      className="ppc-progress"
      role="progressbar"
      aria-label={attachments.uploading(name)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <span style={{ inlineSize: `${percent}%` }} />
    </span>
  );
}
