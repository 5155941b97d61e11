import { expect, test } from "vitest";
import { ADA } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";

const { system, portal } = simulate();
const TAKEN = "5a0c7d5e-0000-4000-8000-000000000001";

const playerSends = (content: string, playerId = "p1") =>
  system().send({ messageId: TAKEN, playerId, senderType: "player", content });

test("a rejected message disappears from the desk, and the first one stays", async () => {
  const ada = portal({ identity: ADA });
  playerSends("first");
  await seconds(30);
  system().faults.broadcast = [1_000, 1_000];
  playerSends("second", "p2");
  const p2 = portal({ identity: ADA });
  playerSends("third");
  await seconds(5);
  expect(ada.contents()).toEqual(["first"]);
  expect(p2.contents()).toEqual(["first"]);
});

test("a rejected message disappears whether its event or the rejection arrives first", async () => {
  playerSends("first", "p2");
  await seconds(1);
  const ada = portal({ identity: ADA });
  const inbox = ada.chat.inbox();
  inbox.open();
  await seconds(30);
  playerSends("after it");
  await seconds(1);
  // Here the message's own event arrives after the rejection.
  system().faults.broadcast = [3_000, 3_000];
  playerSends("before it");
  system().faults.broadcast = [5, 5];
  await seconds(10);
  expect(ada.contents()).toEqual([]);
  expect(inbox.row("p1")).toBeUndefined();
  expect(inbox.row("p2")?.lastMessage?.content).toBe("first");
  inbox.close();
});

test("the sender of a rejected message can send it again", async () => {
  const player = portal();
  await seconds(30);
  system().faults.persist = [2_000, 2_000];
  player.conversation.send("hello");
  const own = player.entries()[0]?.messageId ?? "";
  // Another message with its id is persisted first.
  system().persist({ messageId: own, playerId: "p2", senderType: "player", content: "mine" });
  await seconds(1);
  expect(player.delivery("hello")).toBe("delivered");
  await seconds(4);
  expect(player.delivery("hello")).toBe("refused");
  player.conversation.retry(own);
  await seconds(30);
  expect(player.delivery("hello")).toBe("delivered");
  expect(player.contents()).toEqual(["hello"]);
  expect(system().store.conversation("p1").messages).toHaveLength(1);
});
