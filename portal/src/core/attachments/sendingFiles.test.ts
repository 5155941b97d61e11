import { expect, test } from "vitest";
import {
  ADA,
  ATTACHMENTS,
  NO_FAULTS,
  SimulatedBrowser,
  type SimulatedPortal,
} from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";
import "./attachmentCore.js";

const { system, portal } = simulate();

const INFECTED = { status: 422, type: "attachment-infected", detail: "the file is infected" };
const ANY = { ...ATTACHMENTS, for: "any" } as const;
const picture = (name = "boss.png", size = 100) =>
  new File([new Uint8Array(size)], name, { type: "image/png" });

/** Adds files to the next message. */
function stage(of: SimulatedPortal, ...files: File[]): void {
  attachmentsOf(of).staging.add("p1", files);
}

/** Sends a message with the files that were added. */
function send(of: SimulatedPortal, content: string): void {
  of.conversation.send(content, attachmentsOf(of).staging.take("p1"));
}

function attachmentsOf({ chat }: SimulatedPortal) {
  const { current } = chat.attachments;
  if (current === null) throw new Error("the attachments are not loaded");
  return current;
}

/** The stored messages: the content, and the names of the files. */
const stored = () =>
  system()
    .store.conversation("p1")
    .messages.map(({ content, attachments }) => [content, ...attachments.map(({ name }) => name)]);

function open(options: Parameters<typeof portal>[0] = {}): SimulatedPortal {
  system().attachments.limits = ANY;
  return portal(options);
}

test("a message with files is sent when all of them are uploaded, and later ones wait for it", async () => {
  const player = open();
  await seconds(1);
  system().faults.upload = [2_000, 4_000];
  stage(player, picture("one.png"), picture("two.png"));
  send(player, "look");
  player.conversation.send("and then?");
  await seconds(1);
  expect(player.delivery("look")).toBe("sending");
  expect(stored()).toEqual([]);
  await seconds(9);
  expect(stored()).toEqual([["look", "one.png", "two.png"], ["and then?"]]);
  expect(player.delivery("and then?")).toBe("delivered");
});

test("a message without a text is shown by the name of its first file", async () => {
  const player = open();
  await seconds(1);
  stage(player, picture());
  send(player, "");
  expect(player.contents()).toEqual(["boss.png"]);
  await seconds(2);
  expect(player.contents()).toEqual(["boss.png"]);
  expect(player.entries()[0]?.attachments[0]?.name).toBe("boss.png");
  expect(player.delivery("boss.png")).toBe("delivered");
});

test("files that an event has no room for stay with their sender, and reach the others", async () => {
  const player = open();
  const ada = open({ identity: ADA });
  await seconds(1);
  system().faults = { ...NO_FAULTS, eventsLackFiles: true, persist: [3_000, 3_000] };
  stage(player, picture());
  send(player, "look");
  await seconds(1);
  expect(player.delivery("look")).toBe("delivered");
  expect(player.entries()[0]?.attachments).toHaveLength(1);
  expect(ada.entries()[0]?.attachments).toHaveLength(0);
  await seconds(10);
  for (const portal of [player, ada]) expect(portal.entries()[0]?.attachments).toHaveLength(1);
});

test("while the store is away the text goes, and the file follows by itself", async () => {
  const player = open();
  await seconds(1);
  system().faults.storeFails = true;
  stage(player, picture());
  send(player, "look");
  await seconds(1);
  expect(player.delivery("look")).toBe("waiting");
  player.conversation.send("it crashed");
  await seconds(1);
  expect(stored()).toEqual([["it crashed"]]);
  system().faults.storeFails = false;
  await seconds(40);
  expect(stored()).toEqual([["it crashed"], ["look", "boss.png"]]);
});

test("messages keep their order over an outage of the network", async () => {
  const player = open();
  await seconds(1);
  system().faults.networkFails = true;
  stage(player, picture());
  send(player, "look");
  player.conversation.send("it crashed");
  await seconds(20);
  system().faults = { ...NO_FAULTS };
  await seconds(60);
  expect(stored()).toEqual([["look", "boss.png"], ["it crashed"]]);
});

test("an upload goes on after a reload, and the message is sent once", async () => {
  const browser = new SimulatedBrowser();
  const before = open({ browser });
  await seconds(1);
  system().faults.upload = [5_000, 5_000];
  stage(before, picture());
  send(before, "look");
  before.conversation.send("it crashed");
  await seconds(1);
  before.environment.leave();
  before.tab.crash();
  before.close();
  const after = open({ browser });
  await seconds(1);
  expect(after.contents()).toEqual(["look", "it crashed"]);
  await seconds(30);
  expect(stored()).toEqual([["look", "boss.png"], ["it crashed"]]);
  expect(system().sends).toBe(2);
  expect(browser.blobs.kept.size).toBe(0);
});

test("a browser that keeps no files sends them while the page is open, and says so", async () => {
  const browser = new SimulatedBrowser();
  browser.blobs.fails = true;
  const before = open({ browser });
  await seconds(1);
  system().faults.upload = [3_000, 3_000];
  stage(before, picture());
  const [file] = attachmentsOf(before).staging.filesOf("p1");
  await seconds(1);
  expect(attachmentsOf(before).isOnlyHere(file?.attachmentId ?? "")).toBe(true);
  send(before, "look");
  expect(before.chat.wouldLose).toBe(true);
  await seconds(5);
  expect(before.delivery("look")).toBe("delivered");
  expect(before.chat.wouldLose).toBe(false);

  stage(before, picture());
  send(before, "again");
  before.tab.crash();
  before.close();
  const after = open({ browser });
  await seconds(15);
  expect(after.delivery("again")).toBe("refused");
});

test("a refused file is not sent, and can be tried again or removed", async () => {
  const player = open();
  await seconds(1);
  system().faults.uploadRefusal = INFECTED;
  stage(player, picture());
  await seconds(1);
  const { staging } = attachmentsOf(player);
  expect(staging.isBlocked("p1")).toBe(true);
  send(player, "look");
  await seconds(1);
  expect(player.delivery("look")).toBe("refused");
  system().faults.uploadRefusal = null;
  player.conversation.retry(player.entries()[0]?.messageId ?? "");
  await seconds(2);
  expect(player.delivery("look")).toBe("delivered");
});

test("a file that the device no longer has, and a folder, are not uploaded for ever", async () => {
  const player = open();
  await seconds(1);
  const gone = picture("gone.png");
  gone.arrayBuffer = () => Promise.reject(new DOMException("gone", "NotFoundError"));
  stage(player, gone);
  await seconds(1);
  const { staging, uploads } = attachmentsOf(player);
  const [file] = staging.filesOf("p1");
  expect(uploads.stateOf(file?.attachmentId ?? "")?.state).toBe("failed");
  expect(system().attachments.uploads).toBe(0);
});

test("expired tokens are replaced by uploading the same files again", async () => {
  const player = open();
  await seconds(1);
  stage(player, picture());
  await seconds(1);
  system().faults.fileTokensExpire = true;
  send(player, "look");
  await seconds(0.05);
  system().faults.fileTokensExpire = false;
  await seconds(3);
  expect(stored()).toEqual([["look", "boss.png"]]);
  expect(system().attachments.uploads).toBe(2);
});

test("a removed file is neither sent nor kept", async () => {
  const browser = new SimulatedBrowser();
  const player = open({ browser });
  await seconds(1);
  system().faults.upload = [3_000, 3_000];
  stage(player, picture("one.png"), picture("two.png"));
  await seconds(1);
  const { staging } = attachmentsOf(player);
  const [one] = staging.filesOf("p1");
  staging.remove("p1", one?.attachmentId ?? "");
  send(player, "look");
  await seconds(5);
  expect(stored()).toEqual([["look", "two.png"]]);
  expect(system().attachments.uploads).toBe(1);
  expect(browser.blobs.kept.size).toBe(0);
});

test("files beyond the limits are not taken, and the reason is named", async () => {
  const player = open();
  await seconds(1);
  const { staging } = attachmentsOf(player);
  staging.add("p1", [
    picture("big.png", ANY.maxBytes + 1),
    new File(["x"], "page.html", { type: "text/html" }),
    picture("empty.png", 0),
    new File(["log"], "client.log"),
  ]);
  for (let count = 1; count <= 5; count += 1) staging.add("p1", [picture(`${count}.png`)]);
  expect(staging.filesOf("p1").map(({ name }) => name)).toEqual([
    "client.log",
    ...["1.png", "2.png", "3.png", "4.png"],
  ]);
  expect(staging.problemsOf("p1")).toEqual([{ kind: "tooMany", name: "5.png" }]);
});

test("another user of the browser finds no files of the last one", async () => {
  const browser = new SimulatedBrowser();
  const ada = open({ browser, identity: ADA });
  await seconds(1);
  system().faults.networkFails = true;
  stage(ada, picture());
  send(ada, "look");
  await seconds(1);
  ada.tab.crash();
  ada.close();
  expect(browser.blobs.kept.size).toBe(1);
  open({ browser });
  await seconds(1);
  expect(browser.blobs.kept.size).toBe(1);
  open({ browser, identity: { role: "staff", subject: "grace", name: "Grace" } });
  await seconds(1);
  expect(browser.blobs.kept.size).toBe(0);
});

test("a gateway that takes no files loads nothing, and says so of a message that has some", async () => {
  const browser = new SimulatedBrowser();
  const before = open({ browser });
  await seconds(1);
  system().faults.networkFails = true;
  stage(before, picture());
  send(before, "look");
  before.tab.crash();
  before.close();
  system().faults.networkFails = false;
  system().attachments.limits = null;
  const after = portal({ browser });
  await seconds(10);
  expect(after.chat.attachments.current).toBe(null);
  expect(after.delivery("look")).toBe("refused");
});
