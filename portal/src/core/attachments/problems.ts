import type { Failure } from "../api/failure.js";

/** The problem types of messages that are not sent because of a file begin with this. */
export const FILE_PROBLEM = "urn:problem-type:player-portal-chat:file-";

/** The failure of a file whose bytes this browser no longer has. */
export const FILE_LOST: Failure = { kind: "refused", type: `${FILE_PROBLEM}lost`, detail: "" };

/** What keeps a file from being uploaded. */
export type UploadProblem =
  /** It is repeated: the network, the store or the scanner is away. */
  | "away"
  /** It is repeated: the user has uploaded too much for now. */
  | "quota"
  /** It is repeated after the user has signed in. */
  | "signedOut"
  | "tooLarge"
  | "type"
  | "infected"
  | "unreadable"
  | "forbidden"
  | "off"
  | "lost"
  | "refused";

/** By the last segment of the problem's type. */
const BY_TYPE: Readonly<Record<string, UploadProblem>> = {
  "too-many-uploads": "quota",
  "too-many-calls": "quota",
  "body-too-large": "tooLarge",
  "attachment-type": "type",
  "attachment-infected": "infected",
  "attachment-rejected": "unreadable",
  "attachments-off": "off",
  forbidden: "forbidden",
  "file-lost": "lost",
};

/** The problem of a failed upload. */
export function uploadProblem(failure: Failure): UploadProblem {
  if (failure.kind === "unreachable") return "away";
  if (failure.kind === "signedOut") return "signedOut";
  const known = BY_TYPE[failure.type?.split(":").at(-1) ?? ""];
  if (failure.kind === "busy") return known ?? "away";
  return known ?? "refused";
}

/** The problem of a message that was not sent because of a file; null for any other reason. */
export function fileProblem(failure: Failure): string | null {
  if (failure.kind !== "refused") return uploadProblem(failure);
  const type = failure.type ?? "";
  return type.startsWith(FILE_PROBLEM) ? type.slice(FILE_PROBLEM.length) : null;
}
