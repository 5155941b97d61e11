import type { Api } from "../api/api.js";
import { failed, type Outcome, succeeded } from "../api/failure.js";
import { micros } from "../order.js";
import type { OutboxFile } from "../outbox/item.js";
import { parseAttachment } from "../parse.js";

/** An upload as it is sent. */
export interface UploadRequest {
  readonly url: string;
  readonly token: string | null;
  readonly blob: Blob;
  /** Receives the part that is sent, from 0 to 1. */
  readonly onProgress: (fraction: number) => void;
  readonly signal: AbortSignal;
}

/** Sends the bytes of a file with PUT. It rejects when there is no answer. */
export type Uploader = (request: UploadRequest) => Promise<Response>;

/** An upload without progress is given up after this time, in milliseconds. */
const STALLED_MS = 60_000;

/** Sends with XMLHttpRequest: `fetch` does not report how much is sent. */
export const uploadByXhr: Uploader = ({ url, token, blob, onProgress, signal }) =>
  new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const lost = () => settle(() => reject(new TypeError("the upload had no answer")));
    let timer = setTimeout(lost, STALLED_MS);
    const settle = (then: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", lost);
      xhr.onload = null;
      xhr.onerror = null;
      xhr.upload.onprogress = null;
      xhr.abort();
      then();
    };
    xhr.open("PUT", url);
    xhr.setRequestHeader("Content-Type", blob.type || "application/octet-stream");
    if (token !== null) xhr.setRequestHeader("Authorization", `Bearer ${token}`);
    xhr.upload.onprogress = ({ loaded, total }) => {
      clearTimeout(timer);
      timer = setTimeout(lost, STALLED_MS);
      if (total > 0) onProgress(loaded / total);
    };
    xhr.onload = () => {
      const { status, responseText } = xhr;
      const headers = new Headers();
      for (const name of ["date", "retry-after"]) {
        const value = xhr.getResponseHeader(name);
        if (value !== null) headers.set(name, value);
      }
      settle(() => resolve(new Response(responseText || null, { status, headers })));
    };
    xhr.onerror = lost;
    signal.addEventListener("abort", lost);
    if (signal.aborted) lost();
    else xhr.send(blob);
  });

/** Uploads a file of a message to `playerId`. The value is the file with its token. */
export async function upload(
  api: Api,
  uploader: Uploader,
  playerId: string,
  file: OutboxFile,
  request: Pick<UploadRequest, "blob" | "onProgress" | "signal">,
): Promise<Outcome<OutboxFile>> {
  const path = `/api/unified-chat/conversations/${encodeURIComponent(playerId)}/attachments`;
  const query = new URLSearchParams({ name: file.name });
  const url = `${api.baseUrl}${path}/${file.attachmentId}?${query}`;
  const outcome = await api.call(
    "upload a file",
    () => api.withToken((token) => uploader({ ...request, url, token })),
    // A refused file is shown to the user, and an upload that the user cancels is no problem.
    (failure) => failure.kind !== "refused" && !request.signal.aborted,
  );
  if (!outcome.ok) return outcome;
  const answer = outcome.value;
  const [attachment] = parseAttachment(answer);
  const { token, expiresAt } = (answer ?? {}) as { token?: unknown; expiresAt?: unknown };
  if (attachment === undefined || typeof token !== "string") return failed({ kind: "unreachable" });
  const until = typeof expiresAt === "string" ? micros(expiresAt) / 1000 : Number.NaN;
  return succeeded({
    ...attachment,
    token,
    expiresAt: Number.isNaN(until) ? Number.MAX_SAFE_INTEGER : until,
  });
}
