// Writes docs/capacity.md; with --check only checks that the page is current.

import { readFileSync, writeFileSync } from "node:fs";
import { page } from "./page.mjs";

const at = (path) => new URL(path, import.meta.url);
const read = (path) => JSON.parse(readFileSync(at(path), "utf8"));

const PAGE = at("../../../docs/capacity.md");
const text = page(
  read("../../../docs/performance.json"),
  read("assumptions.json"),
  read("plans.json"),
);

if (!process.argv.includes("--check")) {
  writeFileSync(PAGE, text);
} else if (readFileSync(PAGE, "utf8") !== text) {
  console.error(
    "docs/capacity.md is outdated: run make capacity",
  );
  process.exitCode = 1;
}
