import type { Api } from "../api/api.js";
import { isTransient, retryAfter } from "../api/failure.js";
import { backoff, type Random } from "../backoff.js";
import type { Clock } from "../clock.js";
import { Observable } from "../observable.js";
import { micros } from "../order.js";

/** Where the bytes of an attachment are, for a while. */
export interface Link {
  readonly url: string;
  /** Null when there is no thumbnail. */
  readonly thumbnailUrl: string | null;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What is known about the link of an attachment. */
export type LinkState =
  | { readonly state: "loading" }
  | { readonly state: "ready"; readonly link: Link }
  /** The attachment was erased. */
  | { readonly state: "removed" }
  /** The gateway cannot say; it was asked several times. */
  | { readonly state: "failed" };

/** Names an attachment of a message. */
export interface LinkKey {
  readonly playerId: string;
  readonly attachmentId: string;
  /** Whether the history has the message: a link of another one may not be known yet. */
  readonly isStored: boolean;
}

/** A link is renewed this long before it expires, in milliseconds. */
const RENEWED_BEFORE_MS = 30_000;
/** The most calls for one link. */
const MOST_CALLS = 6;

const LOADING: LinkState = { state: "loading" };

/** The links of attachments: each is asked for once, and again shortly before it expires. */
export class Links extends Observable {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #states = new Map<string, LinkState>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #closed = false;

  constructor(api: Api, clock: Clock, random: Random) {
    super();
    this.#api = api;
    this.#clock = clock;
    this.#random = random;
  }

  stateOf(attachmentId: string): LinkState | null {
    return this.#states.get(attachmentId) ?? null;
  }

  /** Asks for a link, unless it is known, or being asked for. */
  request(key: LinkKey): void {
    const known = this.#states.get(key.attachmentId);
    const isKnown = known?.state === "ready" ? this.#isFresh(known.link) : known !== undefined;
    if (!isKnown) void this.#ask(key, 1);
  }

  /** Asks for a link again: the last one leads to nothing, or could not be loaded. */
  renew(key: LinkKey): void {
    const { attachmentId } = key;
    if (this.#states.get(attachmentId)?.state === "loading" && !this.#timers.has(attachmentId))
      return;
    void this.#ask(key, 1);
  }

  /** A link that is valid now; null when there is none. */
  async fresh(key: LinkKey): Promise<Link | null> {
    const known = this.#states.get(key.attachmentId);
    if (known?.state === "ready" && this.#isFresh(known.link)) return known.link;
    await this.#ask(key, MOST_CALLS);
    const now = this.#states.get(key.attachmentId);
    return now?.state === "ready" ? now.link : null;
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #isFresh({ expiresAt }: Link): boolean {
    return expiresAt - this.#clock.now() > RENEWED_BEFORE_MS;
  }

  async #ask(key: LinkKey, call: number): Promise<void> {
    const { playerId, attachmentId, isStored } = key;
    clearTimeout(this.#timers.get(attachmentId));
    this.#timers.delete(attachmentId);
    this.#set(attachmentId, LOADING);
    const player = encodeURIComponent(playerId);
    const path = `/api/unified-chat/conversations/${player}/attachments/${attachmentId}`;
    const outcome = await this.#api.read("find a file", path);
    if (this.#closed) return;
    if (outcome.ok) {
      const link = parseLink(outcome.value, this.#api.baseUrl);
      this.#set(attachmentId, link === null ? { state: "failed" } : { state: "ready", link });
      return;
    }
    const { failure } = outcome;
    const isRepeated = call < MOST_CALLS && (isTransient(failure) || !isStored);
    if (isRepeated) {
      const wait = backoff(call, this.#random, retryAfter(failure));
      this.#timers.set(
        attachmentId,
        setTimeout(() => void this.#ask(key, call + 1), wait),
      );
    } else this.#set(attachmentId, { state: failure.kind === "refused" ? "removed" : "failed" });
  }

  #set(attachmentId: string, state: LinkState): void {
    this.#states.set(attachmentId, state);
    this.changed();
  }
}

/** Parses an answer; null when it is invalid. Relative addresses are the gateway's. */
export function parseLink(value: unknown, baseUrl: string): Link | null {
  const { url, thumbnailUrl, expiresAt } = (value ?? {}) as Record<string, unknown>;
  const at = typeof expiresAt === "string" ? micros(expiresAt) / 1000 : Number.NaN;
  const whole = addressOf(url, baseUrl);
  if (whole === null || Number.isNaN(at)) return null;
  return { url: whole, thumbnailUrl: addressOf(thumbnailUrl, baseUrl), expiresAt: at };
}

/** An absolute address; null for one that a page must not open. */
function addressOf(url: unknown, baseUrl: string): string | null {
  if (typeof url !== "string") return null;
  // A gateway below a path of its origin has its own paths there.
  const absolute = URL.canParse(url) ? url : baseUrl + (url.startsWith("/") ? url : `/${url}`);
  return /^(https?|data|blob):/.test(absolute) ? absolute : null;
}
