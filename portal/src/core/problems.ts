import { reportErrors } from "./listeners.js";

/** A problem that keeps the chat from working, for the portal's developers; users see a banner. */
export interface Problem {
  /**
   * - `unreachable`: a call had no answer: no network, or CORS or CSP forbids it
   * - `busy`: 408, 429 or 5xx; the call is repeated
   * - `signedOut`: the token was refused, and there is no other one
   * - `refused`: any other 4xx; a wrong `sub` or role is one with the status 403
   * - `getToken`: the portal's `getToken` failed
   * - `config`: the gateway's answer to `/api/portal/config` cannot be used
   * - `subscription`: Pusher has not answered a subscription
   * - `typing`: Pusher refuses client events; this page does not send that the user types
   */
  readonly kind:
    | "unreachable"
    | "busy"
    | "signedOut"
    | "refused"
    | "getToken"
    | "config"
    | "subscription"
    | "typing";
  /** What happened and its likely cause, in English. */
  readonly message: string;
  /** The status of the answer; null where there was none. */
  readonly status: number | null;
  /** The answer's problem type, such as `urn:problem-type:player-portal-chat:forbidden`. */
  readonly type: string | null;
  /** The error that was thrown, if any. */
  readonly cause?: unknown;
}

export type OnProblem = (problem: Problem) => void;

/** Reports each problem once, until its task succeeds again. */
export class Problems {
  readonly #listener: OnProblem;
  readonly #reported = new Map<string, string>();

  constructor(listener: OnProblem | null) {
    this.#listener = listener ?? warn;
  }

  /** `task` is what failed. */
  report(task: string, problem: Problem): void {
    const key = `${problem.kind} ${problem.status} ${problem.type}`;
    if (this.#reported.get(task) === key) return;
    this.#reported.set(task, key);
    reportErrors(() => this.#listener(problem));
  }

  /** `task` succeeded. */
  clear(task: string): void {
    this.#reported.delete(task);
  }
}

/** Writes to the browser's console. */
export function warn({ message, cause }: Problem): void {
  // biome-ignore lint/suspicious/noConsole: for the portal's developers
  console.warn(`player-portal-chat: ${message}`, ...(cause === undefined ? [] : [cause]));
}
