import { expect } from "@playwright/test";
import { test } from "../test.js";
import { sendAndWatch } from "./frames.js";

for (const scene of ["empty", "manyLoaded", "mostLoaded"]) {
  test(`the bubble is in the first frame after Enter: ${scene}`, async ({ page }, {
    annotations,
  }) => {
    await page.goto(`/?portal=player&scene=${scene}`);
    if (scene !== "empty") await expect(page.locator(".ppc-bubble").first()).toBeVisible();
    await expect(page.getByText("Live", { exact: true })).toBeVisible();
    const sent = [];
    for (let number = 1; number <= 10; number += 1) {
      sent.push(await sendAndWatch(page, `quick message number ${number}.`));
    }
    const late = sent.filter(({ frames }) => frames > 1);
    const sorted = sent.map(({ ms }) => ms).sort((a, b) => a - b);
    annotations.push({ type: "median, ms", description: String(sorted[5]) });
    if (process.env.SPEED)
      process.stdout.write(`${scene}: ${sorted.map((ms) => ms.toFixed(1)).join(" ")}\n`);
    expect(late).toEqual([]);
  });
}
