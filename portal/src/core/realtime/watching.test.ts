import { expect, test } from "vitest";
import { ADA } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";
import { RecentlyShown } from "../conversation/recentlyShown.js";

const { system, portal } = simulate();
const STAFF = "private-staff-portal";
const WATCHED = "private-player-p1";
const playerSends = (content: string, playerId = "p1") =>
  system().send({ playerId, senderType: "player", content });

test("the open conversation's messages arrive at once while others are coalesced", async () => {
  system().bounds = { most: 1, listed: 50 };
  const ada = portal({ identity: ADA });
  await seconds(20);
  // Neither a digest nor an answer of the history brings them.
  system().faults.readsFail = true;
  const arrived: string[] = [];
  ada.conversation.onArrival(({ content }) => arrived.push(content));
  for (const content of ["one", "two", "three"]) playerSends(content);
  await seconds(0.1);
  expect(ada.contents()).toEqual(["one", "two", "three"]);
  system().faults.readsFail = false;
  await seconds(10);
  expect(arrived.sort()).toEqual(["one", "three", "two"]);
  expect(ada.contents()).toEqual(["one", "two", "three"]);
});

test("an own answer is not taken for a colleague's on the player's channel", async () => {
  const ada = portal({ identity: ADA });
  await seconds(2);
  // The player's channel alone delivers; there the answer has no sender's id.
  ada.transport?.silentChannels.add(STAFF);
  system().faults.readsFail = true;
  ada.conversation.send("I take this one");
  await seconds(1);
  expect(ada.delivery("I take this one")).toBe("accepted");
  ada.transport?.silentChannels.delete(STAFF);
  system().faults.readsFail = false;
  await seconds(70);
  expect(ada.delivery("I take this one")).toBe("delivered");
});

test("a changed session has its actor at once, which the player's channel lacks", async () => {
  const ada = portal({ identity: ADA });
  playerSends("hello");
  await seconds(2);
  system().faults.readsFail = true;
  const actors = new Set<string | null>();
  ada.conversation.subscribe(() => {
    const { session } = ada.conversation;
    if (session?.status === "active") actors.add(session.actorName);
  });
  const change = { changeId: "c1", playerId: "p1", status: "active" } as const;
  system().changeStatus({ ...change, actorId: "ada", actorName: "Ada" });
  await seconds(2);
  expect([...actors]).toEqual(["Ada"]);
});

test("a stalled staff channel is detected although the player's channel delivers", async () => {
  const ada = portal({ identity: ADA });
  await seconds(20);
  ada.transport?.silentChannels.add(STAFF);
  playerSends("hello?");
  await seconds(1);
  expect(ada.contents()).toEqual(["hello?"]);
  expect(ada.conversation.link).toBe("live");
  await seconds(5);
  expect(ada.conversation.link).toBe("polling");
  playerSends("still there?");
  await seconds(1);
  expect(ada.conversation.link).toBe("polling");
  ada.transport?.silentChannels.delete(STAFF);
  playerSends("and now?");
  await seconds(1);
  expect(ada.conversation.link).toBe("live");
});

test("a staff channel that delivers first, or in digests, stays healthy", async () => {
  const ada = portal({ identity: ADA });
  await seconds(20);
  for (let count = 0; count < 30; count += 1) {
    if (count === 15) system().bounds = { most: 1, listed: 50 };
    playerSends(`message ${count}`);
    await seconds(0.3);
  }
  await seconds(10);
  expect(ada.conversation.link).toBe("live");
});

test("a stalled channel of the player leaves the desk live, and the history brings its messages", async () => {
  system().bounds = { most: 1, listed: 50 };
  const ada = portal({ identity: ADA });
  await seconds(20);
  ada.transport?.silentChannels.add(WATCHED);
  for (const content of ["one", "two"]) playerSends(content);
  await seconds(3);
  expect(ada.contents()).toEqual(["one", "two"]);
  expect(ada.conversation.link).toBe("live");
});

test("switching quickly between conversations leaves no subscription behind", async () => {
  const ada = portal({ identity: ADA });
  ada.conversation.close();
  const recent = new RecentlyShown((playerId) => ada.chat.conversation(playerId));
  await seconds(2);
  let shown = recent.show("p0");
  for (let step = 1; step < 40; step += 1) {
    recent.leave(shown);
    shown = recent.show(`p${step % 15}`);
    await seconds(step % 3 === 0 ? 0.01 : 0.1);
  }
  await seconds(5);
  const channels = [STAFF, "private-player-p9", "presence-conversation-p9"];
  expect(shown.playerId).toBe("p9");
  expect(new Set(ada.transport?.channels)).toEqual(new Set(channels));
  expect(ada.transport?.subscriptions.sort()).toEqual(channels.sort());
  recent.leave(shown);
  expect(ada.transport?.channels).toEqual([STAFF]);
  recent.close();
});

test("a player's chat receives each event once", async () => {
  const player = portal();
  await seconds(2);
  expect(player.transport?.channels.sort()).toEqual(["presence-conversation-p1", WATCHED]);
});
