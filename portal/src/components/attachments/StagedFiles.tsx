import { type RefObject, useCallback } from "react";
import type { Attachments } from "../../core/attachments/attachments.js";
import { isPicture, shownType } from "../../core/attachments/names.js";
import { uploadProblem } from "../../core/attachments/problems.js";
import type { StagingProblem } from "../../core/attachments/staging.js";
import type { UploadState } from "../../core/attachments/uploads.js";
import type { AttachmentsConfig } from "../../core/config.js";
import type { OutboxFile } from "../../core/outbox/item.js";
import { useFileDrag } from "../../hooks/useFileDrag.js";
import { useFileStrings } from "../../hooks/useFileStrings.js";
import { useObservable } from "../../hooks/useObservable.js";
import type { FileStrings } from "../../strings/files.en.js";
import type { Formats } from "../../strings/formats.js";

import { Announcer } from "../Announcer.js";
import { Icon } from "../Icon.js";
import { usePortal } from "../PortalContext.js";
import { LocalPicture } from "./LocalPicture.js";
import { Progress } from "./UploadOverlay.js";

export interface StagedFilesProps {
  readonly attachments: Attachments;
  readonly playerId: string;
  readonly limits: AttachmentsConfig;
  /** Whether no files are taken yet. */
  readonly isOff: boolean;
  /** The composer's field. */
  readonly field: RefObject<HTMLElement | null>;
}

/** The files of the message that the user writes, why others were not taken, and where to drop them. */
export function StagedFiles({ attachments, playerId, limits, isOff, field }: StagedFilesProps) {
  const { staging, uploads } = attachments;
  useObservable(staging);
  useObservable(uploads);
  const { formats } = usePortal();
  const words = useFileStrings();
  const files = staging.filesOf(playerId);
  const isDragging = useFileDrag(field);
  const problems = staging.problemsOf(playerId);
  const listen = useCallback(
    (say: (text: string) => void) => {
      // Each file is announced once, not with each of its attempts.
      const said = new Map<string, string>();
      return uploads.onState(({ file, playerId: player }, state) => {
        const text = player === playerId ? textOf(file, state, words) : null;
        if (text === null || said.get(file.attachmentId) === text) return;
        said.set(file.attachmentId, text);
        say(text);
      });
    },
    [uploads, playerId, words],
  );
  const isOnlyHere = files.some(({ attachmentId }) => attachments.isOnlyHere(attachmentId));

  return (
    <>
      {isDragging && (
        <div className="ppc-drop" data-off={isOff || undefined} aria-hidden="true">
          <p>
            <Icon name="clip" />
            {isOff ? words.notYet : words.drop}
          </p>
        </div>
      )}
      {files.length > 0 && (
        <ul className="ppc-staged" aria-label={words.staged}>
          {files.map((file) => (
            <StagedFile
              key={file.attachmentId}
              file={file}
              blob={attachments.local(file.attachmentId)}
              upload={uploads.stateOf(file.attachmentId)}
              onRetry={() => attachments.retry(playerId, file)}
              onRemove={() => {
                staging.remove(playerId, file.attachmentId);
                field.current?.focus();
              }}
            />
          ))}
        </ul>
      )}
      <div className="ppc-staging-notes" role="status">
        {problems.map((problem) => (
          <p key={problem.name}>{problemText(problem, limits, words, formats)}</p>
        ))}
        {isOnlyHere && <p>{words.onlyHere}</p>}
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
  const { formats } = usePortal();
  const words = useFileStrings();
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
              words.problems[problem]
            )}
          </span>
        )}
      </span>
      {problem !== null && (
        <button type="button" className="ppc-icon-button" onClick={onRetry}>
          <Icon name="retry" />
          <span className="ppc-hidden">{words.retry(name)}</span>
        </button>
      )}
      <button type="button" className="ppc-icon-button" onClick={onRemove}>
        <Icon name="close" />
        <span className="ppc-hidden">{words.remove(name)}</span>
      </button>
    </li>
  );
}

function problemOf(upload: UploadState | null): string | null {
  if (upload?.state === "failed") return uploadProblem(upload.failure);
  return upload?.state === "waiting" ? uploadProblem(upload.wait.failure) : null;
}

/** What is said about an upload; null for nothing. */
function textOf({ name }: OutboxFile, state: UploadState, words: FileStrings): string | null {
  if (state.state === "done") return words.ready(name);
  const problem = problemOf(state);
  return problem === null ? null : words.problem(name, words.problems[problem] ?? "");
}

function problemText(
  { kind, name }: StagingProblem,
  { maxBytes, maxOfMessage, types }: AttachmentsConfig,
  words: FileStrings,
  formats: Formats,
): string {
  switch (kind) {
    case "tooLarge":
      return words.tooLarge(name, formats.size(maxBytes));
    case "type": {
      const names = [...new Set(types.map(shownType))];
      return words.typeNotAllowed(name, names.join(", "));
    }
    case "tooMany":
      return words.tooMany(name, maxOfMessage);
    case "empty":
      return words.empty(name);
    case "notYet":
      return words.notYet;
    case "blocked":
      return words.blocked;
  }
}
