import { expect, type Page } from "@playwright/test";
import { expectAccessible } from "../axe.js";
import { test } from "../test.js";
import { addFiles, draggedFiles, pngFile, viewOf } from "./files.js";
import { scrollSlightly } from "./scroll.js";
import { callSystem, injectFaults, stored } from "./system.js";

const BO = "bo-1815";
/** How the gateway refuses a file in which the scanner found a virus. */
const INFECTED = {
  status: 422,
  type: "attachment-infected",
  detail: "the file is infected: Eicar",
};
const PLAYER = "/?portal=player&scene=attachments&attachments=open";
const STAFF = "/?portal=staff&scene=attachments&attachments=open#/c/bo-1815";
const field = (page: Page) => page.getByLabel("Your message");
const chips = (page: Page) => page.getByRole("list", { name: "Files of this message" });
const lastBubble = (page: Page) => page.locator(".ppc-bubble").last();
const attachButton = (page: Page) => page.getByRole("button", { name: "Attach files" });

async function open(page: Page, address = PLAYER): Promise<void> {
  await page.goto(address);
  await expect(page.locator(".ppc-bubble", { hasText: "Found it, thank you!" })).toBeVisible();
  await expect(attachButton(page)).toBeVisible();
}

/** The names of the files of the last stored message. */
async function lastFiles(page: Page): Promise<string[]> {
  const messages = (await stored(page, BO)) as unknown as { attachments: { name: string }[] }[];
  return messages.at(-1)?.attachments.map(({ name }) => name) ?? [];
}

for (const way of ["paste", "drop"] as const) {
  test(`files that are added by ${way} are sent with the message`, async ({ page }) => {
    await open(page);
    await addFiles(page, way, [pngFile("boss.png")]);
    await expect(chips(page).getByText("boss.png", { exact: true })).toBeVisible();
    await expect(field(page)).toBeFocused();
    await field(page).fill("This one");
    await page.keyboard.press("Enter");
    await expect(chips(page)).toBeHidden();
    await expect(lastBubble(page)).toHaveAttribute("data-state", "delivered");
    await expect(lastBubble(page)).toContainText("This one");
    await expect(lastBubble(page).getByRole("button", { name: "Show boss.png" })).toBeVisible();
    expect(await lastFiles(page)).toEqual(["boss.png"]);
  });
}

test("the button chooses up to five files, and a message needs no text", async ({ page }) => {
  await open(page, STAFF);
  const choosing = page.waitForEvent("filechooser");
  await attachButton(page).click();
  const chooser = await choosing;
  expect(chooser.isMultiple()).toBe(true);
  const accept = await chooser.element().getAttribute("accept");
  expect(accept).toContain("image/jpeg");
  expect(accept).not.toContain("heic");
  const text = (name: string) => ({ name, mimeType: "text/plain", buffer: Buffer.from("log") });
  await chooser.setFiles(["1.log", "2.log", "3.log", "4.log", "5.log", "6.log"].map(text));
  await expect(chips(page).getByRole("listitem")).toHaveCount(5);
  await expect(page.getByText("6.log was left out")).toBeVisible();
  await page.getByRole("button", { name: "Send" }).click();
  await expect(lastBubble(page)).toHaveAttribute("data-state", "delivered");
  expect(await lastFiles(page)).toEqual(["1.log", "2.log", "3.log", "4.log", "5.log"]);
  const row = page.locator('[id="ppc-option-bo-1815"]');
  await expect(row).toContainText("Attachment: ");
  await expect(row).toContainText("1.log");
});

test("files over the conversation show where they can be dropped", async ({ page }) => {
  await open(page, STAFF);
  const target = page.getByText("Drop files to attach them");
  await draggedFiles(page, "dragenter", ".ppc-inbox");
  await expect(target).toBeVisible();
  await draggedFiles(page, "dragleave", ".ppc");
  await expect(target).toBeHidden();
  await draggedFiles(page, "dragenter", ".ppc-scroller");
  await draggedFiles(page, "drop", ".ppc-scroller");
  await expect(target).toBeHidden();
  await expect(chips(page).getByRole("listitem")).toHaveCount(1);
});

test("an upload shows its progress, and is cancelled by removing the file", async ({ page }) => {
  await open(page);
  await injectFaults(page, { upload: [60_000, 60_000] });
  await addFiles(page, "paste", [pngFile("boss.png"), pngFile("map.png")]);
  const bar = page.getByRole("progressbar", { name: "Uploading boss.png" });
  await expect.poll(async () => Number(await bar.getAttribute("aria-valuenow"))).toBeGreaterThan(5);
  await page.getByRole("button", { name: "Remove boss.png" }).click();
  await expect(chips(page).getByRole("listitem")).toHaveCount(1);
  await expect(field(page)).toBeFocused();

  await field(page).fill("Behold");
  await page.keyboard.press("Enter");
  await expect(lastBubble(page)).toContainText("Behold");
  await expect(lastBubble(page)).toHaveAttribute("data-state", "sending");
  await expect(page.getByRole("progressbar", { name: "Uploading map.png" })).toBeVisible();
  await page.getByRole("button", { name: "Do not send map.png" }).click();
  await expect(page.locator(".ppc-bubble", { hasText: "Behold" })).toHaveCount(0);
  await expect(field(page)).toHaveValue("Behold");
});

test("after a reload the upload goes on, and messages keep their order", async ({ page }) => {
  await open(page, `${PLAYER}&keep`);
  await injectFaults(page, { upload: [600_000, 600_000] });
  await addFiles(page, "paste", [pngFile("boss.png")]);
  await field(page).fill("first");
  await page.keyboard.press("Enter");
  await field(page).fill("second");
  await page.keyboard.press("Enter");
  await expect(lastBubble(page)).toHaveAttribute("data-state", "sending");
  await expect.poll(() => keptFiles(page)).toBe(1);
  await page.reload();
  const second = page.locator(".ppc-bubble", { hasText: "second" });
  await expect(second).toHaveAttribute("data-state", "delivered");
  const contents = (await stored(page, BO)).map(({ content }) => content);
  expect(contents.slice(-2)).toEqual(["first", "second"]);
  await expect(page.getByRole("button", { name: "Show boss.png" })).toBeVisible();
  await expect.poll(() => keptFiles(page)).toBe(0);
});

test("without IndexedDB files are sent while the page is open, and the page says so", async ({
  page,
}) => {
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("private", "SecurityError");
    };
  });
  await open(page);
  await addFiles(page, "paste", [pngFile("boss.png")]);
  await expect(page.getByText("This browser cannot keep files")).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(lastBubble(page)).toHaveAttribute("data-state", "delivered");
});

test("what cannot be sent is named before it is uploaded", async ({ page }) => {
  await open(page);
  await addFiles(page, "paste", [{ name: "setup.exe", type: "application/x-msdownload", size: 9 }]);
  await expect(page.getByText("setup.exe cannot be sent. Allowed: PNG, JPEG")).toBeVisible();
  await addFiles(page, "paste", [{ name: "film.png", type: "image/png", size: 10_485_761 }]);
  await expect(
    page.getByText("film.png is too large: a file may have up to 10.5 MB"),
  ).toBeVisible();
  await expect(chips(page)).toBeHidden();
  await field(page).fill("then not");
  await expect(page.getByText("film.png is too large")).toBeHidden();
});

test("a refused file blocks the message until it is removed, and is announced once", async ({
  page,
}) => {
  await open(page);
  await injectFaults(page, { uploadRefusal: INFECTED });
  await addFiles(page, "paste", [pngFile("boss.png")]);
  await expect(chips(page).getByText("A virus scanner has stopped it")).toBeVisible();
  const said = page.getByRole("log").getByText("boss.png: A virus scanner has stopped it");
  await expect(said).toHaveCount(1);
  await field(page).fill("hello");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Remove the file that cannot be sent")).toBeVisible();
  await expect(field(page)).toHaveValue("hello");
  await page.getByRole("button", { name: "Remove boss.png" }).click();
  await page.keyboard.press("Enter");
  await expect(lastBubble(page)).toHaveAttribute("data-state", "delivered");
});

test("while the file store is away, text goes and the file follows", async ({ page }) => {
  await open(page);
  await injectFaults(page, { storeFails: true });
  await addFiles(page, "paste", [pngFile("boss.png")]);
  await expect(chips(page).getByText("Waits for the file store")).toBeVisible();
  await field(page).fill("the picture");
  await page.keyboard.press("Enter");
  await field(page).fill("the text");
  await page.keyboard.press("Enter");
  const bubble = (text: string) => page.locator(".ppc-bubble", { hasText: text });
  await expect(bubble("the text")).toHaveAttribute("data-state", "delivered");
  await expect(bubble("the picture")).toHaveAttribute("data-state", /sending|waiting/);
  await injectFaults(page, { storeFails: false });
  await expect(bubble("the picture")).toHaveAttribute("data-state", "delivered");
});

test("files of the reply stay while a note is written, which takes none", async ({ page }) => {
  await open(page, STAFF.replace("&scene", "&team&scene"));
  await addFiles(page, "paste", [pngFile("boss.png")]);
  await expect(chips(page).getByRole("listitem")).toHaveCount(1);
  await page.getByRole("tab", { name: "Note" }).click();
  await expect(chips(page)).toBeHidden();
  await expect(attachButton(page)).toBeHidden();
  await addFiles(page, "paste", [pngFile("map.png")]);
  await expect(page.getByText("Notes take no files")).toBeVisible();
  await page.getByLabel("Your internal note").fill("not for the player");
  await page.keyboard.press("Enter");
  await page.getByRole("tab", { name: "Reply" }).click();
  await expect(chips(page).getByRole("listitem")).toHaveCount(1);
  await field(page).fill("Here");
  await page.keyboard.press("Enter");
  await expect(lastBubble(page)).toContainText("Here");
  await expect(lastBubble(page)).toHaveAttribute("data-state", "delivered");
  expect(await lastFiles(page)).toEqual(["boss.png"]);
});

test("a player attaches files once the conversation is open", async ({ page }) => {
  await page.goto("/?portal=player&scene=empty&attachments=open");
  // It explains why it takes no files yet.
  await attachButton(page).click({ force: true });
  await expect(page.getByText("once your conversation is open")).toBeVisible();
  await addFiles(page, "paste", [pngFile("boss.png")]);
  await expect(chips(page)).toBeHidden();
  await field(page).fill("Hello");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Waiting for an answer")).toBeVisible();
  await addFiles(page, "paste", [pngFile("boss.png")]);
  await expect(chips(page).getByRole("listitem")).toHaveCount(1);
});

test("players have no button where staff alone attach files, and see staff's", async ({ page }) => {
  await page.goto(PLAYER.replace("=open", "=staff"));
  await expect(page.getByRole("button", { name: "Show icon.png" })).toBeVisible();
  await expect(attachButton(page)).toBeHidden();
  await addFiles(page, "paste", [pngFile("boss.png")]);
  await expect(page.getByText("Pictures and other files cannot be sent yet")).toBeVisible();
});

test("a gateway without files shows no button and loads no code for them", async ({ page }) => {
  const loaded: string[] = [];
  page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  await page.goto("/?portal=player&scene=busy");
  await expect(page.locator(".ppc-bubble", { hasText: "Found it 😄" })).toBeVisible();
  await expect(attachButton(page)).toHaveCount(0);
  await page.waitForLoadState("networkidle");
  const isOfFiles = (path: string) => /attachment(Views|Core)/.test(path);
  expect(loaded.filter(isOfFiles)).toEqual([]);
  await open(page);
  expect(loaded.filter(isOfFiles)).toHaveLength(2);
});

test("pictures have their size before they are loaded", async ({ page }) => {
  await page.goto(PLAYER);
  await expect(page.locator(".ppc-picture").last()).toBeVisible();
  const heights = () =>
    page
      .locator(".ppc-picture")
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height));
  await callSystem(page, "hold");
  const before = await heights();
  await callSystem(page, "release");
  await expect(page.getByAltText("icon.png")).toBeVisible();
  await expect(page.getByText("Picture removed")).toBeVisible();
  expect((await heights()).slice(-before.length)).toEqual(before);
});

test("each link is asked for once, near the visible part, and anew when it leads nowhere", async ({
  page,
}) => {
  await page.goto(PLAYER);
  await page.evaluate(() => {
    const { system } = window as never as { system: { attachments: { brokenLinks: number } } };
    system.attachments.brokenLinks = 1;
  });
  await expect(page.getByAltText("icon.png")).toBeVisible();
  await expect
    .poll(() =>
      page.getByAltText("icon.png").evaluate((image: HTMLImageElement) => image.naturalWidth),
    )
    .toBe(90);
  const asked = () =>
    page.evaluate(() => {
      const { system } = window as never as {
        system: { attachments: { asked: Map<string, number> } };
      };
      return [...system.attachments.asked.values()].reduce((sum, count) => sum + count, 0);
    });
  const count = await asked();
  await page.locator(".ppc-scroller").evaluate((list) => list.scrollTo(0, 0));
  await expect(page.getByAltText("Screenshot 2026-11-29.png")).toBeVisible();
  await page.locator(".ppc-scroller").evaluate((list) => list.scrollTo(0, list.scrollHeight));
  await expect(page.getByAltText("icon.png")).toBeVisible();
  expect(await asked()).toBeLessThanOrEqual(count + 3);
});

test("the viewer is used by keyboard, and returns the focus", async ({ page }) => {
  await open(page, STAFF);
  await page.locator(".ppc-scroller").evaluate((list) => list.scrollTo(0, 0));
  const first = page.getByRole("button", { name: "Show Screenshot 2026-11-29.png" });
  await first.focus();
  await page.keyboard.press("Enter");
  const viewer = page.getByRole("dialog", { name: "Pictures" });
  await expect(viewer.getByAltText("Screenshot 2026-11-29.png")).toBeVisible();
  await expect(viewer.getByText("1 of 5")).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await expect(viewer.getByAltText("bank-1.png")).toBeVisible();
  await page.keyboard.press("ArrowLeft");
  await expect(viewer.getByAltText("Screenshot 2026-11-29.png")).toBeVisible();
  await expectAccessible(page);
  const downloading = page.waitForEvent("download");
  await viewer.getByRole("link", { name: "Download Screenshot 2026-11-29.png" }).click();
  expect((await downloading).suggestedFilename()).toBe("Screenshot 2026-11-29.png");
  await page.keyboard.press("Escape");
  await expect(viewer).toBeHidden();
  await expect(first).toBeFocused();
});

test("a file's row downloads it, and says when it was removed", async ({ page }) => {
  await open(page);
  const row = page.locator(".ppc-file", { hasText: "client-with" });
  await expect(row).toContainText("TXT · 48 kB");
  const button = row.getByRole("button", { name: /^Download client-with/ });
  const downloading = page.waitForEvent("download");
  await button.click();
  expect((await downloading).suggestedFilename()).toContain("client-with");

  await page.getByText("Picture removed").scrollIntoViewIfNeeded();
  await expect(page.getByText("Picture removed")).toBeVisible();
});

test("a file is downloaded by a click during which the messages scroll", async ({ page }) => {
  await open(page);
  const button = page.getByRole("button", { name: /^Download client-with/ });
  await button.hover();
  const downloading = page.waitForEvent("download");
  await page.mouse.down();
  await scrollSlightly(page.locator(".ppc-scroller"));
  await page.mouse.up();
  expect((await downloading).suggestedFilename()).toContain("client-with");
});

test("the bytes are uploaded as they are, and a removed file's upload is ended", async ({
  page,
}) => {
  let answer = true;
  const bodies: (Buffer | null)[] = [];
  await page.route("**/attachments/*?name=*", async (route) => {
    const request = route.request();
    const url = new URL(request.url());
    const attachmentId = url.pathname.split("/").at(-1) ?? "";
    bodies.push(request.postDataBuffer());
    if (!answer) return;
    expect(request.method()).toBe("PUT");
    const facts = { contentType: "image/png", size: 9, width: 600, height: 400, thumbnail: false };
    const attachment = { attachmentId, name: url.searchParams.get("name"), ...facts };
    const token = `token ${JSON.stringify({ playerId: BO, attachment })}`;
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    await route.fulfill({ status: 201, json: { ...attachment, token, expiresAt } });
  });
  await open(page, `${PLAYER}&xhr`);
  await addFiles(page, "paste", [pngFile("boss & co.png")]);
  await expect(page.getByText("boss & co.png is ready to be sent")).toBeAttached();
  await page.keyboard.press("Enter");
  await expect(lastBubble(page)).toHaveAttribute("data-state", "delivered");
  expect(await lastFiles(page)).toEqual(["boss & co.png"]);
  expect(bodies[0]?.subarray(0, 8).toString("hex")).toBe("89504e470d0a1a0a");

  answer = false;
  await addFiles(page, "paste", [pngFile("map.png")]);
  await expect.poll(() => bodies.length).toBe(2);
  const ended = page.waitForEvent("requestfailed");
  await page.getByRole("button", { name: "Remove map.png" }).click();
  expect((await ended).url()).toContain("map.png");
});

for (const [name, size] of Object.entries({
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 800 },
})) {
  test(`files are accessible and fit on a ${name}`, async ({ page }) => {
    await page.setViewportSize(size);
    for (const [address, scheme] of [
      [PLAYER, "light"],
      [STAFF, "dark"],
      [`${PLAYER}&language=ar`, "dark"],
    ] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.goto(address);
      await expect(page.locator(".ppc-attach")).toBeVisible();
      await injectFaults(page, { upload: [60_000, 60_000] });
      await addFiles(page, "paste", [pngFile("a-file-with-quite-a-long-name-of-2026.png")]);
      await expect(page.getByRole("progressbar", { name: /a-file/ })).toBeVisible();
      await injectFaults(page, {
        upload: [10, 10],
        uploadRefusal: INFECTED,
      });
      await addFiles(page, "paste", [pngFile("map.png")]);
      await expect(page.locator('.ppc-staged-file[data-state="failed"]')).toBeVisible();
      expect(await viewOf(page)).toEqual({ isWider: false });
      await expectAccessible(page);
    }
  });
}

/** The number of files that the browser keeps. */
const keptFiles = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const request = indexedDB.open("player-portal-chat");
        request.onerror = () => reject(request.error);
        request.onsuccess = () => {
          const count = request.result.transaction("files").objectStore("files").count();
          count.onsuccess = () => {
            request.result.close();
            resolve(count.result);
          };
        };
      }),
  );
