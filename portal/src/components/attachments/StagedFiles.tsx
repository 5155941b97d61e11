import { useCallback } from "react";
import type { Attachments } from "../../core/attachments/attachments.js";
import { isPicture, shownType } from "../../core/attachments/names.js";
import { uploadProblem } from "../../core/attachments/problems.js";
import type { StagingProblem } from "../../core/attachments/staging.js";
import type { UploadState } from "../../core/attachments/uploads.js";
import type { AttachmentsConfig } from "../../core/config.js";
import type { OutboxFile } from "../../core/outbox/item.js";
import { useObservable } from "../../hooks/useObservable.js";
import type { Formats } from "../../strings/formats.js";
import type { Strings } from "../../strings/index.js";
import { Announcer } from "../Announcer.js";
import { Icon } from "../Icon.js";
import { usePortal } from "../PortalContext.js";
import { LocalPicture } from "./LocalPicture.js";
import { Progress } from "./UploadOverlay.js";

export interface StagedFilesProps {
  readonly attachments: Attachments;
  readonly playerId: string;
  readonly limits: AttachmentsConfig;
  /** Moves the focus to the field. */
  readonly onRemoved: () => void;
}

/** The files of the message that the user writes, and why others were not taken. */
export function StagedFiles({ attachments, playerId, limits, onRemoved }: StagedFilesProps) {
  const { staging, uploads } = attachments;
  useObservable(staging);
  useObservable(uploads);
  const { strings, formats } = usePortal();
  const files = staging.filesOf(playerId);
  const problems = staging.problemsOf(playerId);
  const listen = useCallback(
    (say: (text: string) => void) => {
      // Each file is announced once, not with each of its attempts.
      const said = new Map<string, string>();
      return uploads.onState(({ file, playerId: player }, state) => {
        const text = player === playerId ? textOf(file, state, strings) : null;
        if (text === null || said.get(file.attachmentId) === text) return;
        said.set(file.attachmentId, text);
        say(text);
      });
    },
    [uploads, playerId, strings],
  );
  const isOnlyHere = files.some(({ attachmentId }) => attachments.isOnlyHere(attachmentId));

  return (
    <>
      {files.length > 0 && (
        <ul className="ppc-staged" aria-label={strings.attachments.staged}>
          {files.map((file) => (
            <StagedFile
              key={file.attachmentId}
              file={file}
              blob={attachments.local(file.attachmentId)}
              upload={uploads.stateOf(file.attachmentId)}
              onRetry={() => attachments.retry(playerId, file)}
              onRemove={() => {
                staging.remove(playerId, file.attachmentId);
                onRemoved();
              }}
            />
          ))}
        </ul>
      )}
      <div className="ppc-staging-notes" role="status">
        {problems.map((problem) => (
          <p key={problem.name}>{problemText(problem, limits, strings, formats)}</p>
        ))}
        {isOnlyHere && <p>{strings.attachments.onlyHere}</p>}
      </div>
      <Announcer listen={listen} />
    </>
  );
}

interface StagedFileProps {
  readonly file: OutboxFile;
  readonly blob: Blob | null;
  readonly upload: UploadState | null;
  readonly onRetry: () => void;
  readonly onRemove: () => void;
}

function StagedFile({ file, blob, upload, onRetry, onRemove }: StagedFileProps) {
  const { strings, formats } = usePortal();
  const { name, contentType, size } = file;
  const problem = problemOf(upload);
  return (
    <li className="ppc-staged-file" data-state={upload?.state}>
      <span className="ppc-staged-picture" aria-hidden="true">
        {isPicture(contentType) && blob !== null ? (
          <LocalPicture blob={blob} name={name} longest={96} />
        ) : (
          <Icon name="file" />
        )}
      </span>
      <span className="ppc-file-text">
        <bdi className="ppc-file-name">{name}</bdi>
        {upload?.state === "uploading" ? (
          <Progress name={name} fraction={upload.fraction} />
        ) : (
          <span className="ppc-file-facts">
            {problem === null ? (
              <>
                {shownType(contentType)} · <bdi>{formats.size(size)}</bdi>
              </>
            ) : (
              strings.attachments.problems[problem]
            )}
          </span>
        )}
      </span>
      {problem !== null && (
        <button type="button" className="ppc-icon-button" onClick={onRetry}>
          <Icon name="retry" />
          <span className="ppc-hidden">{strings.attachments.retry(name)}</span>
        </button>
      )}
      <button type="button" className="ppc-icon-button" onClick={onRemove}>
        <Icon name="close" />
        <span className="ppc-hidden">{strings.attachments.remove(name)}</span>
      </button>
    </li>
  );
}

function problemOf(upload: UploadState | null): string | null {
  if (upload?.state === "failed") return uploadProblem(upload.failure);
  return upload?.state === "waiting" ? uploadProblem(upload.wait.failure) : null;
}

/** What is said about an upload; null for nothing. */
function textOf({ name }: OutboxFile, state: UploadState, { attachments }: Strings): string | null {
  if (state.state === "done") return attachments.ready(name);
  const problem = problemOf(state);
  return problem === null ? null : attachments.problem(name, attachments.problems[problem] ?? "");
}

function problemText(
  { kind, name }: StagingProblem,
  { maxBytes, maxOfMessage, types }: AttachmentsConfig,
  { attachments }: Strings,
  formats: Formats,
): string {
  switch (kind) {
    case "tooLarge":
      return attachments.tooLarge(name, formats.size(maxBytes));
    case "type": {
      const names = [...new Set(types.map(shownType))];
      return attachments.typeNotAllowed(name, names.join(", "));
    }
    case "tooMany":
      return attachments.tooMany(name, maxOfMessage);
    case "empty":
      return attachments.empty(name);
  }
}
