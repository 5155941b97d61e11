import { afterEach, expect, test } from "vitest";
import { ADA } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";
import type { CannedReply } from "../types.js";
import { CannedReplies } from "./cannedReplies.js";
import { isLead } from "./lead.js";

const { system, portal } = simulate();
const GRACE = { role: "staff", subject: "grace", name: "Grace" } as const;
const reply = (shortcut: string, title = shortcut): CannedReply => ({
  ...{ id: crypto.randomUUID(), shortcut, title, team: null, bodies: { en: `about ${shortcut}` } },
});

const open: CannedReplies[] = [];
afterEach(() => {
  for (const replies of open.splice(0)) replies.close();
});

function repliesOf(identity: typeof ADA, token: string | null = null): CannedReplies {
  const replies = new CannedReplies(portal({ identity, token }).chat.replyParts());
  open.push(replies);
  replies.open();
  return replies;
}

const shortcuts = (replies: CannedReplies) => replies.all.map(({ shortcut }) => shortcut);

test("an edit shows at its own desk at once, and at another one within seconds", async () => {
  system().desk.enabled = true;
  const [ada, grace] = [repliesOf(ADA), repliesOf(GRACE)];
  await seconds(10);
  system().faults.persist = [500, 500];
  const saved = ada.save(reply("refund"));
  await seconds(0.2);
  expect((await saved).ok).toBe(true);
  expect(shortcuts(ada)).toEqual(["refund"]);
  await seconds(7);
  expect(shortcuts(grace)).toEqual(["refund"]);
  const [known] = grace.all;
  const deleted = grace.delete(known?.id ?? "");
  await seconds(7);
  expect((await deleted).ok).toBe(true);
  expect(shortcuts(ada)).toEqual([]);
});

test("a second reply with the same shortcut shows with its number", async () => {
  system().desk.enabled = true;
  const ada = repliesOf(ADA);
  await seconds(10);
  void ada.save(reply("refund"));
  await seconds(10);
  void ada.save(reply("refund"));
  await seconds(10);
  expect(shortcuts(ada)).toEqual(["refund", "refund-2"]);
});

test("a list that is still the same is not sent again", async () => {
  system().desk.enabled = true;
  system().notesAndReplies.replies.put(reply("hello"));
  const ada = repliesOf(ADA);
  await seconds(10);
  const list = ada.all[0];
  ada.refresh();
  await seconds(5);
  expect(ada.all[0]).toBe(list);
  expect(ada.failed).toBe(false);
});

test("an edit of another than a lead is refused, and the desk offers no further one", async () => {
  system().desk.enabled = true;
  system().notesAndReplies.leads = ["grace"];
  const ada = repliesOf(ADA);
  await seconds(10);
  expect(ada.mayEdit).toBe(true);
  const saved = ada.save(reply("refund"));
  await seconds(1);
  expect((await saved).ok).toBe(false);
  expect(ada.mayEdit).toBe(false);
  expect(shortcuts(ada)).toEqual([]);
});

test("replies are found by shortcut and title, those with the shortcut first", async () => {
  system().desk.enabled = true;
  const { replies } = system().notesAndReplies;
  replies.put(reply("bye", "Refund and goodbye"));
  replies.put(reply("refund", "Money back"));
  replies.put(reply("hello"));
  const ada = repliesOf(ADA);
  await seconds(10);
  expect(ada.find("ref").map(({ shortcut }) => shortcut)).toEqual(["refund", "bye"]);
  expect(ada.find("")).toHaveLength(3);
  expect(ada.find("nothing")).toEqual([]);
});

test("the claim of a lead is read from the token", () => {
  const token = (claims: object) => `e30.${btoa(JSON.stringify(claims))}.x`;
  expect(isLead(token({ lead: true }))).toBe(true);
  expect(isLead(token({ sub: "ada" }))).toBe(false);
  expect(isLead("opaque")).toBeNull();
});
