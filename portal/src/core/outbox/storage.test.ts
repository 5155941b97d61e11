import { expect, test, vi } from "vitest";
import type { OutboxItem } from "./item.js";
import { LocalOutboxStorage } from "./storage.js";

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

test("items are read in the order of writing, without those of other users and broken ones", () => {
  const local = new MemoryStorage();
  const storage = new LocalOutboxStorage("a", local, null);
  storage.put(item("later", 2));
  storage.put(item("earlier", 1));
  new LocalOutboxStorage("b", local, null).put(item("another's", 1));
  local.setItem("player-portal-chat/outbox/a/broken", "{");
  local.setItem("something else", "1");
  expect(storage.items().map(({ messageId }) => messageId)).toEqual(["earlier", "later"]);
  storage.remove("earlier");
  expect(storage.items()).toHaveLength(1);
});

test("a full or missing local storage throws no error", () => {
  const local = new MemoryStorage();
  local.full = true;
  expect(() => new LocalOutboxStorage("a", local, null).put(item("one", 1))).not.toThrow();
  const none = new LocalOutboxStorage("a", null, null);
  none.put(item("one", 1));
  none.remove("one");
  expect(none.items()).toEqual([]);
});

test("a watcher receives the changes of other tabs to its own items only", () => {
  const target = new EventTarget();
  const listener = vi.fn();
  const end = new LocalOutboxStorage("a", null, target).watch(listener);
  const change = (key: string, oldValue: string | null, newValue: string | null) =>
    target.dispatchEvent(Object.assign(new Event("storage"), { key, oldValue, newValue }));
  const text = JSON.stringify(item("one", 1));
  change("player-portal-chat/outbox/a/one", null, text);
  change("player-portal-chat/outbox/a/one", text, null);
  change("player-portal-chat/outbox/b/one", null, text);
  end();
  change("player-portal-chat/outbox/a/two", null, text);
  expect(listener.mock.calls).toEqual([
    [null, item("one", 1)],
    [item("one", 1), null],
  ]);
});

test("an unsent note is never read as a message, nor a message as a note", () => {
  const local = new MemoryStorage();
  // Whatever the user's id is.
  for (const scope of ["a", "a/note-outbox", "a/notes"]) {
    const messages = new LocalOutboxStorage(scope, local, null);
    const notes = new LocalOutboxStorage(scope, local, null, "note-outbox");
    messages.put(item(`message of ${scope}`, 1));
    notes.put(item(`note of ${scope}`, 2));
    const idsOf = (storage: LocalOutboxStorage) => storage.items().map((one) => one.messageId);
    expect(idsOf(messages).filter((id) => id.startsWith("note"))).toEqual([]);
    expect(idsOf(notes).filter((id) => id.startsWith("message"))).toEqual([]);
  }
});
