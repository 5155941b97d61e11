/** Calls each listener; one that throws is reported, and keeps neither the others nor the caller from going on. */
export function notifyAll<A extends readonly unknown[]>(
  listeners: Iterable<(...args: A) => unknown>,
  ...args: A
): void {
  for (const listener of [...listeners]) reportErrors(() => listener(...args));
}

/** Does `work`; what it throws is reported as the browser reports an error that no code has caught. */
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
