import { Observable } from "./observable.js";

/** Smaller differences are ignored, in milliseconds: the `Date` header has whole seconds. */
const NEGLIGIBLE_MS = 3_000;

/**
 * The gateway's time, from the `Date` header of its answers; this machine's until the first one. It
 * changes when the difference between the two does.
 */
export class Clock extends Observable {
  /** How far this machine's clock is behind the gateway's, in milliseconds. */
  #behindMs = 0;

  /** In milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#behindMs;
  }

  /** Adjusts the clock to the `Date` header of an answer that has just arrived. */
  adjust(date: string | null): void {
    const gateway = Date.parse(date ?? "");
    if (Number.isNaN(gateway)) return;
    const behind = gateway + 500 - Date.now();
    const behindMs = Math.abs(behind) < NEGLIGIBLE_MS ? 0 : behind;
    const isMoved = Math.abs(behindMs - this.#behindMs) >= NEGLIGIBLE_MS;
    this.#behindMs = behindMs;
    if (isMoved) this.changed();
  }
}
