import { expect, test } from "vitest";
import { ADA } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";
import { SessionEdits } from "./sessionEdits.js";

const { system, portal } = simulate();

/** A desk with an open session, and the changes that its user makes. */
async function desk() {
  system().desk.enabled = true;
  system().send({ playerId: "p1", senderType: "player", content: "hello" });
  const { conversation } = portal({ identity: ADA });
  await seconds(5);
  const edits = new SessionEdits(conversation);
  edits.watch();
  const facts = () => {
    const { session } = conversation;
    if (session === null) throw new Error("there is no session");
    return edits.facts(session);
  };
  return { conversation, edits, facts };
}

test("a change shows at once, and the session confirms it", async () => {
  const { conversation, edits, facts } = await desk();
  void edits.change({ add: ["refund"], priority: "urgent" });
  expect(facts()).toEqual({ tags: ["refund"], priority: "urgent", isPending: true });
  await seconds(2);
  expect(facts()).toEqual({ tags: ["refund"], priority: "urgent", isPending: false });
  expect(conversation.session).toMatchObject({ tags: ["refund"], priority: "urgent" });
  void edits.change({ remove: ["refund"] });
  expect(facts().tags).toEqual([]);
  await seconds(2);
  expect(conversation.session?.tags).toEqual([]);
  expect(edits.problem).toBeNull();
});

test("a refused change is taken back, and the failure names the field", async () => {
  const { edits, facts } = await desk();
  system().desk.tags = ["refund"];
  void edits.change({ add: ["unheard-of"] });
  await seconds(2);
  expect(facts()).toEqual({ tags: [], priority: "normal", isPending: false });
  expect(edits.problem).toMatchObject({ kind: "refused", failure: { field: "tags" } });
});

test("a lost answer does not make the change twice", async () => {
  const { conversation, edits } = await desk();
  system().faults.loseAnswer = 1;
  void edits.change({ priority: "high" });
  await seconds(1);
  system().faults.loseAnswer = 0;
  await seconds(20);
  expect(conversation.session?.priority).toBe("high");
  expect(edits.problem).toBeNull();
});

test("a change of a session that has ended is taken back", async () => {
  const { conversation, edits, facts } = await desk();
  system().faults.broadcast = [3_000, 3_000];
  system().changeStatus({ playerId: "p1", status: "resolved", changeId: crypto.randomUUID() });
  await seconds(0.1);
  system().send({ playerId: "p1", senderType: "player", content: "again" });
  await seconds(0.1);
  void edits.change({ priority: "high" });
  await seconds(10);
  expect(conversation.session?.status).toBe("pending");
  expect(facts()).toMatchObject({ priority: "normal", isPending: false });
});

test("a change whose effect does not arrive is taken back after a while", async () => {
  const { edits, facts } = await desk();
  system().faults.persist = [60_000, 60_000];
  void edits.change({ priority: "high" });
  await seconds(10);
  expect(facts()).toMatchObject({ priority: "high", isPending: true });
  await seconds(10);
  expect(facts()).toMatchObject({ priority: "normal", isPending: false });
  expect(edits.problem).toEqual({ kind: "unknown" });
});
