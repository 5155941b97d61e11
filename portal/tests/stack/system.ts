import { execFileSync } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { type Browser, type BrowserContext, expect, type Page } from "@playwright/test";

/**
 * The system that dev/scripts/test-pages.sh has started. `PORTAL_URL` is set when another server than
 * the gateway serves the pages.
 */
export const SYSTEM = {
  portal: process.env.PORTAL_URL ?? setting("GATEWAY_URL"),
  pusher: process.env.LOCAL_PUSHER_URL ?? "",
  rabbitmq: Number(process.env.PID_RABBITMQ),
  persister: Number(process.env.PID_PERSISTER),
};

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run dev/scripts/test-pages.sh`);
  return value;
}

export type Role = "player" | "staff";

/** A token that is valid for `seconds`, with further claims. */
export function token(
  role: Role,
  sub: string,
  name: string,
  seconds = 3_600,
  claims: object = {},
): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) + seconds;
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ ...claims, sub, role, name, exp })}`;
  const mac = createHmac("sha256", setting("AUTH_JWT_SECRET")).update(signed);
  return `${signed}.${mac.digest("base64url")}`;
}

/** A new player's id. */
export const newPlayer = (): string => `player-${randomUUID().slice(0, 8)}`;

/** The address of a portal, with a token. */
export function address(role: Role, sub: string, name: string, seconds?: number): string {
  return `${SYSTEM.portal}/portal/${role}/#token=${token(role, sub, name, seconds)}`;
}

/** Opens a player's chat in a new browser context. */
export async function openPlayer(browser: Browser, player: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(address("player", player, `Name of ${player}`));
  await expectLight(page, "Live");
  return page;
}

/** Opens the staff's desk in a new browser context. */
export async function openStaff(browser: Browser, staff = "ada"): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(address("staff", staff, staff === "ada" ? "Ada" : "Grace"));
  await expectLight(page, "Live");
  return page;
}

/** Searches for a player by typing, since React in Firefox does not notice Playwright's fill(). */
export async function search(desk: Page, text: string): Promise<void> {
  await desk.getByLabel("Search by player").click();
  await desk.keyboard.press("ControlOrMeta+A");
  await desk.keyboard.type(text);
}

/** Opens a player's conversation at the desk. */
export async function choose(desk: Page, player: string): Promise<void> {
  await search(desk, player);
  await desk.getByRole("option").first().click();
  await expect(desk.getByRole("heading", { name: `Name of ${player}` })).toBeVisible();
}

export async function expectLight(page: Page, text: string): Promise<void> {
  await expect(page.locator(".ppc-light-text").first()).toHaveText(text, { timeout: 40_000 });
}

export async function write(page: Page, content: string): Promise<void> {
  const field = page.getByLabel("Your message");
  await field.click();
  // Typed, like a search, unless that takes too long.
  if (content.length < 100) await page.keyboard.type(content);
  else await field.fill(content);
  await page.keyboard.press("Enter");
}

/** The bubbles with `content`. */
export const bubbles = (page: Page, content: string) =>
  page.locator(".ppc-bubble").filter({ has: page.getByText(content, { exact: true }) });

/** Waits until an own message has the delivery state `state`. */
export async function expectState(page: Page, content: string, state: string): Promise<void> {
  await expect(bubbles(page, content)).toHaveAttribute("data-state", state, { timeout: 40_000 });
}

interface Persisted {
  readonly messages: readonly { readonly content: string }[];
  readonly nextCursor?: string | null;
}

/** The persisted messages of a conversation, the oldest first. */
export async function persisted(player: string): Promise<string[]> {
  const messages: string[] = [];
  for (let after: string | null = "0"; after !== null; ) {
    const url: string = `${SYSTEM.portal}/api/unified-chat/conversations/${player}?limit=200&after=${after}`;
    const headers = { Authorization: `Bearer ${token("staff", "test", "Test")}` };
    const page: Persisted = await (await fetch(url, { headers })).json();
    messages.push(...page.messages.map(({ content }) => content));
    after = page.nextCursor ?? null;
  }
  return messages;
}

/** The `seq` of the message up to which each side has read. */
export interface ReadSeqs {
  readonly player?: number;
  readonly staff?: number;
  readonly mine?: number;
}

/** How far a conversation is read, as the member of staff `staff` receives it. */
export async function reads(player: string, staff = "test"): Promise<ReadSeqs> {
  const url = `${SYSTEM.portal}/api/unified-chat/conversations/${player}?limit=1`;
  const headers = { Authorization: `Bearer ${token("staff", staff, "Test")}` };
  const page: { reads?: Record<string, { seq: number }> } = await (
    await fetch(url, { headers })
  ).json();
  const seqs = Object.entries(page.reads ?? {}).map(([side, { seq }]) => [side, seq]);
  return Object.fromEntries(seqs);
}

/** Gives the focus to the page's window again, as after a look at another one. */
export function refocus(page: Page): Promise<void> {
  return page.evaluate(() => void dispatchEvent(new Event("focus")));
}

/** Sends without a page; `from` is the staff member, or null for the player. */
export async function send(player: string, from: string | null, content: string): Promise<void> {
  const sender = from === null ? { senderType: "player" } : { senderType: "staff", senderId: from };
  const bearer = from === null ? token("player", player, "Bo") : token("staff", from, from);
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${bearer}` };
  // A refused message may have been accepted: its id makes a repeat harmless.
  const body = JSON.stringify({ messageId: randomUUID(), playerId: player, content, ...sender });
  for (;;) {
    const url = `${SYSTEM.portal}/api/staff-chat-integration/send`;
    const response = await fetch(url, { method: "POST", headers, body });
    if (response.status === 202) return;
    // A transient failure has Retry-After.
    if (response.status !== 429 && response.status !== 503)
      throw new Error(`the message was answered with ${response.status}`);
    const seconds = Number(response.headers.get("retry-after") ?? 1);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

/** Suspends the broker while `work` runs. */
export async function withoutBroker(work: () => Promise<void>): Promise<void> {
  await suspended(SYSTEM.rabbitmq, work);
}

/**
 * Deletes the persister's queue before `work`, and keeps the persister from creating it again
 * meanwhile: the next send reaches only the broadcaster's queue, and is refused.
 */
export async function withoutPersistQueue(work: () => Promise<void>): Promise<void> {
  await suspended(SYSTEM.persister, async () => {
    rabbitmqctl("delete_queue", "chat.persist");
    await work();
  });
}

async function suspended(pid: number, work: () => Promise<void>): Promise<void> {
  process.kill(pid, "SIGSTOP");
  try {
    await work();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

/** Closes and refuses all connections to Pusher until the returned function is called. */
export async function withoutPusher(): Promise<() => Promise<void>> {
  const control = (milliseconds: number) =>
    fetch(`${SYSTEM.pusher}/control/disconnect`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ refuseForMilliseconds: milliseconds }),
    });
  await control(600_000);
  return async () => {
    await control(1);
  };
}

/**
 * Makes Pusher refuse events, with all clients connected, until the returned function is called.
 */
export async function withoutBroadcasts(): Promise<() => Promise<void>> {
  const fault = `${SYSTEM.pusher}/control/fault`;
  await fetch(fault, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ kind: "status", status: 503 }),
  });
  return async () => {
    await fetch(fault, { method: "DELETE" });
  };
}

/** Drops all calls of the pages in `context` until the returned function is called. */
export async function withoutGateway(context: BrowserContext): Promise<() => Promise<void>> {
  await context.route("**/api/**", (route) => route.abort());
  return () => context.unroute("**/api/**");
}

/**
 * The names of the events that Pusher has accepted from the broadcaster on a player's channels;
 * without those of read marks, which follow from what is on the screen.
 */
export async function acceptedFor(player: string): Promise<string[]> {
  const answer = await fetch(`${SYSTEM.pusher}/control/accepted?events=true`);
  const { lastEvents } = (await answer.json()) as {
    lastEvents: { channel: string; name: string }[];
  };
  return lastEvents
    .filter(({ channel, name }) => channel.endsWith(player) && name !== "read-updated")
    .map(({ name }) => name);
}

/**
 * The number of messages that RabbitMQ has received since it started, once it has received none for
 * two seconds: marks and records of reads follow what is on the screen later.
 */
export async function receivedByRabbitmq(): Promise<number> {
  let last = -1;
  const isQuiet = () => {
    const previous = last;
    last = rabbitmqCounter("messages_received_total");
    return last === previous;
  };
  await expect.poll(isQuiet, { intervals: [2_000] }).toBe(true);
  return last;
}

/** A counter of RabbitMQ over all protocols and kinds of queues. */
function rabbitmqCounter(name: string): number {
  const counters = rabbitmqctl("eval", "rabbit_global_counters:overview().");
  const values = counters.matchAll(new RegExp(`${name} => (\\d+)`, "g"));
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Runs a command of rabbitmqctl. Returns its output. */
function rabbitmqctl(...command: string[]): string {
  const node = `${setting("RABBITMQ_NODE")}@localhost`;
  return execFileSync(
    "/usr/lib/rabbitmq/bin/rabbitmqctl",
    ["--quiet", "--node", node, ...command],
    {
      encoding: "utf8",
      env: {
        PATH: process.env.PATH,
        // The directory has Erlang's cookie.
        HOME: setting("RABBITMQ_DIRECTORY"),
        ERL_EPMD_PORT: setting("EPMD_PORT"),
      },
    },
  );
}

/** The channels of a player that have a subscriber, each with the number of them. */
export async function subscriptionsOf(player: string): Promise<Record<string, number>> {
  const answer = await fetch(`${SYSTEM.pusher}/control/connections`);
  const { subscriptions } = (await answer.json()) as { subscriptions: Record<string, number> };
  const own = Object.entries(subscriptions).filter(([channel]) => channel.endsWith(player));
  return Object.fromEntries(own);
}
