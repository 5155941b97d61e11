import { expect, test } from "vitest";
import { SimulatedBrowser } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";

const { system, portal } = simulate();

test("an unsent message survives a reload and is sent once", async () => {
  const browser = new SimulatedBrowser();
  const before = portal({ browser });
  await seconds(1);
  system().faults.networkFails = true;
  before.conversation.send("one");
  before.conversation.send("two");
  await seconds(5);
  before.environment.leave();
  before.tab.crash();
  before.close();

  const after = portal({ browser });
  expect(after.contents()).toEqual(["one", "two"]);
  system().faults.networkFails = false;
  await seconds(30);
  expect(after.delivery("one")).toBe("delivered");
  expect(after.contents()).toEqual(["one", "two"]);
  expect(system().sends).toBe(2);
  expect(browser.kept.size).toBe(0);
});

test("another tab sends the messages of a crashed tab", async () => {
  const browser = new SimulatedBrowser();
  const crashing = portal({ browser });
  const other = portal({ browser });
  await seconds(1);
  system().faults.networkFails = true;
  crashing.conversation.send("hello");
  await seconds(3);
  expect(other.contents()).toEqual(["hello"]);
  crashing.tab.crash();
  crashing.close();
  system().faults.networkFails = false;
  await seconds(40);
  expect(other.delivery("hello")).toBe("delivered");
});

test("another tab shows the delivery state and does not send the message", async () => {
  const browser = new SimulatedBrowser();
  const writing = portal({ browser });
  const other = portal({ browser });
  await seconds(1);
  system().faults.networkFails = true;
  writing.conversation.send("hello");
  await seconds(90);
  expect(other.delivery("hello")).toBe("sending");
  system().faults.networkFails = false;
  await seconds(60);
  expect(other.delivery("hello")).toBe("delivered");
  expect(writing.delivery("hello")).toBe("delivered");
  expect(system().sends).toBe(1);
});

test("without Web Locks a tab waits for the lease to end before it sends", async () => {
  const browser = new SimulatedBrowser();
  const crashing = portal({ browser });
  const other = portal({ browser });
  other.tab.isAlive = async () => null;
  await seconds(1);
  system().faults.loseRequest = 1;
  crashing.conversation.send("hello");
  crashing.tab.crash();
  crashing.close();
  await seconds(1);
  system().faults.loseRequest = 0;
  await seconds(15);
  expect(system().sends).toBe(0);
  await seconds(40);
  expect(other.delivery("hello")).toBe("delivered");
});

test("a message deleted in one tab disappears from the other", async () => {
  const browser = new SimulatedBrowser();
  const writing = portal({ browser });
  const other = portal({ browser });
  await seconds(1);
  system().faults.networkFails = true;
  writing.conversation.send("oh no");
  await seconds(1);
  other.conversation.discard(other.entries()[0]?.messageId ?? "");
  await seconds(1);
  expect(writing.contents()).toEqual([]);
  system().faults.networkFails = false;
  await seconds(60);
  expect(system().sends).toBe(0);
});

test("a message older than a day is sent only on retry", async () => {
  const browser = new SimulatedBrowser();
  const before = portal({ browser });
  system().faults.networkFails = true;
  before.conversation.send("are you open tomorrow?");
  await seconds(1);
  before.close();
  await seconds(25 * 3600);
  system().faults.networkFails = false;
  const after = portal({ browser });
  await seconds(10);
  expect(system().sends).toBe(0);
  expect(after.delivery("are you open tomorrow?")).toBe("refused");
  after.conversation.retry(after.entries()[0]?.messageId ?? "");
  await seconds(1);
  expect(after.delivery("are you open tomorrow?")).toBe("delivered");
});

test("a message accepted long ago appears with the older pages only", async () => {
  const browser = new SimulatedBrowser();
  system().faults.persist = [3_000, 3_000];
  system().faults.broadcast = [3_000, 3_000];
  const before = portal({ browser });
  await seconds(1);
  before.conversation.send("hello");
  await seconds(1);
  before.close();
  await seconds(10);
  for (let number = 1; number <= 120; number += 1) {
    system().persist({ playerId: "p1", senderType: "staff", content: `message ${number}` });
  }
  const after = portal({ browser });
  await seconds(2);
  expect(after.contents()[0]).toBe("message 21");
  expect(browser.kept.size).toBe(0);
  await Promise.all([after.conversation.loadOlder(), seconds(1)]);
  expect(after.contents()[0]).toBe("hello");
  expect(after.delivery("hello")).toBe("delivered");
});

test("an accepted message is shown as accepted after a reload", async () => {
  const browser = new SimulatedBrowser();
  system().faults.persist = [20_000, 20_000];
  system().faults.broadcast = [10_000, 10_000];
  const before = portal({ browser });
  await seconds(1);
  before.conversation.send("hello");
  await seconds(1);
  before.close();
  const after = portal({ browser });
  await seconds(1);
  expect(after.delivery("hello")).toBe("accepted");
  await seconds(30);
  expect(after.delivery("hello")).toBe("delivered");
  expect(system().sends).toBe(1);
});
