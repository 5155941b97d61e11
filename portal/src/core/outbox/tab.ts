import { newId } from "../id.js";

/** This tab among the tabs of one browser. */
export interface Tab {
  readonly id: string;
  /** Whether another tab is open; null when the browser cannot tell. */
  isAlive(id: string): Promise<boolean | null>;
  close(): void;
}

const LOCK = "player-portal-chat/tab/";

/**
 * A tab that holds a Web Lock while it is open, which other tabs can query. Pages without HTTPS and
 * sandboxed frames have no Web Locks: there `isAlive` returns null.
 */
export function openTab(locks: LockManager | undefined = globalThis.navigator?.locks): Tab {
  const id = newId();
  let usable = locks !== undefined;
  let close = () => {};
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  locks
    ?.request(LOCK + id, () => closed)
    .catch(() => {
      usable = false;
    });
  const isAlive = async (other: string) => {
    if (locks === undefined || !usable) return null;
    const { held = [] } = await locks.query();
    return held.some((lock) => lock.name === LOCK + other);
  };
  return { id, isAlive, close };
}
