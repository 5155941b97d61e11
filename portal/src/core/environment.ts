import { notifyAll } from "./listeners.js";
import { Observable, type Unsubscribe } from "./observable.js";

/** Whether the browser has a network and the tab is visible, and when it may have missed events. */
export interface Environment {
  readonly online: boolean;
  readonly visible: boolean;
  /** Calls `listener` when either has changed, the window got the focus, or the machine has woken. */
  subscribe(listener: () => void): Unsubscribe;
  /** Calls `listener` when the user leaves the page. */
  onLeave(listener: () => void): Unsubscribe;
}

/** A timer that is later than this means that the machine slept, in milliseconds. */
const SLEPT_MS = 10_000;
const TICK_MS = 5_000;

export class BrowserEnvironment extends Observable implements Environment {
  readonly #leaving = new Set<() => void>();
  #lastTick = Date.now();
  readonly #tick: ReturnType<typeof setInterval>;

  constructor() {
    super();
    addEventListener("online", this.#notify);
    addEventListener("offline", this.#notify);
    addEventListener("pageshow", this.#notify);
    addEventListener("focus", this.#notify);
    addEventListener("pagehide", this.#leave);
    document.addEventListener("visibilitychange", this.#notify);
    this.#tick = setInterval(() => {
      if (Date.now() - this.#lastTick > TICK_MS + SLEPT_MS) this.changed();
      this.#lastTick = Date.now();
    }, TICK_MS);
  }

  get online(): boolean {
    return navigator.onLine;
  }

  get visible(): boolean {
    return document.visibilityState === "visible";
  }

  onLeave(listener: () => void): Unsubscribe {
    this.#leaving.add(listener);
    return () => this.#leaving.delete(listener);
  }

  close(): void {
    clearInterval(this.#tick);
    removeEventListener("online", this.#notify);
    removeEventListener("offline", this.#notify);
    removeEventListener("pageshow", this.#notify);
    removeEventListener("focus", this.#notify);
    removeEventListener("pagehide", this.#leave);
    document.removeEventListener("visibilitychange", this.#notify);
  }

  readonly #notify = (): void => this.changed();

  readonly #leave = (): void => {
    notifyAll(this.#leaving);
  };
}
