import { expect, test } from "vitest";
import { ADA } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";
import type { Row } from "../inbox/row.js";

const { system, portal } = simulate();

const GRACE = { actorId: "grace", actorName: "Grace" };
const playerSends = (playerId: string, content: string) =>
  system().send({ playerId, playerName: `Name of ${playerId}`, senderType: "player", content });
const graceAssigns = (playerId: string, assignment: object) =>
  system().assign({
    ...({ action: "claim", ...assignment } as { action: "claim" }),
    ...{ playerId, changeId: crypto.randomUUID(), ...GRACE },
  });
const toAda = { action: "assign", assigneeId: "ada", assigneeName: "Ada" } as const;

/** Ada's desk, and the conversations that she is given. */
function desk() {
  system().desk.enabled = true;
  system().desk.add("ada", "Ada");
  system().desk.add("grace", "Grace");
  const ada = portal({ identity: ADA });
  const inbox = ada.chat.inbox();
  const given: string[] = [];
  const taken: string[] = [];
  inbox.own.onGiven(({ playerId }: Row) => given.push(playerId));
  inbox.own.onTaken(({ session }: Row) => taken.push(session?.assigneeName ?? ""));
  inbox.open();
  const listed = (view: "mine" | "pile" | "all") =>
    inbox.list(view).map(({ playerId }) => playerId);
  return { ...ada, conversation: ada.conversation, chat: ada.chat, inbox, given, taken, listed };
}

test("a claim moves the conversation from the pile to the user, who is not told of a gift", async () => {
  const { conversation, inbox, given, listed } = desk();
  playerSends("p1", "hello");
  await seconds(3);
  expect(listed("pile")).toEqual(["p1"]);
  const { outcome } = conversation.assign({ action: "claim" });
  await seconds(3);
  expect((await outcome)?.ok).toBe(true);
  expect(conversation.session).toMatchObject({ assigneeId: "ada", status: "active" });
  expect([listed("pile"), listed("mine")]).toEqual([[], ["p1"]]);
  expect(given).toEqual([]);
  inbox.close();
});

test("the earlier of two claims wins, whatever the order of their effects", async () => {
  const { conversation, listed, inbox } = desk();
  playerSends("p1", "hello");
  await seconds(3);
  system().faults.persist = [2_000, 2_000];
  graceAssigns("p1", {});
  system().faults.persist = [5, 5];
  conversation.assign({ action: "claim" });
  await seconds(1);
  expect(conversation.session?.assigneeId).toBe("ada");
  await seconds(3);
  expect(conversation.session?.assigneeName).toBe("Grace");
  expect(listed("mine")).toEqual([]);
  inbox.close();
});

test("a given conversation is announced once, and until it is opened", async () => {
  const { inbox, given, listed } = desk();
  playerSends("p1", "hello");
  await seconds(3);
  graceAssigns("p1", toAda);
  await seconds(3);
  expect(given).toEqual(["p1"]);
  expect([listed("mine"), inbox.own.given, inbox.own.isGiven("p1")]).toEqual([["p1"], 1, true]);
  playerSends("p1", "are you there?");
  await seconds(70);
  expect(given).toEqual(["p1"]);
  inbox.own.opened("p1");
  expect(inbox.own.given).toBe(0);
  inbox.close();
});

test("a conversation that a colleague takes over is announced, and what the user gives is not", async () => {
  const { conversation, inbox, given, taken } = desk();
  playerSends("p1", "hello");
  await seconds(3);
  conversation.assign({ action: "claim" });
  await seconds(3);
  graceAssigns("p1", { action: "assign", assigneeId: "grace", assigneeName: "Grace" });
  await seconds(3);
  expect(taken).toEqual(["Grace"]);
  conversation.assign(toAda);
  await seconds(3);
  conversation.assign({ action: "assign", assigneeId: "grace", assigneeName: "Grace" });
  await seconds(3);
  expect(conversation.session?.assigneeId).toBe("grace");
  expect([taken, given]).toEqual([["Grace"], []]);
  graceAssigns("p1", toAda);
  await seconds(3);
  expect(given).toEqual(["p1"]);
  inbox.close();
});

test("a conversation that was given while events were lost is found and announced", async () => {
  const { inbox, given, transport } = desk();
  playerSends("p1", "hello");
  await seconds(3);
  if (transport !== null) transport.isSilent = true;
  graceAssigns("p1", toAda);
  await seconds(90);
  expect(given).toEqual(["p1"]);
  inbox.close();
});

test("what the user has at the opening of the desk is not announced", async () => {
  system().desk.enabled = true;
  system().desk.add("ada", "Ada");
  playerSends("p1", "hello");
  await seconds(1);
  graceAssigns("p1", toAda);
  await seconds(1);
  const { inbox, given, listed } = desk();
  await seconds(5);
  expect([listed("mine"), given]).toEqual([["p1"], []]);
  inbox.close();
});

test("the user's own answer in a free conversation takes it without an announcement", async () => {
  const { conversation, inbox, given, listed } = desk();
  playerSends("p1", "hello");
  await seconds(3);
  conversation.send("Hello, how can I help?");
  await seconds(3);
  expect([listed("mine"), given]).toEqual([["p1"], []]);
  inbox.close();
});

test("only messages of the user's conversations and of the pile are news", async () => {
  const { inbox } = desk();
  for (const player of ["p1", "p2"]) playerSends(player, "hello");
  await seconds(3);
  graceAssigns("p2", {});
  await seconds(3);
  const news: string[] = [];
  inbox.onArrival(({ content }) => news.push(content));
  playerSends("p1", "in the pile");
  playerSends("p2", "with Grace");
  playerSends("p3", "new");
  await seconds(20);
  expect(news.sort()).toEqual(["in the pile", "new"]);
  inbox.close();
});

test("the pile lists urgent conversations first, then the longest waiting, of the chosen teams", async () => {
  const { inbox, listed } = desk();
  for (const player of ["p1", "p2", "p3"]) {
    playerSends(player, "hello");
    await seconds(1);
  }
  const { session } = system().store.conversation("p3");
  if (session !== null)
    system().store.conversation("p3").session = { ...session, priority: "urgent", version: 2 };
  graceAssigns("p2", { action: "release", team: "payments" });
  inbox.refresh();
  await seconds(3);
  expect(listed("pile")).toEqual(["p3", "p1", "p2"]);
  inbox.showTeams(["payments"]);
  expect([listed("pile"), inbox.count("pile").count]).toEqual([["p2"], 1]);
  inbox.showTeams([null]);
  expect(listed("pile")).toEqual(["p3", "p1"]);
  inbox.close();
});

test("a claim that the gateway does not take is repeated with the same id", async () => {
  const { conversation, inbox } = desk();
  playerSends("p1", "hello");
  await seconds(3);
  system().faults.sendsFail = true;
  const first = conversation.assign({ action: "claim" });
  await seconds(120);
  expect((await first.outcome)?.ok).toBe(false);
  system().faults.sendsFail = false;
  const second = conversation.assign({ action: "claim" }, first.changeId);
  await seconds(3);
  expect(second.changeId).toBe(first.changeId);
  expect(conversation.session?.assigneeId).toBe("ada");
  inbox.close();
});

test("a topic is sent with the message that opens a session, and with no other", async () => {
  system().desk.enabled = true;
  system().desk.teams = ["payments"];
  const { conversation } = portal();
  conversation.topic = "payments";
  conversation.send("twice paid");
  conversation.send("order 7");
  await seconds(3);
  expect(system().store.conversation("p1").session?.team).toBe("payments");
  expect(conversation.topic).toBeNull();
  expect(conversation.session).toMatchObject({ team: null, assigneeId: null });
});
