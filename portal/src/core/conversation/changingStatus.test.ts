import { expect, test } from "vitest";
import { ADA } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";

const { system, portal } = simulate();

const says = (content: string) =>
  system().say({ playerId: "p1", playerName: "Bo", senderType: "player", content });
const grace = (status: "active" | "resolved") =>
  system().changeStatus({
    ...{ playerId: "p1", status, changeId: crypto.randomUUID() },
    ...{ actorId: "grace", actorName: "Grace" },
  });

test("a resolve leaves a session open in which the player wrote meanwhile, and says so", async () => {
  const ada = portal({ identity: ADA });
  says("hello");
  await seconds(5);
  system().faults.broadcast = [3_000, 3_000];
  says("one more thing");
  await seconds(0.1);
  const { changeId, outcome } = ada.conversation.changeStatus("resolved");
  await seconds(10);
  expect((await outcome)?.ok).toBe(true);
  expect(ada.conversation.isStale(changeId)).toBe(true);
  expect(ada.conversation.session?.status).toBe("pending");
  expect(ada.contents()).toEqual(["hello", "one more thing"]);
});

test("a resolve leaves the next session open that the player began meanwhile", async () => {
  const ada = portal({ identity: ADA });
  says("hello");
  await seconds(5);
  system().faults.broadcast = [3_000, 3_000];
  grace("resolved");
  await seconds(0.1);
  says("one more thing");
  await seconds(0.1);
  const { changeId } = ada.conversation.changeStatus("resolved");
  await seconds(10);
  expect(ada.conversation.isStale(changeId)).toBe(true);
  expect(ada.conversation.session?.status).toBe("pending");
});

test("a message that only an event has told of is seen, and does not keep its session open", async () => {
  const ada = portal({ identity: ADA });
  says("hello");
  await seconds(30);
  system().faults.persist = [2_000, 2_000];
  says("thank you, that was all");
  await seconds(0.2);
  expect(ada.contents()).toHaveLength(2);
  const { changeId } = ada.conversation.changeStatus("resolved");
  await seconds(12);
  expect(ada.conversation.isStale(changeId)).toBe(false);
  expect(ada.conversation.session?.status).toBe("resolved");
});

test("a message that comes after the click, and before its number is known, keeps the session open", async () => {
  const ada = portal({ identity: ADA });
  says("hello");
  await seconds(30);
  system().faults.persist = [2_000, 2_000];
  says("thank you");
  await seconds(0.2);
  const { changeId } = ada.conversation.changeStatus("resolved");
  says("wait!");
  await seconds(12);
  expect(ada.conversation.isStale(changeId)).toBe(true);
  expect(ada.conversation.session?.status).toBe("pending");
});

test("who took and who resolved is known to the staff, and not to the player", async () => {
  const ada = portal({ identity: ADA });
  const player = portal();
  says("hello");
  await seconds(5);
  grace("active");
  await seconds(3);
  expect(ada.conversation.session?.actorName).toBe("Grace");
  const { changeId } = ada.conversation.changeStatus("active");
  await seconds(3);
  expect(ada.conversation.isStale(changeId)).toBe(true);
  expect(ada.conversation.session?.actorName).toBe("Grace");
  // The history, which does not say who it was, changes nothing of that.
  ada.conversation.refresh();
  await seconds(3);
  expect(ada.conversation.session?.actorName).toBe("Grace");
  expect(player.conversation.session).toMatchObject({ status: "active", actorName: null });
});

test("an answer leaves the player's name as the player's token has it", async () => {
  const ada = portal({ identity: ADA });
  says("hello");
  await seconds(3);
  ada.conversation.send("hi");
  system().say({ playerId: "p1", playerName: "Bosse", senderType: "player", content: "new name" });
  await seconds(3);
  const { messages, session } = system().store.conversation("p1");
  expect(messages.find(({ content }) => content === "hi")?.playerName ?? null).toBeNull();
  expect(session?.playerName).toBe("Bosse");
});

test("a resolved session is opened again, unless the player has written since", async () => {
  const ada = portal({ identity: ADA });
  says("hello");
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
  says("one more thing");
  await seconds(0.1);
  const { changeId } = ada.conversation.changeStatus("active");
  await seconds(10);
  expect(ada.conversation.isStale(changeId)).toBe(true);
  expect(ada.conversation.session?.status).toBe("pending");
});
