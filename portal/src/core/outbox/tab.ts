import { newId } from "../id.js";

/** This tab among the tabs of one browser. */
export interface Tab {
  readonly id: string;
  /** Whether another tab is still there; null when that cannot be known. */
  isAlive(id: string): Promise<boolean | null>;
  close(): void;
}

const LOCK = "player-portal-chat/tab/";

/**
 * A tab that holds a Web Lock for as long as it lives, by which the others see that it does. Where
 * there are no Web Locks (a page that did not come over HTTPS, a sandboxed frame), nobody can tell.
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
