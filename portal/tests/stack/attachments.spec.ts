import { expect } from "@playwright/test";
import { expectAccessible } from "../axe.js";
import { test } from "../test.js";
import { address, choose, expectLight, newPlayer, openStaff, write } from "./system.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

test("a screenshot from a player's phone is shown at the desk, byte for byte", async ({
  browser,
}) => {
  const name = newPlayer();
  const player = await (await browser.newContext(PHONE)).newPage();
  await player.goto(address("player", name, `Name of ${name}`));
  await expectLight(player, "Live");
  // Players attach files once their conversation is open.
  await player.getByLabel("Your message").fill("My sword is gone");
  await player.getByRole("button", { name: "Send" }).tap();
  await expect(player.getByText("Waiting for an answer")).toBeVisible();

  const png = await player.screenshot();
  const choosing = player.waitForEvent("filechooser");
  await player.getByRole("button", { name: "Attach files" }).tap();
  const file = { name: "screenshot.png", mimeType: "image/png", buffer: png };
  await (await choosing).setFiles(file);
  await expect(player.getByText("screenshot.png is ready to be sent")).toBeAttached();
  await player.getByLabel("Your message").fill("It looks like this");
  await player.getByRole("button", { name: "Send" }).tap();
  const sent = player.locator(".ppc-bubble").last();
  await expect(sent).toHaveAttribute("data-state", "delivered");
  await expect(sent.getByRole("button", { name: "Show screenshot.png" })).toBeVisible();

  const desk = await openStaff(browser);
  await choose(desk, name);
  const thumbnail = desk.locator(".ppc-bubble").getByAltText("screenshot.png");
  await expect(thumbnail).toBeVisible();
  await expect
    .poll(() => thumbnail.evaluate((image: HTMLImageElement) => image.naturalWidth))
    .toBeGreaterThan(0);
  await expectAccessible(desk);
  await desk.getByRole("button", { name: "Show screenshot.png" }).click();
  const viewer = desk.getByRole("dialog", { name: "Pictures" });
  const picture = viewer.getByAltText("screenshot.png");
  await expect
    .poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalHeight))
    .toBe(844);
  const url = await picture.evaluate((image: HTMLImageElement) => image.src);
  const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
  expect(bytes.equals(png)).toBe(true);
  await desk.keyboard.press("Escape");
  await expect(viewer).toBeHidden();

  // After a reload the player has it from the gateway as well.
  await player.reload();
  await expect(player.locator(".ppc-bubble").getByAltText("screenshot.png")).toBeVisible();
  expect(await player.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
});

test("a picture that staff send without a text is shown to the player", async ({ browser }) => {
  const name = newPlayer();
  const player = await (await browser.newContext()).newPage();
  await player.goto(address("player", name, `Name of ${name}`));
  await write(player, "Where is it?");
  const desk = await openStaff(browser);
  await choose(desk, name);
  const choosing = desk.waitForEvent("filechooser");
  await desk.getByRole("button", { name: "Attach files" }).click();
  const buffer = await desk.screenshot();
  await (await choosing).setFiles({ name: "here.png", mimeType: "image/png", buffer });
  await desk.getByRole("button", { name: "Send" }).click();
  await expect(player.locator(".ppc-bubble").getByAltText("here.png")).toBeVisible();
});
