// The numbers of players in the columns of the page.

import { given } from "./format.mjs";

/** Players online, each level ten times the one before. */
export const LEVELS = [1_000, 10_000, 100_000, 1_000_000];

/** The head of a table with a column for each level. */
export const head = () => ["players online", ...LEVELS.map(given)];

/** A row of such a table: its name, and a cell for each level. */
export const across = (levels, what, cell) => [what, ...levels.map(cell)];
