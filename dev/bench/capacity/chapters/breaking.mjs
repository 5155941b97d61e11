// The limits between the levels.

import { about, given, prose, table } from "../format.mjs";
import { LEVELS } from "../levels.mjs";

/** The chapter, of the limits in the order in which they are reached. */
export function breaking(list) {
  const decade = (players) => LEVELS.findIndex((level) => players < level);
  const name = (index) =>
    index < 0 ? `beyond ${given(LEVELS.at(-1))}` : `on the way to ${given(LEVELS[index])}`;
  const rows = list.map(({ what, players, answer }, position) => {
    const here = decade(players);
    const first = position === 0 || decade(list[position - 1].players) !== here;
    return [first ? `**${name(here)}**` : "", about(players), what, answer];
  });
  return [
    "## What breaks first",
    prose(`Each limit with the number of players online that reaches it without a remedy. The first of each group breaks
      first between two levels.`),
    table(["", "players", "limit", "remedy"], rows),
  ];
}
