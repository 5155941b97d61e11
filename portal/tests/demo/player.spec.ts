import { expect, type Page } from "@playwright/test";
import { test } from "../test.js";
import { callSystem, injectFaults } from "./system.js";

const field = (page: Page) => page.getByLabel("Your message");
const bubble = (page: Page, text: string) => page.locator(".ppc-bubble", { hasText: text });
const show = (page: Page, subject: string, name: string) =>
  page.evaluate(
    ([subject, name]) => (window as never as { show(...who: string[]): void }).show(subject, name),
    [subject, name] as const,
  );
const staffSays = (page: Page, playerId: string, content: string) =>
  callSystem(page, "send", { playerId, senderType: "staff", senderName: "Ada", content });

test("Enter that ends an IME composition does not send", async ({ page }) => {
  await page.goto("/?portal=player&scene=busy");
  await field(page).focus();
  const keys = await page.context().newCDPSession(page);
  await keys.send("Input.imeSetComposition", { text: "にほ", selectionStart: 2, selectionEnd: 2 });
  // Safari's order: the composition ends before the key event.
  await keys.send("Input.insertText", { text: "日本" });
  const enter = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 229 };
  await keys.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...enter });
  await expect(field(page)).toHaveValue("日本");
  await page.keyboard.press("Enter");
  await expect(bubble(page, "日本")).toBeVisible();
});

test("one player's draft is not in the next player's composer", async ({ page }) => {
  await page.goto("/?portal=player&scene=busy");
  await field(page).fill("My password is hunter2");
  await show(page, "ben", "Ben");
  await expect(page.getByText("How can we help?")).toBeVisible();
  await expect(field(page)).toHaveValue("");
  await field(page).fill("I am Ben");
  await show(page, "bo-1815", "Bo Lindqvist");
  await expect(bubble(page, "Found it 😄")).toBeVisible();
  await expect(field(page)).toHaveValue("My password is hunter2");
});

for (const size of [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
]) {
  test(`a visible answer is not counted as new, ${size.width}`, async ({ page }) => {
    await page.setViewportSize(size);
    await page.goto("/?portal=player&scene=empty");
    await expect(page.getByText("How can we help?")).toBeVisible();
    await field(page).fill("hello");
    await page.keyboard.press("Enter");
    await expect(bubble(page, "hello")).toHaveAttribute("data-state", "delivered");
    await staffSays(page, "bo-1815", "hi there");
    await expect(bubble(page, "hi there")).toBeVisible();
    await expect(page.locator(".ppc-pill")).toBeHidden();
    await expect(page).toHaveTitle("Support");
  });
}

test("today becomes yesterday at midnight", async ({ page }) => {
  await page.clock.install({ time: new Date("2026-03-04T20:00:00") });
  await page.goto("/?portal=player&scene=empty");
  await page.clock.runFor(3_000);
  await staffSays(page, "bo-1815", "good evening");
  await page.clock.runFor(3_000);
  const day = page.locator(".ppc-divider-day");
  await expect(day).toHaveText("Today");
  await page.clock.runFor(5 * 3_600_000);
  await expect(day).toHaveText("Yesterday");
});

test("sound works after the first interaction with the page", async ({ browser }) => {
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript(() => {
    const made: string[] = [];
    let allowed = false;
    const allow = () => {
      allowed = true;
    };
    addEventListener("pointerdown", allow, true);
    class AudioContext {
      state = "suspended";
      currentTime = 0;
      destination = {};
      async resume() {
        if (allowed) this.state = "running";
      }
      createGain() {
        const ramp = () => {};
        const gain = { setValueAtTime: ramp };
        return {
          gain: Object.assign(gain, {
            linearRampToValueAtTime: ramp,
            exponentialRampToValueAtTime: ramp,
          }),
          connect: (next: object) => next,
        };
      }
      createOscillator() {
        made.push(this.state);
        return { frequency: {}, connect: (next: object) => next, start() {}, stop() {} };
      }
    }
    Object.assign(window, { AudioContext, made });
    localStorage.setItem("player-portal-chat/preferences", '{"sound":true}');
  });
  await page.goto("/?portal=player&scene=busy&keep");
  const made = () => page.evaluate(() => (window as never as { made: string[] }).made);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await staffSays(page, "bo-1815", "in silence");
  await expect(bubble(page, "in silence")).toBeVisible();
  await field(page).click();
  await staffSays(page, "bo-1815", "aloud");
  await expect(bubble(page, "aloud")).toBeVisible();
  expect(await made()).toEqual(["running", "running"]);
});

test("copied text is the written text", async ({ page }) => {
  await page.goto("/?portal=player&scene=empty");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await staffSays(page, "bo-1815", "Look at https://example.com/a?b=1 please");
  await field(page).fill("thank you");
  await page.keyboard.press("Enter");
  await expect(bubble(page, "thank you")).toHaveAttribute("data-state", "delivered");
  const copied = (selector: string) =>
    page.evaluate((selector) => {
      const element = document.querySelector(selector);
      if (element !== null) getSelection()?.selectAllChildren(element);
      return getSelection()?.toString().trim();
    }, selector);
  expect(await copied(".ppc-bubble-staff")).toBe("Look at https://example.com/a?b=1 please");
  const all = (await copied(".ppc-scroller")) ?? "";
  expect(all).toContain("thank you");
  for (const unwritten of ["You:", "Delivered", "opens in a new tab"])
    expect(all).not.toContain(unwritten);
  await bubble(page, "Look at").click({ clickCount: 3, position: { x: 20, y: 16 } });
  expect(await page.evaluate(() => getSelection()?.toString().trim())).toBe(
    "Look at https://example.com/a?b=1 please",
  );
});

test("failures and each of several messages are announced", async ({ page }) => {
  await page.goto("/?portal=player&scene=empty");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await injectFaults(page, { refusal: "invalid-field" });
  await field(page).fill("bad");
  await page.keyboard.press("Enter");
  const said = page.getByRole("log");
  await expect(said).toContainText("Not sent: it has characters that are not allowed");
  await injectFaults(page, { refusal: null });
  for (const content of ["first", "second", "third"]) await staffSays(page, "bo-1815", content);
  for (const content of ["first", "second", "third"])
    await expect(said).toContainText(`Ada: ${content}`);
});

test("a selection differs by more than its colour", async ({ browser }) => {
  const page = await (await browser.newContext({ forcedColors: "active" })).newPage();
  await page.goto("/?portal=player&scene=busy");
  await page.getByRole("button", { name: "Settings" }).click();
  const styles = await page
    .getByRole("switch")
    .first()
    .evaluate((element) => {
      const { borderTopWidth, borderTopColor } = getComputedStyle(element);
      const canvas = getComputedStyle(document.body).backgroundColor;
      return { borderTopWidth, differs: borderTopColor !== canvas };
    });
  expect(styles).toEqual({ borderTopWidth: "2px", differs: true });
  await page.goto("/?portal=staff&scene=busy");
  const background = (name: string) =>
    page.getByRole("tab", { name }).evaluate((tab) => getComputedStyle(tab).backgroundColor);
  expect(await background("Pending")).not.toBe(await background("Active"));
});

test("all loaded messages are printed", async ({ page }) => {
  await page.goto("/?portal=player&scene=many");
  await expect(page.getByText("Message 10000")).toBeVisible();
  const printed = await page.evaluate(() => {
    dispatchEvent(new Event("beforeprint"));
    const count = document.querySelectorAll(".ppc-bubble").length;
    dispatchEvent(new Event("afterprint"));
    return count;
  });
  expect(printed).toBeGreaterThanOrEqual(100);
  await page.emulateMedia({ media: "print" });
  const scroller = await page.locator(".ppc-scroller").evaluate((element) => ({
    overflow: getComputedStyle(element).overflowY,
    color: getComputedStyle(element.querySelector(".ppc-bubble") ?? element).color,
  }));
  expect(scroller).toEqual({ overflow: "visible", color: "rgb(0, 0, 0)" });
});

test("a message read in one tab is read in the other", async ({ context }) => {
  const open = async () => {
    const page = await context.newPage();
    // This test controls the tab's focus.
    await page.addInitScript(() => {
      document.hasFocus = () => (window as never as { looks?: boolean }).looks === true;
    });
    await page.goto("/?portal=player&scene=empty&keep");
    await expect(page.getByText("Live", { exact: true })).toBeVisible();
    return page;
  };
  const [first, second] = [await open(), await open()];
  const at = Date.now() * 1000;
  // Each page has its own system with the same messages.
  for (const page of [first, second]) {
    const said = { playerId: "bo-1815", senderType: "staff", content: "hi", at };
    await callSystem(page, "send", { ...said, messageId: "5a0c7d5e-0000-4000-8000-000000000009" });
    await expect(page).toHaveTitle("(1) Support");
  }
  await first.evaluate(() => {
    Object.assign(window, { looks: true });
    dispatchEvent(new Event("focus"));
  });
  await expect(first).toHaveTitle("Support");
  await expect(second).toHaveTitle("Support");
});
