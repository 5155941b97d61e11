// What a portal takes in with this library, gzipped: its own code and its dependencies, without React and
// pusher-js, which the portal brings along.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const lib = new URL("../lib/", import.meta.url);
let scripts = 0;
for (const name of readdirSync(lib).filter((each) => /\.(js|css)$/.test(each))) {
  const size = gzipSync(readFileSync(new URL(name, lib)), { level: 9 }).length;
  if (name.endsWith(".js")) scripts += size;
  process.stdout.write(`${(size / 1000).toFixed(1).padStart(7)} kB  ${name}\n`);
}
process.stdout.write(`${(scripts / 1000).toFixed(1).padStart(7)} kB  all scripts, gzipped\n`);
