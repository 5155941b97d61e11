import type { Page } from "@playwright/test";

type Method = "say" | "persisted" | "changeStatus" | "hold" | "letGo" | "disconnect";

/** Has the simulated system of the page do something. */
export function does(page: Page, method: Method, what: object = {}): Promise<void> {
  return page.evaluate(
    ({ method, what }) => {
      const { system } = window as never as { system: Record<Method, (what: object) => void> };
      system[method](what);
    },
    { method, what },
  );
}

/** Makes the simulated system fail in some ways. */
export function fails(page: Page, faults: object): Promise<void> {
  return page.evaluate((faults) => {
    const { system } = window as never as { system: { faults: object } };
    Object.assign(system.faults, faults);
  }, faults);
}
