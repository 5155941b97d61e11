import { expect, test } from "vitest";
import { ATTACHMENTS } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";
import "./attachmentCore.js";
import { parseLink } from "./links.js";

const { system, portal } = simulate();

const FILE = "5a0c7d5e-0000-4000-8000-000000000001";
const KEY = { playerId: "p1", attachmentId: FILE, isStored: true };

/** A page that shows a stored message with a file. */
async function open() {
  system().attachments.limits = ATTACHMENTS;
  const facts = { name: "a.txt", contentType: "text/plain", size: 3, width: null, height: null };
  const attachment = { attachmentId: FILE, thumbnail: false, ...facts };
  system().attachments.store(FILE, new Blob(["abc"]));
  system().persist({
    ...{ playerId: "p1", senderType: "player", content: "a.txt", attachments: [attachment] },
  });
  const { chat } = portal();
  await seconds(1);
  if (chat.attachments.current === null) throw new Error("the attachments are not loaded");
  return chat.attachments.current.links;
}

const asked = () => system().attachments.asked.get(FILE) ?? 0;

test("a link is asked for once, and again shortly before it expires", async () => {
  const links = await open();
  links.request(KEY);
  links.request(KEY);
  await seconds(1);
  links.request(KEY);
  await seconds(1);
  expect(links.stateOf(FILE)?.state).toBe("ready");
  expect(asked()).toBe(1);
  await seconds(14 * 60);
  links.request(KEY);
  expect(asked()).toBe(1);
  await seconds(45);
  links.request(KEY);
  await seconds(1);
  expect(asked()).toBe(2);
});

test("a link of an erased file is removed, and not asked for again", async () => {
  const links = await open();
  system().attachments.erase(FILE);
  links.request(KEY);
  await seconds(1);
  expect(links.stateOf(FILE)?.state).toBe("removed");
  links.request(KEY);
  await seconds(60);
  expect(asked()).toBe(1);
});

test("a link of a message that is not stored yet is asked for until it is", async () => {
  const links = await open();
  system().attachments.erase(FILE);
  links.request({ ...KEY, isStored: false });
  await seconds(1);
  expect(links.stateOf(FILE)?.state).toBe("loading");
  system().attachments.store(FILE, new Blob(["abc"]));
  await seconds(10);
  expect(links.stateOf(FILE)?.state).toBe("ready");
});

test("while the store is away a link is asked for some more times, and then on demand", async () => {
  const links = await open();
  system().faults.storeFails = true;
  links.request(KEY);
  await seconds(120);
  expect(links.stateOf(FILE)?.state).toBe("failed");
  expect(asked()).toBeLessThan(10);
  system().faults.storeFails = false;
  links.renew(KEY);
  await seconds(1);
  expect(links.stateOf(FILE)?.state).toBe("ready");
});

test("relative addresses are the gateway's, and no link leads to a script", () => {
  const expiresAt = "2026-01-01T12:00:00Z";
  const base = "https://chat.example.com/support";
  const link = parseLink(
    { url: "/api/attachments/a", thumbnailUrl: "https://s3/b", expiresAt },
    base,
  );
  expect(link?.url).toBe("https://chat.example.com/support/api/attachments/a");
  expect(link?.thumbnailUrl).toBe("https://s3/b");
  expect(parseLink({ url: "javascript:alert(1)", expiresAt }, base)).toBe(null);
  expect(parseLink({ url: "/a" }, base)).toBe(null);
});
