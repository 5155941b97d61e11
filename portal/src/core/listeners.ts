/**
 * Calls each listener. An error of one is reported, and stops neither the others nor the caller.
 */
export function notifyAll<A extends readonly unknown[]>(
  listeners: Iterable<(...args: A) => unknown>,
  ...args: A
): void {
  for (const listener of [...listeners]) reportErrors(() => listener(...args));
}

/** Runs `work` and reports what it throws, as the browser reports an uncaught error. */
export function reportErrors(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    report(error);
  }
}

export function report(error: unknown): void {
  if (typeof globalThis.reportError === "function") globalThis.reportError(error);
  else
    setTimeout(() => {
      throw error;
    });
}
