import type { Page } from "@playwright/test";

type Method = "send" | "persist" | "changeStatus" | "hold" | "release" | "disconnect";

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
