// What so many players on line ask of the system.

/**
 * The load of `players` on line.
 *
 * @param a the assumptions' values by name
 * @returns rates are a second: `mean` and `pages` over the `seconds` of a day that count, all others
 *   at a peak; what is a day's says so
 */
export function loadOf(players, a) {
  const staff = Math.ceil(players / a.playersAStaff);
  const mean = players / a.sendEvery;
  const peak = mean * a.peak;
  const seconds = a.hoursADay * 3600;
  // What each staff browser hears of players' messages, plainly and coalesced.
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
