import { expect, test, vi } from "vitest";
import { ADA } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";

const { system, portal } = simulate();
const staffSays = (content: string) =>
  system().send({ playerId: "p1", senderType: "staff", senderId: "ada", content });

test("the history is polled while Pusher is away", async () => {
  system().faults.pusherFails = true;
  const player = portal();
  await seconds(1);
  expect(player.conversation.link).toBe("connecting");
  await seconds(6);
  expect(player.conversation.link).toBe("polling");
  staffSays("hello");
  await seconds(16);
  expect(player.contents()).toEqual(["hello"]);
  system().faults.pusherFails = false;
  await seconds(5);
  expect(player.conversation.link).toBe("live");
});

test("a missing event of an own message reveals a stalled subscription", async () => {
  const player = portal();
  await seconds(20);
  expect(player.conversation.link).toBe("live");
  if (player.transport) player.transport.isSilent = true;
  player.conversation.send("can you read this?");
  await seconds(1);
  expect(player.delivery("can you read this?")).toBe("accepted");
  await seconds(6);
  expect(player.conversation.link).toBe("polling");
  expect(player.delivery("can you read this?")).toBe("delivered");
  staffSays("yes");
  await seconds(16);
  expect(player.contents().at(-1)).toBe("yes");

  if (player.transport) player.transport.isSilent = false;
  staffSays("and again");
  await seconds(1);
  expect(player.conversation.link).toBe("live");
});

test("a stored message without its event reveals a stalled subscription", async () => {
  const player = portal();
  await seconds(20);
  if (player.transport) player.transport.isSilent = true;
  staffSays("hello?");
  await seconds(65);
  expect(player.contents()).toEqual(["hello?"]);
  await seconds(5);
  expect(player.conversation.link).toBe("polling");
});

test("a late event ends the stall", async () => {
  const player = portal();
  await seconds(20);
  system().faults.broadcast = [8_000, 8_000];
  player.conversation.send("hello");
  await seconds(6);
  expect(player.conversation.link).toBe("polling");
  await seconds(4);
  expect(player.conversation.link).toBe("live");
});

test("a refused subscription is repeated", async () => {
  system().faults.refuseSubscription = 1;
  const player = portal();
  await seconds(10);
  expect(player.conversation.link).toBe("polling");
  system().faults.refuseSubscription = 0;
  await seconds(31);
  expect(player.conversation.link).toBe("live");
});

test("an unanswered subscription is repeated", async () => {
  system().faults.ignoreSubscription = 1;
  const player = portal();
  await seconds(10);
  expect(player.conversation.link).toBe("polling");
  system().faults.ignoreSubscription = 0;
  await seconds(6);
  expect(player.conversation.link).toBe("live");
});

test("the state is gap while the history does not answer", async () => {
  system().faults.readsFail = true;
  const player = portal();
  await seconds(5);
  expect(player.conversation.link).toBe("gap");
  staffSays("hello");
  await seconds(1);
  expect(player.contents()).toEqual(["hello"]);
  system().faults.pusherFails = true;
  player.transport?.lose();
  expect(player.conversation.link).toBe("cut");
});

test("the state is offline without a network, and missed messages arrive afterwards", async () => {
  const player = portal();
  await seconds(20);
  system().faults.networkFails = true;
  player.environment.set({ online: false });
  player.transport?.lose();
  await seconds(2);
  expect(player.conversation.link).toBe("offline");
  staffSays("hello");
  await seconds(60);
  system().faults.networkFails = false;
  player.environment.set({ online: true });
  await seconds(5);
  expect(player.conversation.link).toBe("live");
  expect(player.contents()).toEqual(["hello"]);
});

test("staff receive their colleagues' answers and their own confirmations", async () => {
  const ada = portal({ identity: ADA });
  const grace = portal({ identity: { role: "staff", subject: "grace", name: "Grace" } });
  await seconds(1);
  ada.conversation.send("I take this one");
  await seconds(1);
  expect(ada.delivery("I take this one")).toBe("delivered");
  expect(grace.contents()).toEqual(["I take this one"]);
  expect(grace.entries()[0]?.delivery).toBeNull();
  expect(grace.entries()[0]?.senderName).toBe("Ada");
});

test("a new connection that misses no event ends the stall", async () => {
  const player = portal();
  await seconds(20);
  system().faults.loseEvent = 1;
  player.conversation.send("hello");
  await seconds(0.5);
  system().disconnect();
  system().faults.loseEvent = 0;
  await seconds(15);
  // The events expected from the lost connection are no longer expected.
  expect(player.conversation.link).toBe("live");

  system().faults.loseEvent = 1;
  player.conversation.send("hello again");
  await seconds(7);
  expect(player.conversation.link).toBe("polling");
  system().faults.loseEvent = 0;
  await seconds(100);
  expect(player.conversation.link).toBe("live");
});

test("an error in a listener stops neither other listeners nor polling", async () => {
  const thrown = vi.fn();
  vi.stubGlobal("reportError", thrown);
  const player = portal();
  const arrived: string[] = [];
  player.conversation.onArrival(() => {
    throw new TypeError("Illegal constructor");
  });
  player.conversation.onArrival(({ content }) => arrived.push(content));
  await seconds(3);
  system().send({ playerId: "p1", senderType: "staff", content: "by event" });
  await seconds(1);
  system().faults.pusherFails = true;
  system().disconnect();
  for (const content of ["by question", "by the next"]) {
    system().send({ playerId: "p1", senderType: "staff", content });
    await seconds(20);
  }
  expect(arrived).toEqual(["by event", "by question", "by the next"]);
  expect(thrown).toHaveBeenCalledTimes(3);
  vi.unstubAllGlobals();
});
