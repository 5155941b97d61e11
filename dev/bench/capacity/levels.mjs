// The numbers of players that the page has a column for.

import { given } from "./format.mjs";

/** Players on line, each level ten times the one before. */
export const LEVELS = [1_000, 10_000, 100_000, 1_000_000];

/** The head of a table with a column for each level. */
export const head = () => ["players on line", ...LEVELS.map(given)];

/** A row of such a table: what it is, and of each level its cell. */
export const across = (levels, what, cell) => [what, ...levels.map(cell)];
