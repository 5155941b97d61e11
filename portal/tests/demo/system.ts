import type { Page } from "@playwright/test";

type Method =
  | "send"
  | "persist"
  | "changeStatus"
  | "assign"
  | "mark"
  | "hold"
  | "release"
  | "disconnect";

/** Calls a method of the page's simulated system. */
export function callSystem(page: Page, method: Method, what: object = {}): Promise<void> {
  return page.evaluate(
    ({ method, what }) => {
      const { system } = window as never as { system: Record<Method, (what: object) => void> };
      system[method](what);
    },
    { method, what },
  );
}

/** Sets faults of the page's simulated system. */
export function injectFaults(page: Page, faults: object): Promise<void> {
  return page.evaluate((faults) => {
    const { system } = window as never as { system: { faults: object } };
    Object.assign(system.faults, faults);
  }, faults);
}

/** A stored message of the page's simulated system. */
export interface StoredMessage {
  readonly messageId: string;
  readonly content: string;
  readonly seq: number;
}

type Stored = Pick<StoredMessage, "seq">;

/** The stored messages of a conversation, the oldest first. */
export function stored(page: Page, playerId: string): Promise<StoredMessage[]> {
  return page.evaluate((playerId) => {
    const { system } = window as never as {
      system: { store: { conversation(playerId: string): { messages: StoredMessage[] } } };
    };
    return system.store.conversation(playerId).messages;
  }, playerId);
}

/**
 * Marks the stored message that begins with `content` as read by `reader`, or as unread from it on,
 * and waits until the mark is stored.
 */
export async function mark(
  page: Page,
  playerId: string,
  reader: string,
  content: string,
  kind: "messageId" | "unreadFrom" = "messageId",
): Promise<void> {
  const messages = await stored(page, playerId);
  const { messageId, seq } = messages.find((one) => one.content.startsWith(content)) ?? { seq: 0 };
  await callSystem(page, "mark", { playerId, reader, [kind]: messageId });
  await page.waitForFunction(
    ({ playerId, reader, isRead, seq }) => {
      const { system } = window as never as {
        system: { store: { conversation(playerId: string): { reads: Map<string, Stored> } } };
      };
      const read = system.store.conversation(playerId).reads.get(reader)?.seq ?? 0;
      return isRead ? read >= seq : read < seq;
    },
    { playerId, reader, isRead: kind === "messageId", seq },
  );
}

/** The read marks that arrived at the page's simulated system. */
export function marks(
  page: Page,
): Promise<{ reader: string; messageId?: string; unreadFrom?: string }[]> {
  return page.evaluate(() => (window as never as { system: { marks: [] } }).system.marks);
}

/** Gives the focus to the window again, as after a look at another one. */
export function refocus(page: Page): Promise<void> {
  return page.evaluate(() => void dispatchEvent(new Event("focus")));
}

/** The names of all client events that have arrived at the page's simulated Pusher. */
export function clientEvents(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { system } = window as never as { system: { presence: { events: string[] } } };
    return [...system.presence.events];
  });
}

/** A user without a page, who has a conversation open. */
export interface Guest {
  trigger(event: string, data?: object): Promise<void>;
  leave(): Promise<void>;
}

/** Opens a player's conversation for another user. */
export async function joinConversation(page: Page, user: object, playerId: string): Promise<Guest> {
  const guest = await page.evaluateHandle(
    ([user, playerId]) => {
      type Joined = { trigger(event: string, data: object): void; leave(): void };
      const { system } = window as never as { system: { join(...what: unknown[]): Joined } };
      return system.join(user, playerId);
    },
    [user, playerId] as const,
  );
  return {
    trigger: (event, data = {}) =>
      guest.evaluate((guest, [event, data]) => guest.trigger(event, data), [event, data] as const),
    leave: () => guest.evaluate((guest) => guest.leave()),
  };
}
