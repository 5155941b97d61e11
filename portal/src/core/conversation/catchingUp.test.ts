import { expect, test } from "vitest";
import { ADA } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";

const { system, portal } = simulate();
const staffSends = (content: string) =>
  system().send({ playerId: "p1", senderType: "staff", senderId: "ada", content });
const said = (count: number) => {
  for (let number = 1; number <= count; number += 1) {
    system().persist({ playerId: "p1", senderType: "staff", content: `message ${number}` });
  }
};

test("messages sent during a lost connection arrive after it returns", async () => {
  const player = portal();
  await seconds(15);
  player.transport?.lose();
  staffSends("are you there?");
  await seconds(3);
  expect(player.contents()).toEqual(["are you there?"]);
  expect(player.conversation.link).toBe("live");
});

test("a tab that becomes visible reads the history at once", async () => {
  const player = portal();
  await seconds(30);
  if (player.transport) player.transport.isSilent = true;
  player.environment.set({ visible: false });
  staffSends("are you there?");
  await seconds(3);
  expect(player.contents()).toEqual([]);
  player.environment.set({ visible: true });
  await seconds(0.2);
  expect(player.contents()).toEqual(["are you there?"]);
});

test("a message accepted before the subscription and persisted after the first answer arrives", async () => {
  system().faults.persist = [1_500, 1_500];
  system().faults.broadcast = [1, 1];
  staffSends("just now");
  const player = portal();
  await seconds(1);
  expect(player.contents()).toEqual([]);
  await seconds(3);
  expect(player.contents()).toEqual(["just now"]);
});

test("the rest of a cut message is loaded, and an own message is never cut", async () => {
  system().faults.longestEvent = 10;
  system().faults.persist = [3_000, 3_000];
  const player = portal();
  await seconds(15);
  player.conversation.send("my own long message");
  staffSends("a long message of staff");
  await seconds(1);
  expect(player.contents()).toEqual(["a long mes", "my own long message"]);
  expect(player.entries()[0]?.truncated).toBe(true);
  await seconds(8);
  expect(player.contents()).toEqual(["a long message of staff", "my own long message"]);
});

test("the history overrides an event", async () => {
  const player = portal();
  await seconds(15);
  const message = staffSends("first");
  await seconds(1);
  // The same message is accepted again later: the database keeps the first time.
  staffSends("second");
  await seconds(1);
  system().send({ ...message, at: system().now() });
  await seconds(120);
  expect(player.contents()).toEqual(["first", "second"]);
});

test("after a very long absence the newest page is loaded, and older ones on request", async () => {
  const player = portal();
  staffSends("the first of all");
  await seconds(15);
  player.transport?.lose();
  system().faults.pusherFails = true;
  system().faults.networkFails = true;
  said(1_500);
  await seconds(20);
  system().faults.networkFails = false;
  await seconds(60);
  expect(player.contents()[0]).toBe("message 1401");
  expect(player.contents().at(-1)).toBe("message 1500");
  await Promise.all([player.conversation.loadOlder(), seconds(1)]);
  expect(player.contents()[0]).toBe("message 1301");
});

test.each([1, 5])(
  "a restored database replaces the known messages: %d messages since",
  async (since) => {
    const player = portal();
    system().persist({ playerId: "p1", senderType: "player", content: "message 0" });
    said(3);
    await seconds(15);
    expect(player.contents()).toHaveLength(4);
    expect(player.conversation.session?.version).toBe(2);
    player.transport?.lose();
    system().faults.pusherFails = true;
    system().faults.networkFails = true;
    system().store.setBack("p1", 2);
    for (let number = 1; number <= since; number += 1) {
      system().persist({ playerId: "p1", senderType: "staff", content: `since ${number}` });
    }
    await seconds(20);
    system().faults.networkFails = false;
    await seconds(60);
    const expected = Array.from({ length: since }, (_, index) => `since ${index + 1}`);
    expect(player.contents()).toEqual(["message 0", "message 1", ...expected]);
    expect(player.conversation.session?.version).toBe(1);
  },
);

test("older pages load in order up to the first message", async () => {
  said(250);
  const player = portal();
  await seconds(1);
  expect(player.conversation.older).toBe("more");
  for (const count of [200, 250]) {
    await Promise.all([player.conversation.loadOlder(), seconds(1)]);
    expect(player.contents()).toHaveLength(count);
  }
  expect(player.conversation.older).toBe("none");
  expect(player.contents()).toEqual(
    Array.from({ length: 250 }, (_, index) => `message ${index + 1}`),
  );
});

test("a late message that belongs among older pages appears with them", async () => {
  said(150);
  const player = portal();
  await seconds(15);
  const [first] = system().store.conversation("p1").messages;
  const late = { playerId: "p1", senderType: "staff", content: "late" } as const;
  system().send({ ...late, at: (first?.at ?? 0) - 1 });
  await seconds(120);
  expect(player.contents()).toHaveLength(100);
  await Promise.all([player.conversation.loadOlder(), seconds(1)]);
  expect(player.contents()).toHaveLength(151);
  expect(player.contents()[0]).toBe("late");
});

test("an older page that failed can be loaded again", async () => {
  said(150);
  const player = portal();
  await seconds(1);
  system().faults.readsFail = true;
  await Promise.all([player.conversation.loadOlder(), seconds(1)]);
  expect(player.conversation.older).toBe("failing");
  system().faults.readsFail = false;
  await Promise.all([player.conversation.loadOlder(), seconds(1)]);
  expect(player.contents()).toHaveLength(150);
});

test("an older version of a session that arrives later is ignored", async () => {
  const player = portal();
  const staff = portal({ identity: ADA });
  await seconds(15);
  system().faults.broadcast = [1, 8_000];
  player.conversation.send("help");
  await seconds(1);
  staff.conversation.send("I am here");
  await seconds(1);
  void staff.chat.changeStatus("p1", "resolved");
  await seconds(20);
  expect(player.conversation.session?.status).toBe("resolved");
  expect(staff.conversation.session?.status).toBe("resolved");
});

test("each arrival is announced once, but none of the first page", async () => {
  staffSends("before");
  await seconds(1);
  const player = portal();
  const arrived: string[] = [];
  player.conversation.onArrival(({ content }) => arrived.push(content));
  await seconds(15);
  system().faults.repeatEvent = 1;
  staffSends("after");
  player.conversation.send("my own");
  system().send({ playerId: "p1", senderType: "player", content: "from my phone" });
  await seconds(120);
  expect(arrived).toEqual(["after"]);
});
