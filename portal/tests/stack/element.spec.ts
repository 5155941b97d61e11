import { expect, test } from "@playwright/test";
import { bubbles, choose, newPlayer, openStaff, SYSTEM, token, write } from "./system.js";

test("a page with the script tag alone chats with staff, under a strict policy", async ({
  browser,
}) => {
  const name = newPlayer();
  const page = await (await browser.newContext()).newPage();
  const refused: string[] = [];
  page.on("console", (message) => message.type() === "error" && refused.push(message.text()));
  // A page of a portal, where the browser finds the gateway's script, its calls and Pusher.
  const { pusher } = await (await page.request.get(`${SYSTEM.portal}/api/portal/config`)).json();
  await page.route(`${SYSTEM.portal}/a-portal`, (route) =>
    route.fulfill({
      contentType: "text/html",
      headers: {
        "Content-Security-Policy": `default-src 'self'; connect-src 'self' ws://${pusher.host}:${pusher.port}; img-src 'self' data:`,
      },
      body: `<!doctype html><title>A portal</title><link rel="icon" href="data:," />
        <script src="/portal/element.js" defer></script>
        <player-portal-chat player-id="${name}" token="${token("player", name, `Name of ${name}`)}"></player-portal-chat>`,
    }),
  );
  await page.goto(`${SYSTEM.portal}/a-portal`);
  const chat = page.locator("player-portal-chat");
  await expect(chat.getByText("Live", { exact: true })).toBeVisible();
  await write(page, "My sword is gone");
  const desk = await openStaff(browser);
  await choose(desk, name);
  await write(desk, "It is in the bank");
  await expect(bubbles(page, "It is in the bank")).toBeVisible();
  expect(refused).toEqual([]);
});
