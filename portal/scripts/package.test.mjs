// Tests lib/ without a browser, as on a server that renders the portal's pages.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { createElement } from "react";
import { renderToString } from "react-dom/server";

const require = createRequire(import.meta.url);

// Node.js 20 has neither; later ones have both.
Reflect.deleteProperty(globalThis, "navigator");
Reflect.deleteProperty(globalThis, "localStorage");
const library = await import("player-portal-chat");

test("a server renders the player's chat in the portal's language", () => {
  const props = { apiUrl: "https://chat.example.com", playerId: "p1", language: "de-CH" };
  const html = renderToString(createElement(library.PlayerChatSystem, props));
  assert.match(html, /^<div class="ppc ppc-player" lang="de-CH"/);
});

test("a server renders the desk in English by default", () => {
  const html = renderToString(createElement(library.StaffPortal, { apiUrl: "", staffId: "ada" }));
  assert.match(html, /^<div class="ppc ppc-staff" lang="en"/);
});

test("a server can import the elements", async () => {
  await import("player-portal-chat/element");
});

test('the components are marked "use client", and the core is not', () => {
  const first = (name) =>
    execFileSync("head", ["-c", "13", new URL(`../lib/${name}.js`, import.meta.url).pathname], {
      encoding: "utf8",
    });
  assert.equal(first("index"), '"use client";');
  assert.notEqual(first("core"), '"use client";');
});

test("require and import load the same core", async () => {
  const { Chat } = await import("player-portal-chat/core");
  assert.equal(require("player-portal-chat/core").Chat, Chat);
});

test("npm pack builds and packs scripts, types, styles, licences and source maps", () => {
  const json = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    encoding: "utf8",
  });
  const files = JSON.parse(json)[0].files.map(({ path }) => path);
  for (const path of [
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "lib/THIRD-PARTY-NOTICES.md",
    "lib/core.js",
    "lib/element.js",
    "lib/index.js",
    "lib/index.js.map",
    "lib/style.css",
    "lib/style.css.d.ts",
    "lib/types/core/index.d.ts",
    "lib/types/element.d.ts",
    "lib/types/index.d.ts",
  ])
    assert(files.includes(path), `${path} is missing`);
  assert.equal(require("../package.json").scripts.prepack, "npm run --silent build:lib");
});

test("the README links to nothing outside of the package", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  assert.deepEqual(readme.match(/\]\((?!#|https:)[^)]*\)/g), null);
});

test("the README documents each variable of the theme", () => {
  const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
  const readme = read("../README.md");
  for (const [variable] of read("../src/styles/theme.css").matchAll(/--ppc-[a-z-]+(?=:)/g))
    assert(readme.includes(`\`${variable}\``), `${variable} is missing`);
});
