import { notifyAll } from "./listeners.js";

/** Ends a subscription. */
export type Unsubscribe = () => void;

/**
 * An object that changes in place and notifies its listeners. Its content is not copied on a
 * change: a reader reads it again when `version` has grown.
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
