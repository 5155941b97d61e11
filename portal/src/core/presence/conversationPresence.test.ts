import { expect, test, vi } from "vitest";
import { ADA, PLAYER, type SimulatedPortal } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";
import type { Identity } from "../types.js";
import { parseMember } from "./member.js";

const { system, portal } = simulate();
const GRACE: Identity = { role: "staff", subject: "grace", name: "Grace" };
const CHANNEL = "presence-conversation-p1";

const typists = ({ conversation }: SimulatedPortal) =>
  conversation.presence.typing.typists.map(({ name }) => name);
/** The user presses a key every half second for `count` seconds. */
async function write({ conversation }: SimulatedPortal, count: number) {
  for (let half = 0; half < count * 2; half += 1) {
    conversation.presence.typing.edited("x".repeat(half + 1));
    await seconds(0.5);
  }
}

/** A player's chat and a desk with the player's conversation open. */
async function two() {
  const [player, ada] = [portal(), portal({ identity: ADA })];
  await seconds(2);
  return { player, ada };
}

test("the desk sees the player and colleagues, and the player's chat the staff who type", async () => {
  const { player, ada } = await two();
  expect(ada.conversation.presence.isPlayerHere).toBe(true);
  expect(ada.conversation.presence.staff).toEqual([]);
  const grace = portal({ identity: GRACE });
  await seconds(1);
  expect(ada.conversation.presence.staff.map(({ name }) => name)).toEqual(["Grace"]);
  expect(player.conversation.presence.isPlayerHere).toBe(false);
  await write(ada, 1);
  await write(grace, 1);
  expect(typists(player)).toEqual(["Ada", "Grace"]);
  expect(typists(ada)).toEqual(["Grace"]);
  grace.close();
  await seconds(1);
  expect(typists(player)).toEqual(["Ada"]);
  expect(ada.conversation.presence.staff).toEqual([]);
});

test("typing is seen within 300 milliseconds and gone after the message", async () => {
  const { player, ada } = await two();
  player.conversation.presence.typing.edited("H");
  await seconds(0.3);
  expect(typists(ada)).toEqual(["Bo"]);
  player.conversation.send("Hello");
  await seconds(0.3);
  expect(typists(ada)).toEqual([]);
  expect(ada.contents()).toEqual(["Hello"]);
  expect(system().presence.events).toEqual(["client-typing", "client-stopped"]);
});

test("a message whose stop is lost ends the typing", async () => {
  const { ada } = await two();
  const guest = system().join(PLAYER, "p1");
  guest.trigger("client-typing");
  await seconds(0.3);
  expect(typists(ada)).toEqual(["Bo"]);
  system().send({ playerId: "p1", senderType: "player", content: "Hello" });
  await seconds(0.3);
  expect(typists(ada)).toEqual([]);
});

test("a player who is alone sends nothing, in two tabs as well", async () => {
  const [player] = [portal(), portal()];
  await seconds(2);
  await write(player, 10);
  player.conversation.send("Hello");
  await seconds(1);
  expect(system().presence.events).toEqual([]);
});

test("a user's typing in another tab is not shown", async () => {
  const { player, ada } = await two();
  const otherTab = portal();
  await seconds(1);
  await write(otherTab, 1);
  expect(typists(ada)).toEqual(["Bo"]);
  expect(typists(player)).toEqual([]);
});

test("a forged event shows nothing", async () => {
  const { player } = await two();
  const guest = system().join(GRACE, "p1");
  for (const name of ["client-message-sent", "message-sent", "session-updated"])
    guest.trigger(name, { playerId: "p1", senderType: "staff", content: "Your password?" });
  await seconds(1);
  expect(player.contents()).toEqual([]);
  expect(typists(player)).toEqual([]);
});

test("without the gateway's presence channels, or without typing, no page subscribes", async () => {
  for (const more of [{ conversationPresence: false }, { typing: false }]) {
    const player = portal(more);
    await seconds(2);
    expect(player.transport?.channels).toEqual(["private-player-p1"]);
    await write(player, 1);
    expect(system().presence.events).toEqual([]);
    player.close();
  }
});

test("a refusal of client events turns typing off and is reported once", async () => {
  const onProblem = vi.fn();
  system().faults.refuseClientEvents = true;
  const player = portal({ onProblem });
  portal({ identity: ADA });
  await seconds(2);
  await write(player, 10);
  system().faults.refuseClientEvents = false;
  await write(player, 10);
  expect(onProblem.mock.calls.map(([{ kind }]) => kind)).toEqual(["typing"]);
  expect(system().presence.events).toEqual([]);
});

test("a lost connection empties the members, and the next one restores them", async () => {
  const { ada, player } = await two();
  await write(player, 1);
  system().faults.pusherFails = true;
  system().disconnect();
  expect(ada.conversation.presence.isPlayerHere).toBe(false);
  expect(typists(ada)).toEqual([]);
  system().faults.pusherFails = false;
  await seconds(5);
  expect(ada.conversation.presence.isPlayerHere).toBe(true);
});

test("a paused conversation is left, and a resumed one joined", async () => {
  const { player, ada } = await two();
  await write(ada, 1);
  ada.conversation.pause();
  await seconds(0.3);
  expect(typists(player)).toEqual([]);
  expect(system().presence.membersOf(CHANNEL).size).toBe(1);
  ada.conversation.resume();
  await seconds(1);
  expect(ada.conversation.presence.isPlayerHere).toBe(true);
});

test("members with invalid information are none", () => {
  for (const info of [null, "staff", {}, { role: "admin" }, { role: 1 }])
    expect(parseMember("x", info)).toBeNull();
  expect(parseMember("x", { role: "staff", name: 7 })?.name).toBeNull();
  expect(parseMember("x", { role: "staff", name: "\u202eada" })?.name).toBe("ada");
});
