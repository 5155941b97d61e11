import { Observable } from "../observable.js";

/** Gets a new token, after the last one was refused. */
export type GetToken = () => Promise<string>;

/** The token in use, and how to come by another. */
export class Tokens extends Observable {
  #token: string | null;
  #getToken: GetToken | null;
  #renewal: Promise<string | null> | null = null;
  #signedOut = false;

  constructor(token: string | null, getToken: GetToken | null) {
    super();
    this.#token = token;
    this.#getToken = getToken;
  }

  /** Whether the token in use was refused and no other could be had. */
  get signedOut(): boolean {
    return this.#signedOut;
  }

  /** The portal has another token, or another way to get one. */
  replace(token: string | null, getToken: GetToken | null): void {
    this.#getToken = getToken;
    if (token === null || token === this.#token) return;
    this.#take(token);
  }

  /** The token to call with; null where the portal authenticates in another way. */
  async current(): Promise<string | null> {
    return this.#token ?? this.#renew();
  }

  /** Another token than `used`, which was refused; null when there is none. */
  async after(used: string | null): Promise<string | null> {
    if (this.#token !== used) return this.#token;
    const token = await this.#renew();
    if (token !== null && token !== used) return token;
    if (this.#token === used && !this.#signedOut) {
      this.#signedOut = true;
      this.changed();
    }
    return null;
  }

  #take(token: string): void {
    this.#token = token;
    this.#signedOut = false;
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
    } catch {
      return null;
    }
  }
}
