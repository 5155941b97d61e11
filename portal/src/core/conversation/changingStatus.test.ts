import { expect, test } from "vitest";
import { ADA } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";

const { system, portal } = simulate();

const playerSends = (content: string) =>
  system().send({ playerId: "p1", playerName: "Bo", senderType: "player", content });
const grace = (status: "active" | "resolved") =>
  system().changeStatus({
    ...{ playerId: "p1", status, changeId: crypto.randomUUID() },
    ...{ actorId: "grace", actorName: "Grace" },
  });

test("a resolve is stale when the player wrote meanwhile", async () => {
  const ada = portal({ identity: ADA });
  playerSends("hello");
  await seconds(5);
  system().faults.broadcast = [3_000, 3_000];
  playerSends("one more thing");
  await seconds(0.1);
  const { changeId, outcome } = ada.conversation.changeStatus("resolved");
  await seconds(10);
  expect((await outcome)?.ok).toBe(true);
  expect(ada.conversation.isStale(changeId)).toBe(true);
  expect(ada.conversation.session?.status).toBe("pending");
  expect(ada.contents()).toEqual(["hello", "one more thing"]);
});

test("a resolve does not reach the next session", async () => {
  const ada = portal({ identity: ADA });
  playerSends("hello");
  await seconds(5);
  system().faults.broadcast = [3_000, 3_000];
  grace("resolved");
  await seconds(0.1);
  playerSends("one more thing");
  await seconds(0.1);
  const { changeId } = ada.conversation.changeStatus("resolved");
  await seconds(10);
  expect(ada.conversation.isStale(changeId)).toBe(true);
  expect(ada.conversation.session?.status).toBe("pending");
});

test("a message that only an event has brought counts as seen", async () => {
  const ada = portal({ identity: ADA });
  playerSends("hello");
  await seconds(30);
  system().faults.persist = [2_000, 2_000];
  playerSends("thank you, that was all");
  await seconds(0.2);
  expect(ada.contents()).toHaveLength(2);
  const { changeId } = ada.conversation.changeStatus("resolved");
  await seconds(12);
  expect(ada.conversation.isStale(changeId)).toBe(false);
  expect(ada.conversation.session?.status).toBe("resolved");
});

test("a message that arrives after the click makes the resolve stale", async () => {
  const ada = portal({ identity: ADA });
  playerSends("hello");
  await seconds(30);
  system().faults.persist = [2_000, 2_000];
  playerSends("thank you");
  await seconds(0.2);
  const { changeId } = ada.conversation.changeStatus("resolved");
  playerSends("wait!");
  await seconds(12);
  expect(ada.conversation.isStale(changeId)).toBe(true);
  expect(ada.conversation.session?.status).toBe("pending");
});

test("staff receive the actor of a change, and players do not", async () => {
  const ada = portal({ identity: ADA });
  const player = portal();
  playerSends("hello");
  await seconds(5);
  grace("active");
  await seconds(3);
  expect(ada.conversation.session?.actorName).toBe("Grace");
  const { changeId } = ada.conversation.changeStatus("active");
  await seconds(3);
  expect(ada.conversation.isStale(changeId)).toBe(true);
  expect(ada.conversation.session?.actorName).toBe("Grace");
  // The history has no actor and does not remove it.
  ada.conversation.refresh();
  await seconds(3);
  expect(ada.conversation.session?.actorName).toBe("Grace");
  expect(player.conversation.session).toMatchObject({ status: "active", actorName: null });
});

test("an answer does not change the player's name", async () => {
  const ada = portal({ identity: ADA });
  playerSends("hello");
  await seconds(3);
  ada.conversation.send("hi");
  system().send({ playerId: "p1", playerName: "Bosse", senderType: "player", content: "new name" });
  await seconds(3);
  const { messages, session } = system().store.conversation("p1");
  expect(messages.find(({ content }) => content === "hi")?.playerName ?? null).toBeNull();
  expect(session?.playerName).toBe("Bosse");
});

test("a resolved session is reopened unless the player wrote since", async () => {
  const ada = portal({ identity: ADA });
  playerSends("hello");
  await seconds(5);
  grace("resolved");
  await seconds(5);
  const reopened = ada.conversation.changeStatus("active");
  await seconds(5);
  expect(ada.conversation.isStale(reopened.changeId)).toBe(false);
  expect(ada.conversation.session).toMatchObject({ status: "active", resolvedAt: null });

  grace("resolved");
  await seconds(5);
  system().faults.broadcast = [3_000, 3_000];
  playerSends("one more thing");
  await seconds(0.1);
  const { changeId } = ada.conversation.changeStatus("active");
  await seconds(10);
  expect(ada.conversation.isStale(changeId)).toBe(true);
  expect(ada.conversation.session?.status).toBe("pending");
});
