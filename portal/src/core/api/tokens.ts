import { backoff } from "../backoff.js";
import { Observable } from "../observable.js";

/** Returns a new token; called when there is none, or the gateway refused the last one. */
export type GetToken = () => Promise<string>;

/** From this many refused tokens in a row on, `getToken` is called with growing waits. */
const MOST_REFUSED = 2;

/** The token in use, and the way to renew it. */
export class Tokens extends Observable {
  #token: string | null;
  #getToken: GetToken | null;
  #renewal: Promise<string | null> | null = null;
  #signedOut = false;
  /** How many tokens in a row the gateway refused. */
  #refused = 0;
  #lastRefused: string | null = null;
  /** When `getToken` may be called again, in milliseconds since 1970. */
  #notBefore = 0;
  readonly #onError: (error: unknown) => void;

  /** `onError` receives what `getToken` throws. */
  constructor(
    token: string | null,
    getToken: GetToken | null,
    onError: (error: unknown) => void = () => {},
  ) {
    super();
    this.#token = token;
    this.#getToken = getToken;
    this.#onError = onError;
  }

  /** Whether the token in use was refused, and so was every replacement, or there was none. */
  get signedOut(): boolean {
    return this.#signedOut;
  }

  /** Replaces the token and the way to renew it. */
  replace(token: string | null, getToken: GetToken | null): void {
    this.#getToken = getToken;
    if (token === null || token === this.#token) return;
    this.#refused = 0;
    this.#notBefore = 0;
    this.#signedOut = false;
    this.#use(token);
  }

  /** The token to call with; null where the portal authenticates in another way. */
  async current(): Promise<string | null> {
    return this.#token ?? this.#renew();
  }

  /** A token other than `used`, which was refused; null when there is none. */
  async replacement(used: string | null): Promise<string | null> {
    if (this.#token !== used) return this.#token;
    this.markRefused(used);
    const token = Date.now() < this.#notBefore ? null : await this.#renew();
    if (token !== null && token !== used) return token;
    if (this.#token === used) this.#signOut();
    return null;
  }

  /** The gateway refused `token`. */
  markRefused(token: string | null): void {
    if (token === null || token === this.#lastRefused) return;
    this.#lastRefused = token;
    this.#refused += 1;
    if (this.#refused < MOST_REFUSED) return;
    this.#notBefore = Date.now() + backoff(this.#refused, Math.random);
    this.#signOut();
  }

  /** The gateway accepted `token`. */
  markAccepted(token: string | null): void {
    if (token !== this.#token) return;
    this.#refused = 0;
    this.#notBefore = 0;
    if (!this.#signedOut) return;
    this.#signedOut = false;
    this.changed();
  }

  #signOut(): void {
    if (this.#signedOut) return;
    this.#signedOut = true;
    this.changed();
  }

  #use(token: string): void {
    this.#token = token;
    // After too many refusals, only an accepted call ends the signed-out state.
    if (this.#refused < MOST_REFUSED) this.#signedOut = false;
    this.changed();
  }

  // Concurrent calls share one renewal.
  #renew(): Promise<string | null> {
    this.#renewal ??= this.#ask().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #ask(): Promise<string | null> {
    if (this.#getToken === null) return null;
    try {
      const token = await this.#getToken();
      if (token !== this.#token) this.#use(token);
      return token;
    } catch (error) {
      this.#onError(error);
      return null;
    }
  }
}
