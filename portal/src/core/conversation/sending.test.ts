import { expect, test, vi } from "vitest";
import { NO_FAULTS, SimulatedBrowser } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";

const { system, portal } = simulate();

test("a message is shown at once, then accepted, then delivered", async () => {
  const player = portal();
  await seconds(1);
  system().faults.broadcast = [1_000, 1_000];
  system().faults.persist = [9_000, 9_000];
  player.conversation.send("hello");
  expect(player.delivery("hello")).toBe("sending");
  await seconds(0.5);
  expect(player.delivery("hello")).toBe("accepted");
  await seconds(1);
  expect(player.delivery("hello")).toBe("delivered");
});

test("a busy gateway receives the message again after Retry-After", async () => {
  const player = portal();
  await seconds(1);
  system().faults.sendsFail = true;
  player.conversation.send("hello");
  await seconds(0.2);
  expect(player.delivery("hello")).toBe("waiting");
  system().faults.sendsFail = false;
  await seconds(0.7);
  expect(system().sends).toBe(0);
  await seconds(1);
  expect(player.delivery("hello")).toBe("delivered");
});

test("tryNow skips the backoff but not Retry-After", async () => {
  const player = portal();
  await seconds(1);
  system().faults.sendsFail = true;
  player.conversation.send("hello");
  await seconds(0.2);
  player.chat.tryNow();
  expect(player.delivery("hello")).toBe("waiting");

  system().faults = { ...NO_FAULTS, networkFails: true };
  await seconds(40);
  system().faults.networkFails = false;
  player.environment.set({ online: true });
  await seconds(0.2);
  expect(player.delivery("hello")).toBe("delivered");
});

test("a lost answer makes no second message", async () => {
  const player = portal();
  await seconds(1);
  system().faults.loseAnswer = 1;
  player.conversation.send("hello");
  await seconds(5);
  system().faults.loseAnswer = 0;
  await seconds(60);
  expect(player.contents()).toEqual(["hello"]);
  expect(system().store.conversation("p1").messages).toHaveLength(1);
});

test("a message that was broadcast alone is repeated until it is accepted, also after a reload", async () => {
  const browser = new SimulatedBrowser();
  const player = portal({ browser });
  await seconds(1);
  system().faults.broadcastAlone = 1;
  player.conversation.send("hello");
  await seconds(5);
  expect(player.contents()).toEqual(["hello"]);
  expect(system().store.conversation("p1").messages).toEqual([]);
  player.close();
  system().faults.broadcastAlone = 0;
  const again = portal({ browser });
  await seconds(60);
  expect(again.contents()).toEqual(["hello"]);
  expect(again.delivery("hello")).toBe("delivered");
  expect(system().store.conversation("p1").messages).toHaveLength(1);
});

test("messages keep the order of writing after an outage", async () => {
  const player = portal();
  await seconds(1);
  system().faults.networkFails = true;
  for (const content of ["one", "two", "three"]) player.conversation.send(content);
  await seconds(20);
  expect(player.entries().map(({ delivery }) => delivery?.state)).toEqual(Array(3).fill("waiting"));
  system().faults.networkFails = false;
  await seconds(60);
  expect(
    system()
      .store.conversation("p1")
      .messages.map(({ content }) => content),
  ).toEqual(["one", "two", "three"]);
});

test("a refused message is not retried and does not block the next", async () => {
  const player = portal();
  await seconds(1);
  player.conversation.send("bad\0");
  player.conversation.send("good");
  await seconds(30);
  expect(player.delivery("bad\0")).toBe("refused");
  expect(player.delivery("good")).toBe("delivered");
  expect(system().sends).toBe(2);
  player.conversation.discard(
    player.entries().find((entry) => entry.content === "bad\0")?.messageId ?? "",
  );
  expect(player.contents()).toEqual(["good"]);
});

test("retry sends a waiting message", async () => {
  const player = portal();
  await seconds(1);
  system().faults.networkFails = true;
  player.conversation.send("hello");
  await seconds(1);
  player.conversation.retry(player.entries()[0]?.messageId ?? "");
  system().faults.networkFails = false;
  await seconds(30);
  expect(player.delivery("hello")).toBe("delivered");
});

test("a send failure is reported once, however many attempts fail", async () => {
  const player = portal();
  await seconds(1);
  const failures: (string | undefined)[] = [];
  player.conversation.onSendFailure(({ delivery }) => failures.push(delivery?.state));
  system().faults.networkFails = true;
  player.conversation.send("hello");
  await seconds(60);
  expect(failures).toEqual(["waiting"]);
  system().faults = { ...NO_FAULTS, refusal: "invalid-field" };
  await seconds(40);
  expect(failures).toEqual(["waiting", "refused"]);
  player.conversation.retry(player.entries()[0]?.messageId ?? "");
  await seconds(5);
  expect(failures).toEqual(["waiting", "refused", "refused"]);
});

test("concurrent calls share one token renewal", async () => {
  system().faults.token = "new";
  const getToken = vi.fn(async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return "new";
  });
  const player = portal({ token: "old", getToken });
  player.conversation.send("hello");
  await seconds(2);
  expect(player.delivery("hello")).toBe("delivered");
  expect(getToken).toHaveBeenCalledTimes(1);
});

test("without a token the message waits and is sent with the next one", async () => {
  system().faults.token = "new";
  const player = portal({ token: "old" });
  player.conversation.send("hello");
  await seconds(30);
  expect(player.conversation.link).toBe("signedOut");
  expect(player.delivery("hello")).toBe("waiting");
  expect(system().calls).toBeLessThan(10);
  player.chat.replaceToken("new", null);
  await seconds(3);
  expect(player.conversation.link).toBe("live");
  expect(player.delivery("hello")).toBe("delivered");
});
