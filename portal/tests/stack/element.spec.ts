import { expect } from "@playwright/test";
import { test } from "../test.js";
import { bubbles, choose, newPlayer, openStaff, SYSTEM, token, write } from "./system.js";

test("a page with only the script tag chats with staff", async ({ browser }) => {
  const name = newPlayer();
  const page = await (await browser.newContext()).newPage();
  // A document of the gateway without a policy.
  await page.goto(`${SYSTEM.portal}/health/live`);
  await page.evaluate(
    ([name, token]) => {
      document.body.innerHTML = `<player-portal-chat player-id="${name}" token="${token}"></player-portal-chat>`;
      const script = document.createElement("script");
      script.src = "/portal/element.js";
      document.head.append(script);
    },
    [name, token("player", name, `Name of ${name}`)],
  );
  const chat = page.locator("player-portal-chat");
  await expect(chat.getByText("Live", { exact: true })).toBeVisible();
  await write(page, "My sword is gone");
  const desk = await openStaff(browser);
  await choose(desk, name);
  await write(desk, "It is in the bank");
  await expect(bubbles(page, "It is in the bank")).toBeVisible();
});
