import type { Outcome } from "./api/failure.js";
import { Observable, type Unsubscribe } from "./observable.js";

/**
 * How the portal is connected.
 * - `connecting`: the start, before the outcome is known
 * - `live`: events arrive, and the history answers
 * - `gap`: events arrive, but the history does not answer
 * - `polling`: no events arrive; the history is asked every few seconds
 * - `cut`: no events arrive, and the history does not answer
 * - `offline`: the browser reports that there is no network
 * - `signedOut`: the token is not accepted, and there is no other
 * - `refused`: the gateway answers, and does not let this user read
 */
export type ConnectionState =
  | "connecting"
  | "live"
  | "gap"
  | "polling"
  | "cut"
  | "offline"
  | "signedOut"
  | "refused";

/** What the state is derived from. */
export interface ConnectionMonitorParts {
  readonly tokens: { readonly signedOut: boolean };
  readonly environment: { readonly online: boolean };
  readonly feed: { readonly eventHealth: { readonly isHealthy: boolean } };
}

/** How long a first connection may take before the state is `polling`, in milliseconds. */
const STARTING_MS = 5_000;

/** Derives the connection state from whether events arrive and the history answers. */
export class ConnectionMonitor extends Observable {
  readonly #parts: ConnectionMonitorParts;
  /** Whether the last read succeeded; null before the first. */
  #reads: boolean | null = null;
  #refused = false;
  #starting = true;

  constructor(parts: ConnectionMonitorParts) {
    super();
    this.#parts = parts;
  }

  get state(): ConnectionState {
    const { tokens, environment, feed } = this.#parts;
    const { isHealthy } = feed.eventHealth;
    const reads = this.#reads;
    if (tokens.signedOut) return "signedOut";
    if (this.#refused) return "refused";
    if (!environment.online && !isHealthy && reads !== true) return "offline";
    if (isHealthy) return reads === false ? "gap" : reads === null ? "connecting" : "live";
    if (reads === false) return "cut";
    return this.#starting || reads === null ? "connecting" : "polling";
  }

  /** A read of the history or of the inbox has answered or failed. */
  answered(outcome: Outcome<unknown>): void {
    this.#reads = outcome.ok;
    this.#refused = !outcome.ok && outcome.failure.kind === "refused";
  }

  /** Starts the time that the first connection may take. */
  start(): Unsubscribe {
    const timer = setTimeout(() => {
      this.#starting = false;
      this.changed();
    }, STARTING_MS);
    return () => clearTimeout(timer);
  }
}
