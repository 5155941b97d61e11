import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, type Page } from "@playwright/test";
import type { AxeResults } from "axe-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");

/** Expects axe-core to find no violation on the page, or none of some of its rules. */
export async function expectAccessible(page: Page, rules?: string[]): Promise<void> {
  // In Firefox, Playwright loses the context of the frame that axe-core reads.
  if (page.context().browser()?.browserType().name() === "firefox") return;
  // Evaluated, since the page's policy refuses injected scripts.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    (rules): Promise<AxeResults> =>
      (window as unknown as { axe: typeof import("axe-core") }).axe.run({
        resultTypes: ["violations"],
        ...(rules === undefined ? {} : { runOnly: rules }),
      }),
    rules,
  );
  const found = violations.map(({ id, help, nodes }) => ({
    id,
    help,
    where: nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)}: ${failureSummary}`),
  }));
  expect(found).toEqual([]);
}
