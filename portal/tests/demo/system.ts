import type { Page } from "@playwright/test";

type Method = "send" | "persist" | "changeStatus" | "hold" | "release" | "disconnect";

/** Calls a method of the page's simulated system. */
export function callSystem(page: Page, method: Method, what: object = {}): Promise<void> {
  return page.evaluate(
    ({ method, what }) => {
      const { system } = window as never as { system: Record<Method, (what: object) => void> };
      system[method](what);
    },
    { method, what },
  );
}

/** Sets faults of the page's simulated system. */
export function injectFaults(page: Page, faults: object): Promise<void> {
  return page.evaluate((faults) => {
    const { system } = window as never as { system: { faults: object } };
    Object.assign(system.faults, faults);
  }, faults);
}
