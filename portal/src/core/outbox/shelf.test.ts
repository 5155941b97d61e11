import { expect, test, vi } from "vitest";
import type { OutboxItem } from "./item.js";
import { LocalShelf } from "./shelf.js";

class MemoryStorage implements Storage {
  readonly kept = new Map<string, string>();
  full = false;
  [name: string]: unknown;
  get length() {
    return this.kept.size;
  }
  key = (index: number) => [...this.kept.keys()][index] ?? null;
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => {
    if (this.full) throw new DOMException("full", "QuotaExceededError");
    this.kept.set(key, value);
  };
  removeItem = (key: string) => void this.kept.delete(key);
  clear = () => this.kept.clear();
}

const item = (messageId: string, writtenAt: number): OutboxItem => ({
  messageId,
  playerId: "p1",
  playerName: null,
  senderType: "player",
  senderId: null,
  senderName: null,
  content: "hello",
  writtenAt,
  owner: "tab",
  leaseUntil: 0,
  acceptedAt: null,
  refused: null,
  discarded: false,
});

test("items are kept in the order of writing, each user's apart, and what is not one is passed over", () => {
  const storage = new MemoryStorage();
  const shelf = new LocalShelf("a", storage, null);
  shelf.put(item("later", 2));
  shelf.put(item("earlier", 1));
  new LocalShelf("b", storage, null).put(item("another's", 1));
  storage.setItem("player-portal-chat/outbox/a/broken", "{");
  storage.setItem("something else", "1");
  expect(shelf.items().map(({ messageId }) => messageId)).toEqual(["earlier", "later"]);
  shelf.remove("earlier");
  expect(shelf.items()).toHaveLength(1);
});

test("a full or missing storage keeps nobody from writing", () => {
  const storage = new MemoryStorage();
  storage.full = true;
  expect(() => new LocalShelf("a", storage, null).put(item("one", 1))).not.toThrow();
  const none = new LocalShelf("a", null, null);
  none.put(item("one", 1));
  none.remove("one");
  expect(none.items()).toEqual([]);
});

test("what other tabs put and remove is heard, and nothing else", () => {
  const target = new EventTarget();
  const heard = vi.fn();
  const end = new LocalShelf("a", null, target).watch(heard);
  const change = (key: string, oldValue: string | null, newValue: string | null) =>
    target.dispatchEvent(Object.assign(new Event("storage"), { key, oldValue, newValue }));
  const text = JSON.stringify(item("one", 1));
  change("player-portal-chat/outbox/a/one", null, text);
  change("player-portal-chat/outbox/a/one", text, null);
  change("player-portal-chat/outbox/b/one", null, text);
  end();
  change("player-portal-chat/outbox/a/two", null, text);
  expect(heard.mock.calls).toEqual([
    [null, item("one", 1)],
    [item("one", 1), null],
  ]);
});
