import type { Outcome } from "./api/failure.js";
import { Observable, type Unsubscribe } from "./observable.js";

/**
 * How the portal is connected.
 * - `connecting`: at the start, before anything is known
 * - `live`: events come, and the history answers
 * - `gap`: events come, but what came before them cannot be asked for
 * - `polling`: no events come; the history is asked every few seconds instead
 * - `cut`: neither comes
 * - `offline`: the browser says that there is no network
 * - `signedOut`: the token is not accepted, and there is no other
 * - `refused`: the gateway answers, and does not let this user read
 */
export type Link =
  | "connecting"
  | "live"
  | "gap"
  | "polling"
  | "cut"
  | "offline"
  | "signedOut"
  | "refused";

/** What a link follows from. */
export interface LinkParts {
  readonly tokens: { readonly signedOut: boolean };
  readonly surroundings: { readonly online: boolean };
  readonly feed: { readonly hearing: { readonly works: boolean } };
}

/** How long a connection may take before polling is spoken of, in milliseconds. */
const STARTING_MS = 5_000;

/** Finds out how the portal is connected, from whether events come and the history answers. */
export class LinkWatch extends Observable {
  readonly #parts: LinkParts;
  #reads: boolean | null = null;
  #refused = false;
  #starting = true;

  constructor(parts: LinkParts) {
    super();
    this.#parts = parts;
  }

  get link(): Link {
    const { tokens, surroundings, feed } = this.#parts;
    const { works } = feed.hearing;
    const reads = this.#reads;
    if (tokens.signedOut) return "signedOut";
    if (this.#refused) return "refused";
    if (!surroundings.online && !works && reads !== true) return "offline";
    if (works) return reads === false ? "gap" : reads === null ? "connecting" : "live";
    if (reads === false) return "cut";
    return this.#starting || reads === null ? "connecting" : "polling";
  }

  /** The history was asked, and has answered or failed. */
  answered(outcome: Outcome<unknown>): void {
    this.#reads = outcome.ok;
    this.#refused = !outcome.ok && outcome.failure.kind === "refused";
  }

  /** For a while after this the connection may still come about. */
  start(): Unsubscribe {
    const timer = setTimeout(() => {
      this.#starting = false;
      this.changed();
    }, STARTING_MS);
    return () => clearTimeout(timer);
  }
}
