// Writes the gateway's limits, as gateway/openapi.json has them, to src/core/api/limits.ts.
// With --check it only compares, and fails when the file is out of date.
import { readFileSync, writeFileSync } from "node:fs";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const { PlayerId, Content } = JSON.parse(read("../../gateway/openapi.json")).components.schemas;
const target = new URL("../src/core/api/limits.ts", import.meta.url);
const text = `// Written from gateway/openapi.json by \`npm run api\`.

/** A player's id, of 1 to \`MAX_PLAYER_ID\` characters. */
export const PLAYER_ID = /${PlayerId.pattern}/;
export const MAX_PLAYER_ID = ${PlayerId.maxLength};
/** The longest content of a message, in code points without the white space around it. */
export const MAX_CONTENT = ${Content.maxLength};
`;
if (!process.argv.includes("--check")) writeFileSync(target, text);
else if (readFileSync(target, "utf8") !== text)
  throw new Error("src/core/api/limits.ts is out of date: npm run api");
