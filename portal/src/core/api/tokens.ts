import { backoff } from "../backoff.js";
import { Observable } from "../observable.js";

/** Gets a new token, after the last one was refused. */
export type GetToken = () => Promise<string>;

/** So many tokens refused in a row mean that the next one will be, too: it is asked for less and less often. */
const MOST_REFUSED = 2;

/** The token in use, and how to come by another. */
export class Tokens extends Observable {
  #token: string | null;
  #getToken: GetToken | null;
  #renewal: Promise<string | null> | null = null;
  #signedOut = false;
  /** How many tokens in a row were refused, and the last one of them. */
  #refused = 0;
  #lastRefused: string | null = null;
  /** When `getToken` may be asked again, in milliseconds since 1970. */
  #notBefore = 0;
  readonly #onError: (error: unknown) => void;

  /** `onError` is told when `getToken` fails. */
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

  /** Whether the token in use was refused and no other could be had, or the others were refused as well. */
  get signedOut(): boolean {
    return this.#signedOut;
  }

  /** The portal has another token, or another way to get one. */
  replace(token: string | null, getToken: GetToken | null): void {
    this.#getToken = getToken;
    if (token === null || token === this.#token) return;
    this.#refused = 0;
    this.#notBefore = 0;
    this.#signedOut = false;
    this.#take(token);
  }

  /** The token to call with; null where the portal authenticates in another way. */
  async current(): Promise<string | null> {
    return this.#token ?? this.#renew();
  }

  /** Another token than `used`, which was refused; null when there is none. */
  async after(used: string | null): Promise<string | null> {
    if (this.#token !== used) return this.#token;
    this.refuse(used);
    const token = Date.now() < this.#notBefore ? null : await this.#renew();
    if (token !== null && token !== used) return token;
    if (this.#token === used) this.#signOut();
    return null;
  }

  /** `token` was refused. */
  refuse(token: string | null): void {
    if (token === null || token === this.#lastRefused) return;
    this.#lastRefused = token;
    this.#refused += 1;
    if (this.#refused < MOST_REFUSED) return;
    this.#notBefore = Date.now() + backoff(this.#refused, Math.random);
    this.#signOut();
  }

  /** `token` was accepted. */
  accept(token: string | null): void {
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

  #take(token: string): void {
    this.#token = token;
    // After two that were refused only an answer tells that this one is any better.
    if (this.#refused < MOST_REFUSED) this.#signedOut = false;
    this.changed();
  }

  // All that wait for a new token wait for the same one.
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
      if (token !== this.#token) this.#take(token);
      return token;
    } catch (error) {
      this.#onError(error);
      return null;
    }
  }
}
