// Prints the gzipped size of the library with its dependencies, as a portal's bundler leaves them,
// without React and pusher-js, which are peer dependencies.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "vite";

/** The largest gzipped size of the player's script, in bytes. */
const MOST = 58_000;

const lib = new URL("../lib/", import.meta.url).pathname;
const sizeOf = (content) => gzipSync(content, { level: 9 }).length;

async function scriptOf(names, from) {
  const entry = "\0portal";
  const { output } = await build({
    configFile: false,
    logLevel: "error",
    plugins: [
      {
        name: "portal",
        resolveId: (id) => (id === "portal" ? entry : null),
        load: (id) => (id === entry ? `export { ${names} } from "${lib}${from}"` : null),
      },
    ],
    build: {
      write: false,
      target: "es2024",
      rolldownOptions: {
        input: "portal",
        preserveEntrySignatures: "strict",
        external: /^(react|react-dom|pusher-js)($|\/)/,
      },
    },
  });
  return sizeOf(output.map(({ code }) => code ?? "").join(""));
}

const player = await scriptOf("PlayerChatSystem", "index.js");
for (const [what, size] of [
  ["PlayerChatSystem", player],
  ["StaffPortal", await scriptOf("StaffPortal", "index.js")],
  ["both", await scriptOf("PlayerChatSystem, StaffPortal", "index.js")],
  ["Chat, of player-portal-chat", await scriptOf("Chat", "index.js")],
  ["Chat, of player-portal-chat/core", await scriptOf("Chat", "core.js")],
  ["style.css", sizeOf(readFileSync(`${lib}style.css`))],
])
  process.stdout.write(`${(size / 1000).toFixed(1).padStart(7)} kB  ${what}\n`);
if (player > MOST) throw new Error(`PlayerChatSystem may have ${MOST} bytes, gzipped`);
