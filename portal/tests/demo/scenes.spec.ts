import { expect, type Page, test } from "@playwright/test";
import { expectAccessible } from "../axe.js";
import { injectFaults, joinConversation, mark } from "./system.js";

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 320, height: 640 } };
const COLOURS = {
  light: { colorScheme: "light", forcedColors: "none" },
  dark: { colorScheme: "dark", forcedColors: "none" },
  forced: { colorScheme: "dark", forcedColors: "active" },
} as const;

/** The rules whose result depends on the colours. */
const RULES_OF_COLOURS = ["color-contrast", "link-in-text-block"];

/** What each scene shows once it is loaded. */
const SCENES: Record<"player" | "staff", Record<string, (page: Page) => Promise<void>>> = {
  player: {
    empty: (page) => seen(page, "How can we help?"),
    busy: (page) => seen(page, "Found it"),
    resolved: (page) => seen(page, "This conversation is resolved"),
    polling: (page) => seen(page, "Live updates are away"),
    gap: (page) => seen(page, "Earlier messages cannot be loaded"),
    loading: (page) => expect(page.getByText("Loading messages")).toBeAttached(),
    signedOut: (page) => seen(page, "Your sign-in has expired"),
    cut: async (page) => {
      await seen(page, "The chat cannot be reached");
      await page.getByLabel("Your message").fill("Are you there?");
      await page.keyboard.press("Enter");
      await seen(page, "Not sent yet, trying again");
    },
    refused: async (page) => {
      await injectFaults(page, { refusal: "invalid-field" });
      await page.getByLabel("Your message").fill("Something that is refused");
      await page.keyboard.press("Enter");
      await page.getByLabel("Your message").fill("a draft\nof two lines");
      await seen(page, "Try again");
    },
    files: async (page) => {
      await seen(page, "Found it");
      await page.evaluate(() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(["x"], "a.png"));
        const init = { bubbles: true, cancelable: true, dataTransfer };
        document.querySelector(".ppc-panel")?.dispatchEvent(new DragEvent("drop", init));
      });
      await seen(page, "Pictures and other files cannot be sent yet");
    },
    settings: async (page) => {
      await page.getByRole("button", { name: "Settings" }).click();
      await seen(page, "Desktop notifications");
    },
    scrolledUp: async (page) => {
      await seen(page, "Found it");
      await page.getByRole("region", { name: "Messages" }).hover();
      await page.mouse.wheel(0, -800);
      await expect(page.getByRole("button", { name: "Go to the newest messages" })).toBeVisible();
      await page.evaluate(() => {
        const { system } = window as never as { system: { send(message: object): void } };
        system.send({
          playerId: "bo-1815",
          senderType: "staff",
          senderName: "Ada",
          content: "There?",
        });
      });
      await seen(page, "1 new message");
    },
    read: async (page) => {
      await seen(page, "Found it");
      await mark(page, "bo-1815", "staff:ada", "Found it 😄");
      await seen(page, "Read ");
    },
    typing: (page) => seen(page, "Grace Hopper is typing"),
    german: (page) => seen(page, "Im Gespräch"),
  },
  staff: {
    empty: (page) => seen(page, "No player is waiting"),
    busy: (page) => seen(page, "Yara Haddad"),
    search: async (page) => {
      await page.keyboard.press("/");
      await page.getByLabel("Search by player").fill("na");
      await seen(page, "Sora Tanaka");
    },
    conversation: async (page) => {
      await seen(page, "Yara Haddad");
      await page.keyboard.press("2");
      await page.getByText("Bo Lindqvist").click();
      await seen(page, "known problem");
    },
    unread: async (page) => {
      await seen(page, "Yara Haddad");
      await mark(page, "p-0071", "staff:ada", "My payment");
      await page.getByText("James Okafor").click();
      await seen(page, "Unread messages");
    },
    receipts: async (page) => {
      await seen(page, "Yara Haddad");
      await page.keyboard.press("2");
      await mark(page, "bo-1815", "player", "Locked items");
      await page.getByText("Bo Lindqvist").click();
      await expect(page.getByTitle("Read by the player").last()).toBeVisible();
      await expect(page.locator(".ppc-bubble").getByTitle("Delivered").last()).toBeVisible();
    },
    pending: async (page) => {
      await seen(page, "Yara Haddad");
      await page.keyboard.press("j");
      await seen(page, "Take");
    },
    menu: async (page) => {
      await seen(page, "Yara Haddad");
      await page.keyboard.press("j");
      await page.getByRole("button", { name: "More" }).click();
      await seen(page, "Mark as unread");
    },
    colleague: async (page) => {
      await seen(page, "Yara Haddad");
      await page.keyboard.press("2");
      await page.getByText("Mika").click();
      await seen(page, "I am looking into it");
    },
    resolvedConversation: async (page) => {
      await seen(page, "Yara Haddad");
      await page.keyboard.press("3");
      await page.getByText("Petr Novák").click();
      await seen(page, "Reopen");
    },
    typing: async (page) => {
      await seen(page, "Yara Haddad");
      await page.keyboard.press("2");
      await page.getByText("Bo Lindqvist").click();
      await expect(page.getByText(/^(Bo|Grace) .* are typing$/)).toBeVisible();
    },
    present: async (page) => {
      await seen(page, "Yara Haddad");
      await page.keyboard.press("2");
      await page.getByText("Bo Lindqvist").click();
      const guests = [
        { role: "player", subject: "bo-1815", name: "Bo Lindqvist" },
        { role: "staff", subject: "grace", name: "Grace Hopper" },
      ];
      for (const guest of guests) await joinConversation(page, guest, "bo-1815");
      await seen(page, "Grace Hopper is here too");
    },
    help: async (page) => {
      await seen(page, "Yara Haddad");
      await page.keyboard.press("?");
      await seen(page, "Shortcuts of a single key");
    },
    polling: (page) => seen(page, "Live updates are away"),
    cut: (page) => seen(page, "The chat cannot be reached"),
    signedOut: (page) => seen(page, "Your sign-in has expired"),
    german: (page) => seen(page, "Support-Zentrale"),
  },
};

/** Scenes that begin like another one. */
const LIKE: Record<string, string> = {
  refused: "busy",
  files: "busy",
  settings: "busy",
  menu: "busy",
  colleague: "busy",
  resolvedConversation: "busy",
  read: "busy",
  unread: "busy",
  receipts: "busy",
  scrolledUp: "busy",
  german: "busy",
  search: "busy",
  conversation: "busy",
  pending: "busy",
  present: "busy",
  help: "busy",
};

for (const [portal, scenes] of Object.entries(SCENES)) {
  for (const [scene, stands] of Object.entries(scenes)) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      test(`${portal}, ${scene}, ${size}: accessible, and nothing sticks out`, async ({ page }) => {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ reducedMotion: "reduce" });
        const language = scene === "german" ? "de" : "en";
        const refusals = await watchPolicy(page);
        await page.goto(`/?portal=${portal}&scene=${LIKE[scene] ?? scene}&language=${language}`);
        await stands(page);
        for (const [colours, media] of Object.entries(COLOURS)) {
          // Colours do not depend on the size.
          if (size === "phone" && colours !== "light") continue;
          await page.emulateMedia(media);
          await expectAccessible(page, colours === "light" ? undefined : RULES_OF_COLOURS);
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          expect(overflow).toBe(0);
          const path = `screenshots/${portal}-${scene}-${colours}-${size}.png`;
          if (process.env.SCREENSHOTS) await page.screenshot({ path });
        }
        expect(refusals).toEqual([]);
      });
    }
  }
}

/** Records violations of the page's Content-Security-Policy from now on. */
async function watchPolicy(page: Page): Promise<string[]> {
  const refusals: string[] = [];
  await page.exposeFunction("onRefusal", (what: string) => refusals.push(what));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      const { onRefusal } = window as never as { onRefusal(what: string): void };
      onRefusal(`${violatedDirective} ${blockedURI}`);
    });
  });
  return refusals;
}

async function seen(page: Page, text: string): Promise<void> {
  await expect(page.getByText(text).filter({ visible: true }).first()).toBeVisible({
    timeout: 15_000,
  });
}
