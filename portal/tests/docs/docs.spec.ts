import { expect, type Page } from "@playwright/test";
import { injectFaults } from "../demo/system.js";
import { test } from "../test.js";

// Writes the pictures of the documents into docs/pictures/ (`make screenshots`).

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 720 };
const bubble = (page: Page, text: string) => page.locator(".ppc-bubble", { hasText: text });

async function openDesk(page: Page): Promise<void> {
  await page.goto("/?portal=staff&scene=busy&team#/c/bo-1815");
  await expect(bubble(page, "Found it 😄")).toBeVisible();
  // By now it counts as read.
  await expect(page.locator('[id="ppc-option-bo-1815"][data-unread]')).toHaveCount(0);
}

async function openPlayer(page: Page, scene: string): Promise<void> {
  await page.goto(`/?portal=player&scene=${scene}`);
  await expect(bubble(page, "Found it 😄")).toBeVisible();
}

/** Each picture: its size and the steps to it. */
const PICTURES: Record<string, [{ width: number; height: number }, (page: Page) => Promise<void>]> =
  {
    "portal-staff": [DESKTOP, openDesk],
    "portal-staff-dark": [
      DESKTOP,
      async (page) => {
        await page.emulateMedia({ colorScheme: "dark" });
        await openDesk(page);
      },
    ],
    "portal-staff-phone": [PHONE, openDesk],
    "portal-player": [DESKTOP, (page) => openPlayer(page, "busy")],
    "portal-player-phone": [PHONE, (page) => openPlayer(page, "busy")],
    "portal-both": [
      DESKTOP,
      async (page) => {
        await page.goto("/?portal=both&scene=typing#/c/bo-1815");
        await expect(page.getByText("Bo Lindqvist is typing").first()).toBeVisible();
        await expect(page.getByText(/^Read /).first()).toBeVisible();
      },
    ],
    "portal-player-not-sent": [
      DESKTOP,
      async (page) => {
        await openPlayer(page, "busy");
        await injectFaults(page, { refusal: "invalid-field" });
        await page.getByLabel("Your message").fill("Thank you!");
        await page.keyboard.press("Enter");
        await expect(page.getByText("Not sent: it has").first()).toBeVisible();
      },
    ],
    "portal-player-files": [
      PHONE,
      async (page) => {
        await page.goto("/?portal=player&scene=attachments&attachments=open");
        await expect(bubble(page, "Found it, thank you!")).toBeVisible();
        await page.getByRole("region", { name: "Messages" }).hover();
        await page.mouse.wheel(0, -10_000);
        for (const name of ["Screenshot 2026-11-29.png", "bank-1.png", "bank-2.png"])
          await expect(page.getByAltText(name)).toBeVisible();
      },
    ],
    "portal-player-delayed": [
      PHONE,
      async (page) => {
        await openPlayer(page, "polling");
        await expect(page.getByText("Live updates are away")).toBeVisible();
      },
    ],
  };

for (const [name, [size, stands]] of Object.entries(PICTURES)) {
  test(name, async ({ page }) => {
    await page.setViewportSize(size);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await stands(page);
    await page.screenshot({ path: `../docs/pictures/${name}.png`, animations: "disabled" });
  });
}
