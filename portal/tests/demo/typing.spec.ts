import { expect, type Page } from "@playwright/test";
import { expectAccessible } from "../axe.js";
import { test } from "../test.js";
import { callSystem, clientEvents, injectFaults, joinConversation } from "./system.js";

const BO = "bo-1815";
const GRACE = { role: "staff", subject: "grace", name: "Grace Hopper" };
const PLAYER = { role: "player", subject: BO, name: "Bo Lindqvist" };
const TYPING = "client-typing";

const chat = (page: Page) => page.locator(".page-player");
const desk = (page: Page) => page.locator(".page-staff");
const field = (page: Page) => page.getByLabel("Your message");
const line = (page: Page) => page.locator(".ppc-typing");
const isLive = (page: Page) =>
  expect(page.locator('.ppc-light[data-link="live"]').first()).toBeAttached();

/**
 * The player's chat and the desk with the player's conversation open, side by side. Without read
 * marks, whose "Read" moves the messages.
 */
async function openBoth(page: Page): Promise<void> {
  await page.goto(`/?portal=both&scene=busy&readMarks=off#/c/${BO}`);
  await expect(desk(page).locator(".ppc-online").first()).toBeVisible();
}

test("the desk sees the player type until each of the four ends", async ({ page }) => {
  await openBoth(page);
  const composer = chat(page).getByLabel("Your message");
  const typed = desk(page).locator(".ppc-typing", { hasText: "Bo Lindqvist is typing" });
  const row = desk(page).locator('[role="option"][aria-selected="true"]');

  // No further key.
  await composer.pressSequentially("Hel");
  await expect(typed).toBeVisible();
  await expect(row).toContainText("typing…");
  await expect(typed).toBeHidden({ timeout: 8_000 });
  await expect(row).not.toContainText("typing…");
  // The field is empty.
  await composer.pressSequentially("lo");
  await expect(typed).toBeVisible();
  await composer.fill("");
  await expect(typed).toBeHidden({ timeout: 2_000 });
  // The message is sent.
  await composer.pressSequentially("Is it back?", { delay: 150 });
  await expect(typed).toBeVisible();
  await composer.press("Enter");
  await expect(typed).toBeHidden({ timeout: 2_000 });
  await expect(desk(page).locator(".ppc-bubble", { hasText: "Is it back?" })).toBeVisible();
  // The player leaves.
  await composer.pressSequentially("And my shield?", { delay: 150 });
  await expect(typed).toBeVisible();
  await callSystem(page, "disconnect");
  await expect(typed).toBeHidden({ timeout: 2_000 });
});

test("the player sees the staff type, and the messages stay where they are", async ({ page }) => {
  await openBoth(page);
  const last = chat(page).locator(".ppc-bubble", { hasText: "Found it" });
  await expect(last).toBeVisible();
  const before = await last.boundingBox();
  await desk(page).getByLabel("Your message").pressSequentially("It is");
  await expect(
    chat(page).locator(".ppc-typing", { hasText: "Ada Lovelace is typing" }),
  ).toBeVisible();
  expect(await last.boundingBox()).toEqual(before);
  await desk(page).getByLabel("Your message").press("Enter");
  await expect(chat(page).locator(".ppc-bubble", { hasText: "It is" }).last()).toBeVisible();
  await expect(chat(page).locator(".ppc-typing")).toHaveText("");
});

test("a player who is alone sends nothing", async ({ page }) => {
  await page.goto("/?portal=player&scene=busy");
  await isLive(page);
  await field(page).pressSequentially("Is anyone here?", { delay: 30 });
  await field(page).press("Enter");
  await expect(page.locator('.ppc-bubble[data-state="delivered"]').last()).toBeVisible();
  expect(await clientEvents(page)).toEqual([]);
});

test("several members who type are named together, and each is announced once", async ({
  page,
}) => {
  await page.goto("/?portal=player&scene=typing");
  await expect(line(page)).toHaveText("Grace Hopper is typing");
  const ada = await joinConversation(page, { ...GRACE, subject: "a2", name: "Ada" }, BO);
  await ada.trigger(TYPING);
  await expect(line(page)).toHaveText("Grace Hopper and Ada are typing");
  await ada.leave();
  await expect(line(page)).toHaveText("Grace Hopper is typing");
  // Grace Hopper types on.
  await page.clock.install();
  await page.clock.runFor(20_000);
  await expect(page.getByRole("log").getByText("Grace Hopper is typing")).toHaveCount(1);
  await expect(line(page)).toHaveAttribute("aria-hidden", "true");
});

test("forged events show nothing", async ({ page }) => {
  await page.goto("/?portal=player&scene=busy");
  await isLive(page);
  const guest = await joinConversation(page, GRACE, BO);
  await guest.trigger("client-message-sent", {
    messageId: "0197a1b2-0000-7000-8000-000000000001",
    playerId: BO,
    senderType: "staff",
    content: "What is your password?",
    acceptedAt: "2026-01-01T12:00:00Z",
  });
  await guest.trigger("client-shouting");
  // An event that is taken arrives after both.
  await guest.trigger(TYPING);
  await expect(line(page)).toHaveText("Grace Hopper is typing");
  await expect(page.getByText("What is your password?")).toHaveCount(0);
});

test("a refusal of client events is reported once and stops the sending", async ({ page }) => {
  const warnings: string[] = [];
  page.on("console", (message) => message.type() === "warning" && warnings.push(message.text()));
  await page.goto("/?portal=player&scene=typing");
  await expect(line(page)).toHaveText("Grace Hopper is typing");
  await injectFaults(page, { refuseClientEvents: true });
  for (const text of ["one", "two"]) {
    await field(page).pressSequentially(text, { delay: 30 });
    await field(page).press("Enter");
    await expect(page.locator(".ppc-bubble", { hasText: text }).last()).toBeVisible();
  }
  await expect.poll(() => warnings.length).toBe(1);
  expect(warnings[0]).toContain("Pusher refuses client events");
});

test("staff see that the player and a colleague are there", async ({ page }) => {
  await page.goto(`/?portal=staff&scene=busy#/c/${BO}`);
  const facts = page.locator(".ppc-heading .ppc-facts");
  await isLive(page);
  await expect(facts).toContainText(BO);
  await expect(facts.getByText("online")).toHaveCount(0);
  const player = await joinConversation(page, PLAYER, BO);
  const grace = await joinConversation(page, GRACE, BO);
  await expect(facts.getByText("online")).toBeVisible();
  const colleague = page.locator(".ppc-also-here");
  await expect(colleague).toHaveText("Grace Hopper is here too");
  const announced = page.getByRole("status").filter({ hasText: "Grace Hopper is here too" });
  await expect(announced).toHaveCount(1);
  await expectAccessible(page);
  // A pause while typing is not announced.
  await grace.trigger(TYPING);
  await expect(colleague).toHaveCount(0);
  await expect(announced).toHaveCount(1);
  await player.leave();
  await grace.leave();
  await expect(facts.getByText("online")).toHaveCount(0);
  await expect(announced).toHaveCount(0);
});

test("on a phone the player's presence is a dot with a text for screen readers", async ({
  page,
}) => {
  await page.setViewportSize({ width: 360, height: 640 });
  await page.goto(`/?portal=staff&scene=typing#/c/${BO}`);
  const dot = page.locator(".ppc-heading .ppc-online .ppc-dot");
  await expect(dot).toBeVisible();
  await expect(page.locator(".ppc-heading .ppc-online")).toHaveText("online");
  await expect(line(page)).toHaveText(/^(Bo Lindqvist|Grace Hopper) and .* are typing$/);
  await page.getByRole("button", { name: "More" }).click();
  await expect(page.locator(".ppc-menu-facts").getByText("online")).toBeVisible();
  const overflow = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
  expect(overflow).toBeLessThanOrEqual(0);
  await page.emulateMedia({ forcedColors: "active" });
  await expectAccessible(page);
});

test("a portal that turns typing off neither shows nor sends it", async ({ page }) => {
  await page.goto("/?portal=player&scene=typing");
  await expect(line(page)).toHaveText("Grace Hopper is typing");
  await page.evaluate(
    ([subject, name]) => {
      const { show } = window as never as { show(...user: unknown[]): void };
      show(subject, name, { typing: false });
    },
    [BO, "Bo Lindqvist"],
  );
  await expect(line(page)).toHaveText("");
  const before = await clientEvents(page);
  await field(page).pressSequentially("hello", { delay: 30 });
  await field(page).press("Enter");
  await expect(page.locator(".ppc-bubble", { hasText: "hello" }).last()).toBeVisible();
  const after = await clientEvents(page);
  expect(after.filter((name) => name === "client-stopped")).toEqual(
    before.filter((name) => name === "client-stopped"),
  );
});

test("the dots keep still for a user who prefers no motion", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto("/?portal=player&scene=typing");
  await expect(line(page)).toHaveText("Grace Hopper is typing");
  const animations = await line(page).evaluate(
    (element) => element.getAnimations({ subtree: true }).length,
  );
  expect(animations).toBe(0);
});
