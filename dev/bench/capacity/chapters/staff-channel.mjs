// The load of the staff's channel.

import { about, bytes, prose, table } from "../format.mjs";
import { across, head } from "../levels.mjs";
import { most } from "../limits.mjs";
import { loadOf } from "../load.mjs";
import { planFor, staffBytes } from "../sizing.mjs";

/** The chapter, from the levels, the assumptions' values by name, and Pusher's plans. */
export function staffChannel(levels, a, plans) {
  const hosted = most((players) => planFor(loadOf(players, a), plans) !== undefined);
  const row = (what, cell) => across(levels, what, cell);
  const both = (what, cell) =>
    ["plain", "coalesced"].map((mode) =>
      row(`${what}, ${mode}`, ({ load }) => cell(load[mode])),
    );
  const rows = [
    ...both("events a second to each browser", (events) => about(events.staffEvents)),
    row("bytes a second to each browser, plain", ({ load }) => bytes(load.peak * a.event)),
    row("bytes a second to each browser, coalesced", ({ load, size }) =>
      bytes(staffBytes(load.peak, size.fleets.broadcaster.count, a)),
    ),
    ...both("deliveries a second to all staff", (events) => about(events.deliveries)),
    ...both("calls a second to Pusher, at least", ({ events }) => about(events / a.eventsACall)),
    ...both("million messages a day, by Pusher's count", (events) =>
      about(events.pusherMessagesADay / 1e6),
    ),
  ];
  return [
    "## The staff's channel",
    prose(`\`staff-portal\` carries every player's message to every staff's browser. Its load is messages times browsers,
      and grows with the square of the players if staff grow with them. At the peak, plain, and coalesced with
      \`STAFF_EVENTS_PER_SECOND\` ${a.staffEvents} over all broadcasters ([staff-channel.md](staff-channel.md)):`),
    table(head(), rows, { right: true }),
    prose(`The setting applies to each broadcaster, which announces further messages in one event a second with about
      ${about(a.largestEvent / a.news)} players and the number of the others. Few broadcasters on larger machines are
      therefore better for staff than many. Pusher accepts ${a.eventsACall} events in a call and ${a.largestEvent / 1024} KB
      in an event, and counts each event and each delivery as a message. Its largest listed plan, ${plans.at(-1).name},
      still ends at about ${about(hosted)} players. More players need a self-hosted cluster with Pusher's protocol, such
      as [sockudo](https://github.com/sockudo/sockudo), or a custom contract.`),
  ];
}
