import { notifyAll } from "./listeners.js";

/** Takes back a subscription. */
export type Unsubscribe = () => void;

/**
 * Something that changes in place and tells so. What it holds is not copied on a change: a reader
 * looks again when `version` has grown.
 */
export abstract class Observable {
  readonly #listeners = new Set<() => void>();
  #version = 0;

  readonly subscribe = (listener: () => void): Unsubscribe => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Grows with each change. */
  readonly version = (): number => this.#version;

  protected changed(): void {
    this.#version += 1;
    notifyAll(this.#listeners);
  }
}
