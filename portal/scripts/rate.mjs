// Prints how much of a processor the desk's thread takes while players write at several rates: with
// an event for each message, and with digests beyond 20 a second. The simulated system runs in the
// same page: its cost is measured with a player's chat instead of the desk, and subtracted.
//
//   node scripts/rate.mjs [SECONDS]
import { chromium } from "@playwright/test";
import { build, preview } from "vite";

const SECONDS = Number(process.argv[2] ?? 10);
const RATES = [20, 50, 100, 200, 500, 1_000];
const PLAYERS = 2_000;
const BOUNDS = { most: 20, listed: 60 };
const CHROMIUM = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium-headless-shell",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
};

const configFile = new URL("../vite.demo.ts", import.meta.url).pathname;
await build({ configFile, logLevel: "error" });
const server = await preview({ configFile, preview: { host: "127.0.0.1", port: 0 } });
const origin = server.resolvedUrls.local[0];
const browser = await chromium.launch(CHROMIUM);

/**
 * The page thread's share of a processor, and the longest time between two frames, in milliseconds.
 */
async function load(portal, rate, bounds) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${origin}?portal=${portal}&scene=empty`);
  await page.getByText("Live", { exact: true }).waitFor();
  const client = await page.context().newCDPSession(page);
  await client.send("Performance.enable");
  const busy = async () => {
    const { metrics } = await client.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "ThreadTime").value;
  };
  const before = await busy();
  const { longest, seconds } = await page.evaluate(write, { rate, bounds, PLAYERS, SECONDS });
  const share = ((await busy()) - before) / seconds;
  await page.close();
  return { share, longest };
}

/** Runs in the page: players write for `SECONDS`. */
async function write({ rate, bounds, PLAYERS, SECONDS }) {
  const { system } = window;
  system.bounds = bounds;
  const began = performance.now();
  let [written, last, longest] = [0, began, 0];
  while (performance.now() - began < SECONDS * 1_000) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    for (; written < ((now - began) / 1_000) * rate; written += 1) {
      const playerId = `player-${(written * 7) % PLAYERS}`;
      const content = `message ${written}: my sword is gone, and I have not seen it since`;
      system.send({ playerId, playerName: `Player ${playerId}`, senderType: "player", content });
    }
  }
  return { longest, seconds: (performance.now() - began) / 1_000 };
}

process.stdout.write("rate  alone: busy  frame  together: busy  frame\n");
for (const rate of RATES) {
  const idle = await load("player", rate, null);
  const [alone, together] = [await load("staff", rate, null), await load("staff", rate, BOUNDS)];
  const shown = [alone, together].map(({ share, longest }) => {
    const percent = `${Math.round((share - idle.share) * 100)} %`;
    return `${percent.padStart(15)}${`${Math.round(longest)} ms`.padStart(9)}`;
  });
  process.stdout.write(`${String(rate).padStart(4)}${shown.join("")}\n`);
}
await browser.close();
await server.close();
