// Prints the gzipped size of the library with its dependencies, as a portal's bundler leaves them,
// without React and pusher-js, which are peer dependencies.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "vite";

/** The largest gzipped size of the player's script, in bytes. */
const MOST = 59_600;

const lib = new URL("../lib/", import.meta.url).pathname;
const sizeOf = (content) => gzipSync(content, { level: 9 }).length;

/** The size of what is loaded at once and, of what only a gateway that takes files needs, the rest. */
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
  const byName = new Map(output.map((chunk) => [chunk.fileName, chunk]));
  const first = new Set();
  const add = (name) => {
    const chunk = byName.get(name);
    if (chunk === undefined || first.has(chunk)) return;
    first.add(chunk);
    for (const imported of chunk.imports ?? []) add(imported);
  };
  for (const { isEntry, fileName } of output) if (isEntry) add(fileName);
  const join = (chunks) => sizeOf(chunks.map(({ code }) => code ?? "").join(""));
  return [join([...first]), join(output.filter((chunk) => !first.has(chunk)))];
}

const kilobytes = (size) => `${(size / 1000).toFixed(1).padStart(7)} kB`;

const [player] = await scriptOf("PlayerChatSystem", "index.js");
for (const [what, names, from] of [
  ["PlayerChatSystem", "PlayerChatSystem", "index.js"],
  ["StaffPortal", "StaffPortal", "index.js"],
  ["both", "PlayerChatSystem, StaffPortal", "index.js"],
  ["Chat, of player-portal-chat", "Chat", "index.js"],
  ["Chat, of player-portal-chat/core", "Chat", "core.js"],
]) {
  const [size, files] = await scriptOf(names, from);
  process.stdout.write(`${kilobytes(size)}  ${what}, and ${kilobytes(files).trim()} for files\n`);
}
process.stdout.write(`${kilobytes(sizeOf(readFileSync(`${lib}style.css`)))}  style.css\n`);
if (player > MOST) throw new Error(`PlayerChatSystem may have ${MOST} bytes, gzipped`);
