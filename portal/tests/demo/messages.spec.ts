import { expect, type Locator, type Page } from "@playwright/test";
import { test } from "../test.js";
import { callSystem } from "./system.js";

const BO = "bo-1815";
const field = (page: Page) => page.getByLabel("Your message");
const bubble = (page: Page, text: string) => page.locator(".ppc-bubble", { hasText: text });
const background = (element: Locator) =>
  element.evaluate((each) => getComputedStyle(each).backgroundColor);
const staffSays = (page: Page, content: string, at: number) =>
  callSystem(page, "send", { playerId: BO, senderType: "staff", senderName: "Ada", content, at });
const live = (page: Page) =>
  expect(page.locator('.ppc-light[data-link="live"]').first()).toBeAttached();

/** The desk with Bo's conversation open. */
async function openDesk(page: Page): Promise<void> {
  await page.goto("/?portal=staff&scene=busy");
  await page.getByRole("tab", { name: "Active" }).click();
  await page.getByRole("option", { name: "Bo Lindqvist" }).click();
  await expect(bubble(page, "Found it 😄")).toBeVisible();
}

test("each message has its time, on screen and for screen readers", async ({ page }) => {
  await page.goto("/?portal=player&scene=busy");
  await expect(bubble(page, "Found it 😄")).toBeVisible();
  for (const each of await page.locator(".ppc-bubble").all()) {
    await expect(each.getByRole("time")).toHaveText(/^\d+:\d\d$/);
  }
});

test("at the desk players' bubbles are light, and colleagues' differ from one's own", async ({
  page,
}) => {
  await openDesk(page);
  await callSystem(page, "send", {
    ...{ playerId: BO, senderType: "staff", senderId: "grace", senderName: "Grace Hopper" },
    content: "Grace here, too",
  });
  await expect(bubble(page, "Grace here, too")).toBeVisible();
  await expect(page.locator(".ppc-sender", { hasText: "Grace Hopper" }).last()).toBeVisible();
  const colours = [
    await background(bubble(page, "Found it 😄")),
    await background(bubble(page, "The last one")),
    await background(bubble(page, "Grace here, too")),
  ];
  expect(new Set(colours).size).toBe(3);
  await page.goto("/?portal=player&scene=busy");
  // In the player's chat the player's bubbles have the full blue.
  await expect(bubble(page, "Found it 😄")).toHaveCSS("background-color", "rgb(31, 91, 239)");
  expect(colours).not.toContain("rgb(31, 91, 239)");
});

test("a session's divider has its beginning and who answered", async ({ page }) => {
  await openDesk(page);
  await page.locator(".ppc-scroller").evaluate((list) => list.scrollTo({ top: 0 }));
  await expect(page.getByText(/^Started .* at \d+:\d\d, answered by Grace Hopper$/)).toBeVisible();
  await expect(
    page.getByText(/^Opened again (today|yesterday) at \d+:\d\d, answered by Ada Lovelace$/),
  ).toBeAttached();
});

test("a line marks the first unread message, and the count survives a reload", async ({ page }) => {
  // This test controls the page's focus.
  await page.addInitScript(() => {
    document.hasFocus = () => sessionStorage.getItem("looks") !== "no";
  });
  const looks = (answer: "yes" | "no") =>
    page.evaluate((answer) => {
      sessionStorage.setItem("looks", answer);
      dispatchEvent(new Event("focus"));
    }, answer);
  const began = Date.now() * 1000;
  const first = { at: began, messageId: "5a0c7d5e-0000-4000-8000-000000000001" };
  const says = (content: string, more: object = {}) =>
    callSystem(page, "persist", { playerId: BO, senderType: "staff", content, ...more });
  await page.goto("/?portal=player&scene=empty&keep");
  await live(page);
  await staffSays(page, "read", first.at);
  await expect(bubble(page, "read")).toBeVisible();
  await expect.poll(() => page.evaluate(() => JSON.stringify(localStorage))).toContain(`${began}`);
  const line = page.getByText("Unread messages");
  await expect(line).toBeHidden();

  await looks("no");
  await page.reload();
  await live(page);
  await says("read", first);
  await says("unread", { at: began + 1 });
  await says("unread, too", { at: began + 2 });
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await expect(bubble(page, "unread, too")).toBeVisible();
  await expect(page).toHaveTitle("(2) Support");
  await expect(line).toBeVisible();
  const [above, at, below] = await Promise.all(
    [bubble(page, "read").first(), line, bubble(page, "unread").first()].map(async (each) =>
      each.boundingBox(),
    ),
  );
  expect(above?.y).toBeLessThan(at?.y ?? 0);
  expect(at?.y).toBeLessThan(below?.y ?? 0);

  await looks("yes");
  await expect(page).toHaveTitle("Support");
  await expect(line).toBeVisible();
  await field(page).fill("thank you");
  await page.keyboard.press("Enter");
  await expect(line).toBeHidden();
});

test("dividers are centred, and bubbles end where the field does", async ({ page }) => {
  await page.goto("/?portal=player&scene=busy");
  await expect(bubble(page, "Found it 😄")).toBeVisible();
  const middle = async (element: Locator) => {
    const box = await element.boundingBox();
    return (box?.x ?? 0) + (box?.width ?? 0) / 2;
  };
  const panel = await middle(page.locator(".ppc-panel"));
  expect(await middle(page.locator(".ppc-divider").last())).toBeCloseTo(panel, 0);
  const end = (element: Locator) =>
    element.evaluate((each) => Math.round(each.getBoundingClientRect().right));
  expect(await end(bubble(page, "Found it 😄"))).toBe(await end(page.locator(".ppc-field")));
});

test("the header keeps its height after the first message", async ({ page }) => {
  await page.goto("/?portal=player&scene=empty");
  await live(page);
  const height = async () => (await page.locator(".ppc-header").boundingBox())?.height;
  const before = await height();
  await field(page).fill("hello");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Waiting for an answer")).toBeVisible();
  expect(await height()).toBe(before);
});

test("a topic begins the first message", async ({ page }) => {
  await page.goto("/?portal=player&scene=empty");
  await page.getByRole("button", { name: "Payment" }).click();
  await expect(field(page)).toBeFocused();
  await page.keyboard.type("taken twice");
  await page.keyboard.press("Enter");
  await expect(bubble(page, "Payment: taken twice")).toHaveAttribute("data-state", "delivered");
  await expect(page.getByRole("button", { name: "My account" })).toBeHidden();
});

test("in a right-to-left language arrows are mirrored and times are not", async ({ page }) => {
  await page.addInitScript(() => {
    addEventListener("DOMContentLoaded", () => {
      document.documentElement.dir = "rtl";
    });
  });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/?portal=staff&scene=busy");
  const avatar = await page.locator(".ppc-item .ppc-avatar").first().boundingBox();
  const name = await page.getByText("Yara Haddad").boundingBox();
  // The name begins at the avatar's left.
  expect(Math.abs((avatar?.x ?? 0) - (name?.x ?? 0) - (name?.width ?? 0))).toBeLessThan(20);
  await page.getByRole("option", { name: "Yara Haddad" }).click();
  await field(page).fill("hello");
  const mirrored = (selector: string) =>
    page.locator(`${selector} > .ppc-icon`).evaluate((icon) => getComputedStyle(icon).scale);
  expect(await mirrored(".ppc-send")).toBe("-1 1");
  expect(await mirrored(".ppc-back")).toBe("-1 1");
  await expect(page.locator(".ppc-bubble time > bdi").first()).toBeVisible();
});

test("a right-to-left name is beside its avatar", async ({ page }) => {
  await page.goto("/?portal=staff&scene=empty");
  await live(page);
  await callSystem(page, "send", {
    ...{ playerId: "noor", playerName: "نور", senderType: "player", content: "مرحبا" },
  });
  const avatar = await page.locator(".ppc-item .ppc-avatar").boundingBox();
  for (const selector of [".ppc-item-name > bdi", ".ppc-item-text > bdi"]) {
    const name = await page.locator(selector).boundingBox();
    expect((name?.x ?? 0) - (avatar?.x ?? 0) - (avatar?.width ?? 0)).toBeLessThan(20);
  }
});
