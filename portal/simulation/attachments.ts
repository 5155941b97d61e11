import { measurePicture } from "../src/core/attachments/picture.js";
import type { Uploader } from "../src/core/attachments/upload.js";
import type { AttachmentsConfig } from "../src/core/config.js";
import type { Attachment, Identity } from "../src/core/types.js";
import type { FaultSource } from "./faults.js";
import type { Store } from "./store.js";
import { json, problem, rfc3339 } from "./wire.js";

/** The limits of the simulated gateway. */
export const ATTACHMENTS: AttachmentsConfig = {
  maxBytes: 10 * 1024 * 1024,
  types: ["image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf", "text/plain"],
  for: "open",
  maxOfMessage: 5,
};

/** The bytes of a file, or what makes them. */
type Bytes = Blob | (() => Promise<Blob>);

/** What the rest of the simulated system does for files. */
export interface FileParts extends FaultSource {
  readonly store: Store;
  now(): number;
  wait(ms: number): Promise<void>;
}

/** A link is valid for this long, in milliseconds. */
const LINK_MS = 15 * 60 * 1000;
/** The number of steps in which a file arrives. */
const STEPS = 10;
const PATH = /\/conversations\/([^/]+)\/attachments\/([^/]+)$/;

/** The gateway's side of attachments, and its store. */
export class SimulatedAttachments {
  /** The limits; null takes no files. */
  limits: AttachmentsConfig | null = null;
  /** The uploads that arrived whole, whether or not they were accepted. */
  uploads = 0;
  /** The number of links that were asked for, by the file's id. */
  readonly asked = new Map<string, number>();
  /** So many of the next links lead to nothing. */
  brokenLinks = 0;
  readonly #parts: FileParts;
  readonly #bytes = new Map<string, Bytes>();

  constructor(parts: FileParts) {
    this.#parts = parts;
  }

  /** Stores the bytes of a file. */
  store(attachmentId: string, bytes: Bytes): void {
    this.#bytes.set(attachmentId, bytes);
  }

  /** Deletes the bytes of a file, like `gateway attachments erase`. */
  erase(attachmentId: string): void {
    this.#bytes.delete(attachmentId);
  }

  /** What sends the bytes of a user's files. */
  uploaderOf(user: Identity): Uploader {
    return async ({ url, token, blob, onProgress, signal }) => {
      const { faults } = this.#parts;
      const time = this.#parts.between(faults.upload);
      for (let step = 1; step <= STEPS; step += 1) {
        await this.#parts.wait(time / STEPS);
        if (signal.aborted || faults.networkFails) throw new TypeError("lost");
        onProgress(step / STEPS);
      }
      if (this.#parts.chance(faults.loseRequest)) throw new TypeError("lost");
      const answer = await this.#receive(new URL(url), token, blob, user);
      if (this.#parts.chance(faults.loseAnswer)) throw new TypeError("lost");
      return answer;
    };
  }

  /** The link of a file; null when the call is none of these. */
  async answer(request: Request): Promise<Response | null> {
    const [, playerId, attachmentId = ""] = PATH.exec(new URL(request.url).pathname) ?? [];
    if (playerId === undefined) return null;
    this.asked.set(attachmentId, 1 + (this.asked.get(attachmentId) ?? 0));
    const bytes = this.#bytes.get(attachmentId);
    const { messages } = this.#parts.store.conversation(decodeURIComponent(playerId));
    const all = messages.flatMap(({ attachments }) => attachments);
    const attachment = all.find((one) => one.attachmentId === attachmentId);
    if (this.#parts.faults.storeFails)
      return problem(503, "attachments-unavailable", { "Retry-After": "1" });
    if (bytes === undefined || attachment === undefined) return problem(404, "not-found");
    const expiresAt = rfc3339(this.#parts.now() + LINK_MS * 1000);
    if (this.brokenLinks > 0) {
      this.brokenLinks -= 1;
      return json(200, { url: "/nothing", thumbnailUrl: "/nothing", expiresAt });
    }
    const url = await dataUrl(bytes instanceof Blob ? bytes : await bytes());
    return json(200, { url, ...(attachment.thumbnail ? { thumbnailUrl: url } : {}), expiresAt });
  }

  /** The files of tokens; null when one is invalid. */
  filesOf(playerId: string, tokens: readonly unknown[]): Attachment[] | null {
    const files = tokens.map((token) => readToken(playerId, token));
    return files.every((file) => file !== null) ? files : null;
  }

  async #receive(
    { pathname, searchParams }: URL,
    token: string | null,
    blob: Blob,
    user: Identity,
  ): Promise<Response> {
    const { faults } = this.#parts;
    this.uploads += 1;
    const [, playerId = "", attachmentId = ""] = PATH.exec(pathname) ?? [];
    const player = decodeURIComponent(playerId);
    const { session } = this.#parts.store.conversation(player);
    const isOpen = session !== null && session.status !== "resolved";
    if (faults.token !== null && token !== faults.token) return problem(401, "unauthorized");
    if (this.limits === null) return problem(404, "not-found");
    const { for: audience, maxBytes, types } = this.limits;
    const isAllowed =
      user.role === "staff" || audience === "any" || (audience === "open" && isOpen);
    if (!isAllowed) return problem(403, "forbidden");
    if (faults.storeFails) return problem(503, "attachments-unavailable", { "Retry-After": "1" });
    if (faults.uploadRefusal !== null) {
      const { status, type, detail = type } = faults.uploadRefusal;
      return problem(status, type, status === 429 ? { "Retry-After": "60" } : {}, null, detail);
    }
    if (blob.size > maxBytes) return problem(413, "body-too-large");
    const name = searchParams.get("name") ?? "file";
    const contentType = types.includes(blob.type) ? blob.type : "text/plain";
    const size = contentType.startsWith("image/") ? await measurePicture(blob) : null;
    const facts = { attachmentId, name, contentType, size: blob.size, ...(size ?? {}) };
    const attachment = { ...facts, thumbnail: (size?.width ?? 0) > 480 };
    this.store(attachmentId, blob);
    const expiresAt = rfc3339(this.#parts.now() + 24 * 3600 * 1_000_000);
    return json(201, { ...attachment, token: tokenOf(player, attachment), expiresAt });
  }
}

const tokenOf = (playerId: string, attachment: object): string =>
  `token ${JSON.stringify({ playerId, attachment })}`;

function readToken(player: string, token: unknown): Attachment | null {
  if (typeof token !== "string" || !token.startsWith("token ")) return null;
  const { playerId, attachment } = JSON.parse(token.slice(6));
  return playerId === player ? { width: null, height: null, ...attachment } : null;
}

/** An address with the bytes in it, which a page can show without a server. */
async function dataUrl(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return `data:${blob.type};base64,${btoa(text)}`;
}
