import { test as playwrightTest } from "@playwright/test";

/** Playwright's test, after which the contexts that the test created are closed. */
export const test = playwrightTest.extend<{ closesContexts: undefined }>({
  closesContexts: [
    async ({ browser }, use) => {
      await use(undefined);
      await Promise.all(browser.contexts().map((context) => context.close()));
    },
    { auto: true },
  ],
});
