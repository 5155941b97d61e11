import { type BrowserContext, expect, type Page } from "@playwright/test";
import { test } from "../test.js";
import { callSystem, injectFaults } from "./system.js";

const DESK = "/?portal=staff&scene=busy&keep";
const PLAYER = "/?portal=player&scene=busy&keep";
const field = (page: Page) => page.getByLabel("Your message");

async function openDesk(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(DESK);
  await page.getByRole("option", { name: "Sora Tanaka" }).click();
  await expect(field(page)).toBeVisible();
  return page;
}

/** Fills the page's local storage completely, or empties it again. */
const storage = (page: Page, what: "full" | "free") =>
  page.evaluate((what) => {
    if (what === "free") {
      for (const key of Object.keys(localStorage))
        if (key.startsWith("x")) localStorage.removeItem(key);
      return;
    }
    for (let size = 2 ** 22, number = localStorage.length; size >= 1; ) {
      try {
        localStorage.setItem(`x${number++}`, "x".repeat(size));
      } catch {
        size = Math.floor(size / 2);
      }
    }
  }, what);

test("a draft survives its tab and is shown in the list", async ({ context }) => {
  const first = await openDesk(context);
  await field(first).fill("half an answer");
  await first.close();
  const second = await openDesk(context);
  await expect(field(second)).toHaveValue("half an answer");
  await second.getByText("Noor").click();
  await expect(second.getByRole("option", { name: "Sora Tanaka" })).toContainText(
    "Draft: half an answer",
  );
});

test("a draft sent in one tab disappears from another", async ({ context }) => {
  const first = await openDesk(context);
  await field(first).fill("sent once");
  const second = await openDesk(context);
  await expect(field(second)).toHaveValue("sent once");
  await field(first).press("Enter");
  await expect(field(second)).toHaveValue("");
  await field(first).fill("mine");
  await expect(field(second)).toHaveValue("mine");
  await field(second).fill("mine, and more");
  await expect(field(first)).toHaveValue("mine, and more");
});

test("a full storage is readable, and the page asks before an unstored message is lost", async ({
  context,
}) => {
  const page = await context.newPage();
  await page.goto(PLAYER);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await injectFaults(page, { networkFails: true });
  await callSystem(page, "disconnect");
  await field(page).fill("kept");
  await field(page).press("Enter");
  await expect(page.getByText("What you write is kept")).toBeVisible();
  await storage(page, "full");
  await page.reload();
  const kept = page.locator(".ppc-bubble", { hasText: "kept" });
  await expect(kept).toHaveAttribute("data-state", "delivered");

  // The delivered message has made room.
  await storage(page, "full");
  await injectFaults(page, { networkFails: true });
  await callSystem(page, "disconnect");
  await field(page).fill("only here");
  await field(page).press("Enter");
  await expect(page.getByText("Leave this tab open until then")).toBeVisible();
  const asked = page.waitForEvent("dialog");
  const closed = page.close({ runBeforeUnload: true });
  const dialog = await asked;
  expect(dialog.type()).toBe("beforeunload");
  await dialog.dismiss();
  await closed;
  // With room again the message is stored.
  await storage(page, "free");
  await expect(page.getByText("What you write is kept")).toBeVisible();
});

test("a change of the user removes its listeners", async ({ page }) => {
  await page.addInitScript(() => {
    let count = 0;
    const { addEventListener, removeEventListener } = window;
    window.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      if (args[0] === "storage") count += 1;
      addEventListener.apply(window, args);
    };
    window.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      if (args[0] === "storage") count -= 1;
      removeEventListener.apply(window, args);
    };
    Object.assign(window, { listeners: () => count });
  });
  await page.goto(PLAYER);
  await expect(page.getByText("Found it 😄")).toBeVisible();
  const listeners = () =>
    page.evaluate(() => (window as never as { listeners(): number }).listeners());
  const before = await listeners();
  for (const name of ["Ben", "Cy", "Di"]) {
    await page.evaluate((name) => {
      (window as never as { show(...who: string[]): void }).show(name.toLowerCase(), name);
    }, name);
    await expect(page.getByText("How can we help?")).toBeVisible();
  }
  await expect.poll(listeners).toBe(before);
});
