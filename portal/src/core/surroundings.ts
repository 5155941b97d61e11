import { callEach } from "./listeners.js";
import { Observable, type Unsubscribe } from "./observable.js";

/** Whether the browser has a network and the tab is looked at, and when it may have missed something. */
export interface Surroundings {
  readonly online: boolean;
  readonly visible: boolean;
  /** Hears when either has changed, or the tab has come back from sleep. */
  subscribe(listener: () => void): Unsubscribe;
  /** Hears when the page is left. */
  onLeave(listener: () => void): Unsubscribe;
}

/** How late a timer is when the machine has slept, in milliseconds. */
const SLEPT_MS = 10_000;
const TICK_MS = 5_000;

/** The browser's. */
export class BrowserSurroundings extends Observable implements Surroundings {
  readonly #leaving = new Set<() => void>();
  #lastTick = Date.now();
  readonly #tick: ReturnType<typeof setInterval>;

  constructor() {
    super();
    addEventListener("online", this.#tell);
    addEventListener("offline", this.#tell);
    addEventListener("pageshow", this.#tell);
    addEventListener("pagehide", this.#leave);
    document.addEventListener("visibilitychange", this.#tell);
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
    removeEventListener("online", this.#tell);
    removeEventListener("offline", this.#tell);
    removeEventListener("pageshow", this.#tell);
    removeEventListener("pagehide", this.#leave);
    document.removeEventListener("visibilitychange", this.#tell);
  }

  readonly #tell = (): void => this.changed();

  readonly #leave = (): void => {
    callEach(this.#leaving);
  };
}
