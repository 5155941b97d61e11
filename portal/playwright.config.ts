import { defineConfig } from "@playwright/test";

const DEMO_PORT = Number(process.env.DEMO_PORT ?? 4179);

/** Debian's Chromium; nothing is downloaded. */
export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  reporter: "list",
  timeout: 60_000,
  expect: { timeout: 20_000 },
  use: {
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
    },
    timezoneId: "Europe/Berlin",
    locale: "en-GB",
    trace: "retain-on-failure",
  },
  projects: [
    { name: "demo", testDir: "tests/demo", use: { baseURL: `http://127.0.0.1:${DEMO_PORT}` } },
    // One after another: a broker that hangs hangs for all.
    { name: "stack", testDir: "tests/stack", workers: 1 },
  ],
  webServer: {
    command: `npm run --silent build:demo && npx vite preview --config vite.demo.ts --host 127.0.0.1 --port ${DEMO_PORT} --strictPort`,
    url: `http://127.0.0.1:${DEMO_PORT}`,
    reuseExistingServer: true,
  },
});
