// The load of a number of players online.

/**
 * The load of `players` online.
 *
 * @param a the assumptions' values by name
 * @returns rates a second: `mean` and `pages` are means over the active `seconds` of a day, all others
 *   are peaks; names of daily totals end in `ADay`
 */
export function loadOf(players, a) {
  const staff = Math.ceil(players / a.playersAStaff);
  const mean = players / a.sendEvery;
  const peak = mean * a.peak;
  const seconds = a.hoursADay * 3600;
  // Events a second to each staff's browser, plain and coalesced.
  const coalesced = (rate) => Math.min(rate, a.staffEvents);
  const pusherMessages = (staffEvents) => seconds * (mean * 2 + staffEvents * (1 + staff));
  return {
    players,
    staff,
    mean,
    peak,
    pages: players / a.session,
    seconds,
    sockets: players + staff,
    plain: {
      staffEvents: peak,
      deliveries: peak * staff,
      events: peak * 2,
      pusherMessagesADay: pusherMessages(mean),
    },
    coalesced: {
      staffEvents: coalesced(peak),
      deliveries: coalesced(peak) * staff,
      events: peak + coalesced(peak),
      pusherMessagesADay: pusherMessages(coalesced(mean)),
    },
  };
}
