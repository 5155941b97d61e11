import { expect } from "@playwright/test";
import { test } from "../test.js";

test("messages of a digest are counted, then shown", async ({ page }) => {
  await page.goto("/?portal=staff&scene=busy");
  const noor = page.getByRole("option").filter({ hasText: "Noor" });
  await noor.click();
  await expect(noor).toContainText("1 unanswered");
  await page.evaluate(() => {
    const { system } = window as never as {
      system: { bounds: object; send(message: object): void };
    };
    system.bounds = { most: 1, listed: 60 };
    for (const content of ["one", "two", "three"]) {
      system.send({ playerId: "p-2201", playerName: "Noor", senderType: "player", content });
    }
  });
  await expect(noor).toContainText("4 unanswered");
  await expect(noor).toContainText("three");
  const messages = page.getByRole("region", { name: "Messages" });
  for (const content of ["one", "two", "three"]) {
    await expect(messages.getByText(content, { exact: true })).toBeVisible();
  }
});
