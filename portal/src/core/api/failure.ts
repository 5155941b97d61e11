/** Why a call came to nothing. */
export type Failure =
  /** No answer: the network, or the time ran out. */
  | { readonly kind: "unreachable" }
  /** 408, 429 or 5xx: later it may go well. */
  | { readonly kind: "busy"; readonly retryAfterMs: number | null }
  /** 401, and there is no newer token. */
  | { readonly kind: "signedOut" }
  /** Any other 4xx: the same again would be refused again. */
  | {
      readonly kind: "refused";
      /** Which problem it is; stable. Null when the answer did not say. */
      readonly type: string | null;
      readonly detail: string;
    };

/** What came of a call. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

export const succeeded = <T>(value: T): Outcome<T> => ({ ok: true, value });
export const failed = (failure: Failure): Outcome<never> => ({ ok: false, failure });

/** Whether `failure` goes away by itself. */
export function passes(failure: Failure): boolean {
  return failure.kind === "unreachable" || failure.kind === "busy";
}

/** What the server asked to wait, in milliseconds. */
export function retryAfter(failure: Failure): number | null {
  return failure.kind === "busy" ? failure.retryAfterMs : null;
}

/** The failure that an answer other than 2xx stands for; `problem` is its body. */
export function failureOf(response: Response, problem: unknown): Failure {
  if (response.status === 401) return { kind: "signedOut" };
  if (response.status === 408 || response.status === 429 || response.status >= 500) {
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    return { kind: "busy", retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : null };
  }
  const said = typeof problem === "object" && problem !== null ? problem : {};
  const type = "type" in said && typeof said.type === "string" ? said.type : null;
  const detail = "detail" in said && typeof said.detail === "string" ? said.detail : "";
  return { kind: "refused", type, detail: detail || String(response.status) };
}
