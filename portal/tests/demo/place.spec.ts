import { expect, type Page } from "@playwright/test";
import { test } from "../test.js";

const BO = "bo-1815";

/** The first fully visible message, and the position of its top. */
function inSight(page: Page): Promise<{ id: string; top: number }> {
  return page.evaluate(() => {
    const list = document.querySelector(".ppc-scroller")?.getBoundingClientRect();
    for (const bubble of document.querySelectorAll<HTMLElement>(".ppc-bubble")) {
      const { top } = bubble.getBoundingClientRect();
      if (list && top >= list.top) return { id: bubble.dataset.messageId ?? "", top };
    }
    return { id: "", top: 0 };
  });
}

async function topOf(page: Page, id: string): Promise<number> {
  const box = await page.locator(`[data-message-id="${id}"]`).boundingBox();
  return box?.y ?? Number.NaN;
}

const staffSays = (page: Page, content: string) =>
  page.evaluate(
    ({ playerId, content }) => {
      const { system } = window as never as { system: { send(message: object): void } };
      system.send({ playerId, senderType: "staff", senderName: "Ada", content });
    },
    { playerId: BO, content },
  );

/** Holds back the system's answers, or sends them. */
const answers = (page: Page, what: "hold" | "release") =>
  page.evaluate((what) => {
    const { system } = window as never as { system: Record<typeof what, () => void> };
    system[what]();
  }, what);

/** This many frames take longer than the 150 ms after which virtua considers scrolling ended. */
const A_WHILE = 20;

/** This many frames take less, so that virtua still scrolls to the message before. */
const A_MOMENT = 6;

/** How much of the list is below its visible part, in pixels. */
const belowSight = (page: Page) =>
  page.evaluate(() => {
    const list = document.querySelector(".ppc-scroller");
    return list ? list.scrollHeight - list.scrollTop - list.clientHeight : Number.NaN;
  });

/** Waits until the list has stopped moving and scrolling. */
async function still(page: Page): Promise<void> {
  await expect
    .poll(() =>
      page.evaluate(async (wanted) => {
        const list = document.querySelector(".ppc-scroller");
        const before = [list?.scrollTop, list?.scrollHeight];
        for (let frames = 0; frames < wanted; frames += 1) await new Promise(requestAnimationFrame);
        return before[0] === list?.scrollTop && before[1] === list?.scrollHeight;
      }, A_WHILE),
    )
    .toBe(true);
}

test.beforeEach(async ({ page }) => {
  await page.goto("/?portal=player&scene=many");
  await expect(page.getByText("Message 10000")).toBeVisible();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await page.getByRole("region", { name: "Messages" }).hover();
});

test("older messages load above without moving the visible ones", async ({ page }) => {
  const height = () =>
    page.evaluate(() => document.querySelector(".ppc-scroller")?.scrollHeight ?? 0);
  for (let pages = 0; pages < 3; pages += 1) {
    await answers(page, "hold");
    const before = await height();
    await page.evaluate(() => document.querySelector(".ppc-scroller")?.scrollTo({ top: 400 }));
    await expect(page.getByText("Loading older messages")).toBeVisible();
    await still(page);
    const { id, top } = await inSight(page);
    await answers(page, "release");
    await expect.poll(height).toBeGreaterThan(before + 1_000);
    await still(page);
    expect(Math.abs((await topOf(page, id)) - top)).toBeLessThanOrEqual(1);
  }
});

test("a message that arrives below the visible ones is counted and moves none", async ({
  page,
}) => {
  await page.mouse.wheel(0, -2_000);
  await expect(page.getByRole("button", { name: "Go to the newest messages" })).toBeVisible();
  await still(page);
  const { id, top } = await inSight(page);
  await staffSays(page, "one");
  await staffSays(page, "two");
  const pill = page.getByRole("button", { name: "2 new messages" });
  await expect(pill).toBeVisible();
  await expect(page).toHaveTitle("(2) Support");
  expect(await topOf(page, id)).toBe(top);
  await pill.click();
  await expect(page.locator(".ppc-bubble", { hasText: "two" })).toBeVisible();
  await expect(pill).toBeHidden();
  await expect(page).toHaveTitle("Support");
});

test("a list at its end stays there when messages arrive", async ({ page }) => {
  for (let number = 1; number <= 5; number += 1) {
    await staffSays(page, `news ${number} ${"and a long story ".repeat(number * 10)}`);
    await expect(page.locator(".ppc-bubble", { hasText: `news ${number}` })).toBeVisible();
  }
  await still(page);
  expect(await belowSight(page)).toBeLessThanOrEqual(1);
});

test("a list at its end stays there when a message arrives just after the user's own", async ({
  page,
}) => {
  await still(page);
  const content = "a long story\n".repeat(60);
  await page.evaluate(
    ({ message, frames }) => {
      const { system } = window as never as { system: { send(message: object): void } };
      const list = document.querySelector(".ppc-scroller");
      const observer = new MutationObserver(async () => {
        if (!list?.textContent?.includes("my own")) return;
        observer.disconnect();
        for (let frame = 0; frame < frames; frame += 1) await new Promise(requestAnimationFrame);
        system.send(message);
      });
      if (list) observer.observe(list, { subtree: true, childList: true });
    },
    {
      message: { playerId: BO, senderType: "staff", senderName: "Ada", content },
      frames: A_MOMENT,
    },
  );
  await page.getByLabel("Your message").fill("my own");
  await page.getByLabel("Your message").press("Enter");
  await expect(page.locator(".ppc-bubble", { hasText: "a long story" })).toBeVisible();
  await still(page);
  expect(await belowSight(page)).toBeLessThanOrEqual(1);
});

test("only visible messages are in the DOM", async ({ page }) => {
  expect(await page.locator(".ppc-bubble").count()).toBeLessThan(60);
});
