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
  | "lost"
  | "refused";

const BY_SLUG: Readonly<Record<string, UploadProblem>> = {
  "body-too-large": "tooLarge",
  "attachment-too-large": "tooLarge",
  "unsupported-media-type": "type",
  "attachment-type": "type",
  infected: "infected",
  "attachment-infected": "infected",
  "invalid-attachment": "unreadable",
  forbidden: "forbidden",
  "file-lost": "lost",
};

/** The problem of a failed upload. */
export function uploadProblem(failure: Failure): UploadProblem {
  const slug = "type" in failure ? (failure.type?.split(":").at(-1) ?? "") : "";
  switch (failure.kind) {
    case "unreachable":
      return "away";
    case "signedOut":
      return "signedOut";
    case "busy":
      return slug.includes("quota") || slug.includes("too-many") ? "quota" : "away";
    case "refused":
      return BY_SLUG[slug] ?? bySubject(slug) ?? "refused";
  }
}

/** The problem of a message that was not sent because of a file; null for any other reason. */
export function fileProblem(failure: Failure): string | null {
  if (failure.kind !== "refused") return uploadProblem(failure);
  const type = failure.type ?? "";
  if (type.startsWith(FILE_PROBLEM)) return type.slice(FILE_PROBLEM.length);
  return null;
}

/** The problem of a type that this release does not know, by the words in it. */
function bySubject(slug: string): UploadProblem | null {
  if (slug.includes("infected") || slug.includes("virus")) return "infected";
  if (slug.includes("large")) return "tooLarge";
  if (slug.includes("picture") || slug.includes("image") || slug.includes("pixels"))
    return "unreadable";
  return slug.includes("type") ? "type" : null;
}
