/**
 * How the portal is connected.
 * - `connecting`: at the start, before anything is known
 * - `live`: events come, and the history answers
 * - `gap`: events come, but what came before them cannot be asked for
 * - `polling`: no events come; the history is asked every few seconds instead
 * - `cut`: neither comes
 * - `offline`: the browser says that there is no network
 * - `signedOut`: the token is not accepted, and there is no other
 */
export type Link = "connecting" | "live" | "gap" | "polling" | "cut" | "offline" | "signedOut";

/** What a link follows from. */
export interface LinkFacts {
  readonly signedOut: boolean;
  readonly online: boolean;
  /** Events come. */
  readonly hears: boolean;
  /** Whether the history answered last; null when it was not asked yet. */
  readonly reads: boolean | null;
  /** The connection may still come about. */
  readonly starting: boolean;
}

export function linkOf({ signedOut, online, hears, reads, starting }: LinkFacts): Link {
  if (signedOut) return "signedOut";
  if (!online && !hears && reads !== true) return "offline";
  if (hears) return reads === false ? "gap" : reads === null ? "connecting" : "live";
  if (reads === false) return "cut";
  return starting || reads === null ? "connecting" : "polling";
}

/** How long a connection may take before polling is spoken of, in milliseconds. */
export const STARTING_MS = 5_000;
