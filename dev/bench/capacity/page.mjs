// docs/capacity.md.

import { assumed } from "./chapters/assumed.mjs";
import { breaking } from "./chapters/breaking.mjs";
import { costs } from "./chapters/costs.mjs";
import { extrapolated } from "./chapters/extrapolated.mjs";
import { howMany } from "./chapters/how-many.mjs";
import { staffChannel } from "./chapters/staff-channel.mjs";
import { about, prose } from "./format.mjs";
import { LEVELS } from "./levels.mjs";
import { limits } from "./limits.mjs";
import { loadOf } from "./load.mjs";
import { measured } from "./measured.mjs";
import { sizeFor } from "./sizing.mjs";

/** The assumptions' values by name. */
export const values = (assumptions) =>
  Object.fromEntries(Object.entries(assumptions).map(([name, { value }]) => [name, value]));

/**
 * The whole page.
 *
 * @param report docs/performance.json
 * @param assumptions assumptions.json
 * @param plans plans.json
 */
export function page(report, assumptions, plans) {
  const a = values(assumptions);
  const m = measured(report, assumptions);
  const levels = LEVELS.map((players) => {
    const load = loadOf(players, a);
    return { load, size: sizeFor(load, m, a, plans.plans) };
  });
  const chapters = [
    introduction(report, a),
    howMany(levels, a),
    breaking(limits(m, a, plans.plans)),
    staffChannel(levels, a, plans.plans),
    costs(m, a),
    extrapolated(levels, m, a),
    assumed(assumptions, plans),
  ];
  return `${chapters.flat().join("\n\n")}\n`;
}

function introduction(report, a) {
  const setting = new Map(report.setting);
  return [
    "# Capacity",
    prose(`The machines for a number of players online, their price, and the limits of the system. \`make capacity\` derives
      this page from [performance.json](performance.json) (${setting.get("when")}, commit ${setting.get("commit")}) and the
      assumptions below; the arithmetic is in \`dev/bench/capacity/\`. The results have two significant digits at most.`),
    prose(`Each player sends every ${a.sendEvery} s and reads history once a session of ${a.session / 60} minutes; peaks
      are ${a.peak} times the mean. Machines are sized for the peak, with ${about((1 - a.use) * 100)} % of their capacity in reserve.`),
  ];
}
