import { resolve } from "node:path";
import { defineConfig, type PlaywrightTestConfig } from "@playwright/test";

const DEMO_PORT = Number(process.env.DEMO_PORT ?? 4179);

const demo = { baseURL: `http://127.0.0.1:${DEMO_PORT}` };
// tests/firefox.mjs starts Debian's Firefox.
const firefox = {
  browserName: "firefox",
  channel: "moz-firefox",
  launchOptions: { executablePath: resolve(import.meta.dirname, "tests/firefox.mjs") },
} as const;

const simulated = {
  outputDir: "test-results/simulated",
  // A test waits for timers and servers a third of its time: three keep two processors busy.
  workers: 3,
  webServer: {
    command: `npm run --silent build:demo && npx vite preview --config vite.demo.ts --host 127.0.0.1 --port ${DEMO_PORT} --strictPort`,
    url: `http://127.0.0.1:${DEMO_PORT}`,
    reuseExistingServer: true,
  },
  projects: [
    { name: "demo", testDir: "tests/demo", use: demo },
    {
      name: "firefox",
      testDir: "tests/demo",
      testMatch: "journeys.spec.ts",
      use: { ...demo, ...firefox },
    },
    // Compares pictures made by CI's Chromium and font; `npm run pictures` accepts new ones.
    {
      name: "pictures",
      testDir: "tests/pictures",
      snapshotPathTemplate: "{testDir}/{arg}{ext}",
      use: demo,
    },
    // Only `make screenshots` writes the pictures of the documents.
    ...(process.env.DOCS ? [{ name: "docs", testDir: "tests/docs", use: demo }] : []),
  ],
} satisfies PlaywrightTestConfig;

const onSystem = {
  outputDir: "test-results/system",
  // One after another: a suspended broker affects all tests.
  workers: 1,
  projects: [
    { name: "stack", testDir: "tests/stack" },
    {
      name: "stack-firefox",
      testDir: "tests/stack",
      grep: /side by side|sent once after a reload/,
      // After the other project; --no-deps runs it alone.
      dependencies: ["stack"],
      use: firefox,
    },
  ],
} satisfies PlaywrightTestConfig;

/**
 * Debian's Firefox and Chromium's headless shell, which takes half the processor time of the whole browser. On a system
 * simulated in the browser or, with `SYSTEM`, on the one that dev/scripts/test-pages.sh has started.
 */
export default defineConfig(process.env.SYSTEM ? onSystem : simulated, {
  testDir: "tests",
  fullyParallel: true,
  forbidOnly: true,
  reporter: "list",
  // Enough for a machine that is several times slower than usual.
  timeout: 180_000,
  expect: { timeout: 60_000 },
  use: {
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium-headless-shell",
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
    },
    timezoneId: "Europe/Berlin",
    locale: "en-GB",
  },
});
