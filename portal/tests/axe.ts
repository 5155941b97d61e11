import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, type Page } from "@playwright/test";
import type { AxeResults } from "axe-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");

/** axe-core finds nothing on the page as it is now. */
export async function expectAccessible(page: Page): Promise<void> {
  // In Firefox Playwright loses its context to the frame that axe-core looks at.
  if (page.context().browser()?.browserType().name() === "firefox") return;
  // Evaluated, since the page's policy takes no script that is put into it.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    (): Promise<AxeResults> => (window as unknown as { axe: typeof import("axe-core") }).axe.run(),
  );
  const found = violations.map(({ id, help, nodes }) => ({
    id,
    help,
    where: nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)}: ${failureSummary}`),
  }));
  expect(found).toEqual([]);
}
