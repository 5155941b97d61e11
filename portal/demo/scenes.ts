import { NO_FAULTS, type SimulatedSystem } from "../simulation/index.js";
import { CLIENT_TYPING } from "../src/core/realtime/channels.js";
import type { Identity } from "../src/core/types.js";
import { filesAndPictures } from "./files.js";

/** Puts a system into a certain state. */
export type Scene = (system: SimulatedSystem) => void;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BO = "bo-1815";

/** Stores a message of `ago` seconds ago. */
function said(
  system: SimulatedSystem,
  playerId: string,
  ago: number,
  from: string,
  content: string,
) {
  const isPlayer = from === "player";
  const name = NAMES[playerId] ?? playerId;
  system.persist({
    playerId,
    playerName: isPlayer ? name : null,
    senderType: isPlayer ? "player" : "staff",
    senderId: isPlayer ? null : from,
    senderName: isPlayer ? name : (STAFF[from] ?? from),
    content,
    at: (Date.now() - ago * 1000) * 1000,
  });
}

const STAFF: Record<string, string> = { ada: "Ada Lovelace", grace: "Grace Hopper" };
const NAMES: Record<string, string> = {
  [BO]: "Bo Lindqvist",
  "mika-77": "Mika",
  "p-4412": "Yara Haddad",
  dragon_slayer_9000: "xX_Dragon_Slayer_With_A_Very_Long_Name_Xx",
  "p-0071": "James Okafor",
  "lena.k": "Lena Kühn",
  "p-9313": "Sora Tanaka",
  "p-2201": "Noor",
  "p-3388": "Tomás Rivera",
  "p-5120": "Ivy",
  "p-8080": "Petr Novák",
};

function talk(system: SimulatedSystem): void {
  const at = (ago: number, from: string, content: string) => said(system, BO, ago, from, content);
  at(2 * DAY + 4 * HOUR, "player", "Hi! I bought the starter pack but never got the coins 🙁");
  at(2 * DAY + 4 * HOUR - 80, "player", "Order number is 4471-B");
  at(
    2 * DAY + 4 * HOUR - 200,
    "grace",
    "Hello Bo, thank you for writing. Let me look that up for you.",
  );
  at(
    2 * DAY + 4 * HOUR - 320,
    "grace",
    "Found it: the payment went through, and the delivery got stuck. I have sent the 500 coins again.",
  );
  at(2 * DAY + 4 * HOUR - 400, "player", "Got them, thanks!!");
  at(2 * DAY + 4 * HOUR - 410, "player", "🎉🎉");
  system.store.resolve(BO, (Date.now() - (2 * DAY + 3 * HOUR) * 1000) * 1000);
  at(26 * MINUTE, "player", "Hey, me again. My sword is gone after the update?");
  at(
    25 * MINUTE,
    "player",
    "I had it equipped, then the game said:\n\n    ERR_ITEM_LOCKED (0x51f)\n\nand now the slot is empty",
  );
  at(
    22 * MINUTE,
    "ada",
    "Hi Bo, Ada here. That is a known problem of this morning's update, and nothing is lost.",
  );
  at(
    21 * MINUTE,
    "ada",
    "Locked items are put into your bank. You can read more at https://help.example.com/items/locked-items?from=chat#bank, or write to items@example.com.",
  );
  at(
    19 * MINUTE,
    "player",
    "Ah ok. Which tab of the bank? My friend says شكراً جزيلاً, he had the same",
  );
  at(18 * MINUTE, "ada", "The last one, “Recovered”. It stays there for 30 days. 🗡️");
  at(2 * MINUTE, "player", "Found it 😄 thank you!");
}

function queue(system: SimulatedSystem): void {
  const waits: [string, number, string][] = [
    ["p-4412", 23 * MINUTE, "مرحبا، لا أستطيع تسجيل الدخول منذ الصباح"],
    [
      "dragon_slayer_9000",
      14 * MINUTE,
      "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaargh it crashed AGAIN",
    ],
    ["p-0071", 9 * MINUTE, "My payment was taken twice. Can you check order 88213?"],
    ["lena.k", 6 * MINUTE, "Wie ändere ich meinen Namen?"],
    ["p-9313", 3 * MINUTE, "Is the tournament still on tonight?"],
    ["p-2201", 40, "hello?"],
  ];
  for (const [player, ago, content] of waits) said(system, player, ago, "player", content);
  said(system, "p-0071", 8 * MINUTE, "player", "It says 2 × 19.99 €");
  said(system, "mika-77", 50 * MINUTE, "player", "I was banned and did nothing wrong");
  said(system, "mika-77", 44 * MINUTE, "grace", "I am looking into it, Mika. One moment.");
  said(system, "mika-77", 5 * MINUTE, "player", "any news?");
  said(system, "p-3388", 2 * HOUR, "player", "How do I move my account to my new phone?");
  said(
    system,
    "p-3388",
    2 * HOUR - 200,
    "ada",
    "Under Settings, Account, Move. Tell me if it asks for a code.",
  );
  for (const [player, ago] of [
    ["p-5120", 5 * HOUR],
    ["p-8080", DAY],
  ] as const) {
    said(system, player, ago, "player", "Thank you, that worked");
    said(system, player, ago - 60, "ada", "You are welcome!");
    system.store.resolve(player, system.now());
  }
}

/** `count` messages, loaded at once or page by page. */
function many(count: number, atOnce: boolean): Scene {
  return (system) => {
    if (atOnce) system.pageSize = count;
    for (let number = count; number > 0; number -= 1) {
      const from = number % 3 === 0 ? "ada" : "player";
      const words = "and the sword was gone again ".repeat((number * 7) % 9);
      said(system, BO, number * 90, from, `Message ${count - number + 1} ${words}`);
    }
  };
}

/** Marks all messages as read by the player. */
function readByPlayer({ store }: SimulatedSystem): void {
  const last = store.conversation(BO).messages.at(-1);
  if (last === undefined) return;
  const { messageId } = last;
  store.mark({
    playerId: BO,
    reader: "player",
    messageId,
    at: (Date.now() - MINUTE * 1000) * 1000,
  });
}

/** Texts whose letters are all in the font of the pictures. */
function plain(system: SimulatedSystem): void {
  const at = (ago: number, from: string, content: string) => said(system, BO, ago, from, content);
  at(DAY + 40, "player", "Hi! I bought the starter pack but never got the coins");
  at(DAY, "grace", "The payment went through. I have sent the 500 coins again.");
  system.store.resolve(BO, (Date.now() - 20 * HOUR * 1000) * 1000);
  at(26 * MINUTE, "player", "Hey, me again. My sword is gone after the update?");
  at(25 * MINUTE, "player", "The game said:\n\n    ERR_ITEM_LOCKED (0x51f)");
  at(22 * MINUTE, "grace", "That is a known problem of this morning's update.");
  at(21 * MINUTE, "ada", "Read https://help.example.com/items, or write to items@example.com.");
  at(2 * MINUTE, "player", "Found it, thank you!");
  readByPlayer(system);
  const waits: [string, number, string][] = [
    ["dragon_slayer_9000", 14 * MINUTE, "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaargh it crashed AGAIN"],
    ["p-0071", 9 * MINUTE, "My payment was taken twice. Can you check order 88213?"],
    ["lena.k", 6 * MINUTE, "Wie ändere ich meinen Namen?"],
    ["p-2201", 40, "hello?"],
  ];
  for (const [player, ago, content] of waits) said(system, player, ago, "player", content);
  said(system, "p-0071", 8 * MINUTE, "player", "It says 2 × 19.99 €");
}

/** The player and a member of staff have the conversation open and type. */
function type(system: SimulatedSystem): void {
  const player: Identity = { role: "player", subject: BO, name: NAMES[BO] ?? null };
  const grace: Identity = { role: "staff", subject: "grace", name: STAFF.grace ?? null };
  for (const guest of [player, grace].map((user) => system.join(user, BO))) {
    setInterval(() => guest.trigger(CLIENT_TYPING), 2_000);
  }
}

/** The scenes by name. */
export const SCENES: Record<string, Scene> = {
  empty: () => {},
  plain,
  busy: (system) => {
    talk(system);
    queue(system);
  },
  attachments: (system) => {
    filesAndPictures(system);
    queue(system);
  },
  resolved: (system) => {
    talk(system);
    queue(system);
    system.store.resolve(BO, system.now());
  },
  typing: (system) => {
    talk(system);
    queue(system);
    type(system);
  },
  polling: (system) => {
    talk(system);
    queue(system);
    system.faults = { ...NO_FAULTS, pusherFails: true };
  },
  gap: (system) => {
    system.faults = { ...NO_FAULTS, readsFail: true };
  },
  cut: (system) => {
    talk(system);
    queue(system);
    setTimeout(() => {
      system.faults = { ...NO_FAULTS, networkFails: true };
      system.disconnect();
    }, 1_500);
  },
  signedOut: (system) => {
    talk(system);
    queue(system);
    setTimeout(() => {
      system.faults = { ...NO_FAULTS, token: "another" };
      system.disconnect();
    }, 1_500);
  },
  loading: (system) => {
    system.faults = { ...NO_FAULTS, latency: [60_000, 60_000] };
  },
  many: many(10_000, false),
  manyLoaded: many(10_000, true),
  mostLoaded: many(100_000, true),
};
