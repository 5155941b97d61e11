import type { Random } from "../src/core/backoff.js";

/** A range of times in milliseconds, or of any other numbers: from the least to the most. */
export type Range = readonly [number, number];

/**
 * The faults of a simulated system. Numbers are probabilities from 0 to 1 unless they say
 * otherwise.
 */
export interface Faults {
  latency: Range;
  /** The request does not arrive. */
  loseRequest: number;
  /** The request arrives, and its answer does not. */
  loseAnswer: number;
  /** 503 or 429 with `Retry-After`. */
  busy: number;
  /** How long persisting takes. */
  persist: Range;
  /** How long broadcasting takes. */
  broadcast: Range;
  loseEvent: number;
  repeatEvent: number;
  refuseSubscription: number;
  /** The subscription is never answered. */
  ignoreSubscription: number;
  /** Pusher refuses all client events, as for an app for which they are not enabled. */
  refuseClientEvents: boolean;
  /** How far the gateway's clock is ahead of this machine's, in milliseconds. */
  clockAheadMs: number;
  /** The longest content that an event carries whole, in characters. */
  longestEvent: number;
  /** The only token that is accepted; null accepts any, or none. */
  token: string | null;
  /** The problem type with which each message is refused; null for none. */
  refusal: string | null;
  /** The token belongs to another user: 403. */
  forbidden: boolean;
  /** The status with which each read mark is refused, such as 404; null for none. */
  markRefusal: number | null;
  /** How long an upload takes. */
  upload: Range;
  /** Uploads and links of files are answered with 503. */
  storeFails: boolean;
  /** The problem with which each upload is refused; null for none. */
  uploadRefusal: {
    readonly status: number;
    readonly type: string;
    readonly detail?: string;
  } | null;
  /** Events lack the files of messages, as where they have no room. */
  eventsLackFiles: boolean;
  /** The tokens of files have expired. */
  fileTokensExpire: boolean;
  sendsFail: boolean;
  /** A message or a note reaches the broadcaster's queue alone, and is answered with 503. */
  broadcastAlone: number;
  readsFail: boolean;
  networkFails: boolean;
  /** No client can connect to Pusher. */
  pusherFails: boolean;
}

export const NO_FAULTS: Faults = {
  latency: [5, 20],
  loseRequest: 0,
  loseAnswer: 0,
  busy: 0,
  persist: [5, 30],
  broadcast: [5, 30],
  loseEvent: 0,
  repeatEvent: 0,
  refuseSubscription: 0,
  ignoreSubscription: 0,
  refuseClientEvents: false,
  clockAheadMs: 0,
  longestEvent: 10_000,
  token: null,
  refusal: null,
  forbidden: false,
  markRefusal: null,
  upload: [10, 60],
  storeFails: false,
  uploadRefusal: null,
  eventsLackFiles: false,
  fileTokensExpire: false,
  sendsFail: false,
  broadcastAlone: 0,
  readsFail: false,
  networkFails: false,
  pusherFails: false,
};

/** The faults in force, and the random numbers that decide when one strikes. */
export interface FaultSource {
  readonly faults: Faults;
  chance(probability: number): boolean;
  between(range: Range): number;
}

/** Generates the same numbers for the same seed: mulberry32. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
