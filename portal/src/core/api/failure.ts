import type { Problem } from "../problems.js";

/** Why a call failed. */
export type Failure =
  /** No answer: the network failed, or the call timed out. */
  | { readonly kind: "unreachable" }
  /** 408, 429 or 5xx: a later call may succeed. */
  | {
      readonly kind: "busy";
      readonly retryAfterMs: number | null;
      /** The problem type, which is stable, if the answer has one. */
      readonly type?: string;
    }
  /** 401, and there is no newer token. */
  | { readonly kind: "signedOut" }
  /** Any other 4xx: the same call would be refused again. */
  | {
      readonly kind: "refused";
      /** The problem type, which is stable; null when the answer has none. */
      readonly type: string | null;
      readonly detail: string;
      /** The invalid field, if the answer names one. */
      readonly field?: string;
    };

/** The result of a call. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

export const succeeded = <T>(value: T): Outcome<T> => ({ ok: true, value });
export const failed = (failure: Failure): Outcome<never> => ({ ok: false, failure });

/** Whether a later call may succeed without a change by the user. */
export function isTransient(failure: Failure): boolean {
  return failure.kind === "unreachable" || failure.kind === "busy";
}

/** `Retry-After`, in milliseconds; null without one. */
export function retryAfter(failure: Failure): number | null {
  return failure.kind === "busy" ? failure.retryAfterMs : null;
}

/** The problem of an answer other than 2xx, for developers; `problem` is its body. */
export function problemOf(
  task: string,
  failure: Failure,
  status: number,
  problem: unknown,
): Problem {
  const { type, detail } = problemFields(problem);
  const { kind } = failure;
  const hint =
    status === 403 ? "; is the token's `sub` the player's or staff's id given here?" : "";
  return { kind, message: `cannot ${task}: ${status} ${detail}${hint}`, status, type };
}

/** The problem of a call without an answer, for developers; `cause` is what fetch threw. */
export function unreachable(task: string, cause: unknown): Problem {
  const hint =
    "is `apiUrl` right, the page's origin in the gateway's CORS_ORIGINS, and the gateway in the page's connect-src?";
  const message = `cannot ${task}: no answer; ${hint}`;
  return { kind: "unreachable", message, status: null, type: null, cause };
}

/** The fields of a problem body (RFC 9457). */
function problemFields(problem: unknown): {
  type: string | null;
  detail: string;
  field?: string;
} {
  const from = typeof problem === "object" && problem !== null ? problem : {};
  const type = "type" in from && typeof from.type === "string" ? from.type : null;
  const detail = "detail" in from && typeof from.detail === "string" ? from.detail : "";
  const field = "field" in from && typeof from.field === "string" ? { field: from.field } : {};
  return { type, detail, ...field };
}

/** The failure of an answer other than 2xx; `problem` is its body. */
export function failureOf(response: Response, problem: unknown): Failure {
  if (response.status === 401) return { kind: "signedOut" };
  if (response.status === 408 || response.status === 429 || response.status >= 500) {
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    const { type } = problemFields(problem);
    const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : null;
    return { kind: "busy", retryAfterMs, ...(type === null ? {} : { type }) };
  }
  const fields = problemFields(problem);
  return { kind: "refused", ...fields, detail: fields.detail || String(response.status) };
}
