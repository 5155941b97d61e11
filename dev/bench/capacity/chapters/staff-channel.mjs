// What the channel of all staff carries.

import { about, bytes, prose, table } from "../format.mjs";
import { across, head } from "../levels.mjs";
import { most } from "../limits.mjs";
import { loadOf } from "../load.mjs";
import { planFor, staffBytes } from "../sizing.mjs";

/** The chapter, of the levels, the assumptions' values by name, and Pusher's plans. */
export function staffChannel(levels, a, plans) {
  const hosted = most((players) => planFor(loadOf(players, a), plans) !== undefined);
  const row = (what, cell) => across(levels, what, cell);
  const both = (what, cell) =>
    ["plain", "coalesced"].map((way) => row(`${what}, ${way}`, ({ load }) => cell(load[way])));
  const rows = [
    ...both("events a second to each browser", (it) => about(it.staffEvents)),
    row("bytes a second to each browser, plain", ({ load }) => bytes(load.peak * a.event)),
    row("bytes a second to each browser, coalesced", ({ load, size }) =>
      bytes(staffBytes(load.peak, size.fleets.broadcaster.count, a)),
    ),
    ...both("deliveries a second to all of staff", (it) => about(it.deliveries)),
    ...both("calls a second to Pusher, at least", (it) => about(it.events / a.eventsACall)),
    ...both("million messages a day, as Pusher counts", (it) => about(it.pusherMessagesADay / 1e6)),
  ];
  return [
    "## The staff's channel",
    prose(`\`staff-portal\` carries every player's message to every browser of staff: messages times browsers, which
      grows with the square of the players where staff grows with them. At the peak, plain, and with
      \`STAFF_EVENTS_PER_SECOND\` ${a.staffEvents} over all broadcasters ([staff-channel.md](staff-channel.md)):`),
    table(head(), rows, { right: true }),
    prose(`Each broadcaster has the setting for itself, and tells of what is beyond it in one event a second, which has
      room for about ${about(a.largestEvent / a.news)} players and the number of the others. Few broadcasters on larger
      machines are therefore better for staff than many. Pusher takes ${a.eventsACall} events a call and
      ${a.largestEvent / 1024} KB an event, and counts each event and each delivery as a message. Its largest listed
      plan, ${plans.at(-1).name}, ends at about ${about(hosted)} players even so; beyond them a self-hosted cluster that
      speaks its protocol is needed, such as [sockudo](https://github.com/sockudo/sockudo), or a contract of one's own.`),
  ];
}
