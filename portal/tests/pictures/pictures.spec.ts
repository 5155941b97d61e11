import { expect, type Page } from "@playwright/test";
import { test } from "../test.js";

const SIZES = { desktop: { width: 1024, height: 640 }, phone: { width: 360, height: 640 } };
const COLOURS = {
  light: { colorScheme: "light", forcedColors: "none" },
  dark: { colorScheme: "dark", forcedColors: "none" },
  forced: { colorScheme: "light", forcedColors: "active" },
} as const;

/** Each state: its scene and the steps to it. */
const STATES: Record<string, [string, (page: Page) => Promise<void>]> = {
  "player-empty": [
    "/?portal=player&scene=empty",
    (page) => expect(page.getByText("How can we help?")).toBeVisible(),
  ],
  "player-conversation": [
    "/?portal=player&scene=plain",
    (page) => expect(page.locator(".ppc-bubble", { hasText: "Found it" })).toBeVisible(),
  ],
  "staff-inbox": [
    "/?portal=staff&scene=plain",
    (page) => expect(page.getByText("James Okafor")).toBeVisible(),
  ],
  "staff-conversation": [
    "/?portal=staff&scene=plain#/c/bo-1815",
    async (page) => {
      await expect(page.locator(".ppc-bubble", { hasText: "Found it" })).toBeVisible();
      await expect(page.locator('[id="ppc-option-bo-1815"][data-unread]')).toHaveCount(0);
      await page.getByRole("button", { name: "More" }).click();
    },
  ],
};

/** The clock of the pictures. */
const NOW = new Date("2026-03-04T13:05:00Z");

for (const [state, [address, open]] of Object.entries(STATES)) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    test(`${state} looks as accepted, ${size}`, async ({ page }) => {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ reducedMotion: "reduce" });
      await page.clock.setFixedTime(NOW);
      await page.goto(address.replace("?", "?font&"));
      await expect(page.locator('.ppc-light[data-link="live"]').first()).toBeAttached();
      await open(page);
      const hasFont = () => page.evaluate(() => document.fonts.check("16px 'Noto Sans Variable'"));
      await expect.poll(hasFont).toBe(true);
      for (const [colours, media] of Object.entries(COLOURS)) {
        await page.emulateMedia(media);
        await expect(page.locator(".ppc")).toHaveScreenshot(`${state}-${size}-${colours}.png`, {
          // A change of a shade is a difference; a few pixels at the edges of letters are not.
          threshold: 0.02,
          maxDiffPixels: 60,
        });
      }
    });
  }
}
