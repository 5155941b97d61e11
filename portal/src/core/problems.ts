/** Something that keeps the chat from working, told to the portal's developers; readers see a banner. */
export interface Problem {
  /**
   * - `unreachable`: a call had no answer: no network, or the page may not call the gateway (CORS, CSP)
   * - `busy`: 408, 429 or 5xx; it is tried again
   * - `signedOut`: the token was refused, and there is no other one
   * - `refused`: any other 4xx; a wrong `sub` or role is one with the status 403
   * - `getToken`: the portal's `getToken` failed
   * - `config`: the gateway's answer to `/api/portal/config` cannot be used
   * - `subscription`: Pusher has not answered a subscription
   */
  readonly kind:
    | "unreachable"
    | "busy"
    | "signedOut"
    | "refused"
    | "getToken"
    | "config"
    | "subscription";
  /** What has happened and what may be wrong, in English. */
  readonly message: string;
  /** The status of the answer; null where there was none. */
  readonly status: number | null;
  /** The answer's problem type, such as `urn:problem-type:player-portal-chat:forbidden`. */
  readonly type: string | null;
  /** What was thrown, where something was. */
  readonly cause?: unknown;
}

export type OnProblem = (problem: Problem) => void;

/** Tells of each problem once, until what it keeps from working has worked again. */
export class Problems {
  readonly #listener: OnProblem;
  readonly #told = new Map<string, string>();

  constructor(listener: OnProblem | null) {
    this.#listener = listener ?? warn;
  }

  /** `task` is what does not work. */
  tell(task: string, problem: Problem): void {
    const what = `${problem.kind} ${problem.status} ${problem.type}`;
    if (this.#told.get(task) === what) return;
    this.#told.set(task, what);
    this.#listener(problem);
  }

  /** `task` works. */
  worked(task: string): void {
    this.#told.delete(task);
  }
}

/** Tells the browser's console. */
export function warn({ message, cause }: Problem): void {
  // biome-ignore lint/suspicious/noConsole: the portal's developers look there, and readers do not
  console.warn(`player-portal-chat: ${message}`, ...(cause === undefined ? [] : [cause]));
}
