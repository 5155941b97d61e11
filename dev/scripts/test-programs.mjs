#!/usr/bin/env node
// Runs the tests of the portal's pages, then the workspace's test programs side by side, since most of these wait most
// of the time. The longest begin first. The output of a program appears when the program fails. No program begins before
// the simulated pages have ended: their browsers keep two processors busy, and other programs' deadlines pass meanwhile.
// Those on a private system wait most of the time.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { createInterface } from "node:readline";

// How long each program took the last time, in seconds.
const DURATIONS = ".local/test-durations.json";

async function build() {
  const cargo = spawn("cargo", ["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => cargo.on("close", resolve));
  const programs = [];
  for await (const line of createInterface({ input: cargo.stdout })) {
    const { reason, profile, executable, target, manifest_path } = JSON.parse(line);
    if (reason !== "compiler-artifact" || !profile.test || !executable) continue;
    const directory = dirname(manifest_path);
    programs.push({ name: `${basename(directory)}/${target.name} (${target.kind[0]})`, executable, directory });
  }
  if ((await ended) !== 0) process.exit(1);
  return programs;
}

function run({ executable, parameters = [], directory }) {
  return new Promise((resolve) => {
    const output = [];
    const program = spawn(executable, parameters, { cwd: directory });
    for (const stream of [program.stdout, program.stderr]) stream.on("data", (data) => output.push(data));
    program.on("close", (code) => resolve({ passed: code === 0, output: Buffer.concat(output).toString() }));
  });
}

function lastDurations() {
  try {
    return JSON.parse(readFileSync(DURATIONS, "utf8"));
  } catch {
    return {};
  }
}

const binaries = resolve(process.env.CARGO_TARGET_DIR ?? "target", "debug");
const simulatedPages = { name: "portal/pages (simulated)", executable: "npm", parameters: ["run", "test:pages"], directory: "portal" };
const systemPages = { name: "portal/pages (system)", executable: resolve("dev/scripts/test-pages.sh"), directory: "." };
const programs = await build();
const durations = lastDurations();
const expected = ({ name }) => durations[name] ?? (/\((lib|bin)\)$/.test(name) ? 0 : 1000);
programs.sort((a, b) => expected(b) - expected(a));

const failed = [];
let tests = 0;
async function test(program) {
  const began = Date.now();
  const { passed, output } = await run(program);
  const seconds = (Date.now() - began) / 1000;
  durations[program.name] = seconds;
  const count = Number(/^running (\d+) tests?/im.exec(output)?.[1] ?? 0);
  tests += count;
  if (!passed) {
    failed.push(program.name);
    console.log(output);
  }
  if (!passed || count > 0) console.log(`${passed ? "passed" : "FAILED"} ${program.name}: ${count} tests, ${seconds.toFixed(1)} s`);
}

async function worker() {
  for (let program = programs.shift(); program; program = programs.shift()) await test(program);
}

// Three programs run at once.
await Promise.all([
  test(simulatedPages).then(() => Promise.all([worker(), worker()])),
  test(systemPages).then(worker),
]);

// After the tests, since PostgreSQL has counted their statements.
const statements = { name: "check-statements", executable: resolve(binaries, "check-statements") };
const schema = { name: "check-schema", executable: resolve("dev/scripts/check-schema.sh") };
for (const check of [statements, schema]) {
  const { passed, output } = await run({ ...check, directory: "." });
  console.log(output.trim());
  if (!passed) failed.push(check.name);
}

mkdirSync(dirname(DURATIONS), { recursive: true });
writeFileSync(DURATIONS, JSON.stringify(durations, null, 2));
console.log(failed.length === 0 ? `${tests} tests passed` : `failed: ${failed.join(", ")}`);
process.exit(failed.length === 0 ? 0 : 1);
