/** A difference below this is no difference, in milliseconds: the gateway's header has whole seconds. */
const NEGLIGIBLE_MS = 3_000;

/** The gateway's time, as far as its answers tell; until then this machine's. */
export class Clock {
  /** How far this machine's clock is behind, in milliseconds. */
  #behindMs = 0;

  /** In milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#behindMs;
  }

  /** Takes the `Date` of an answer that has just come. */
  take(date: string | null): void {
    const told = Date.parse(date ?? "");
    if (Number.isNaN(told)) return;
    const behind = told + 500 - Date.now();
    this.#behindMs = Math.abs(behind) < NEGLIGIBLE_MS ? 0 : behind;
  }
}
