import type { Strings } from "./en.js";

/** Formats times in the user's language and time zone. Arguments are in microseconds since 1970. */
export interface Formats {
  /** Such as 14:05. */
  time(at: number): string;
  /** Such as Today, Yesterday, Tuesday 3 March; `today` as `dayOf` counts it. */
  day(at: number, today: number): string;
  /** Such as today at 14:05, 3 March 2026 at 14:05, within a sentence. */
  moment(at: number, today: number): string;
  /** The full date with seconds. */
  full(at: number): string;
  /** The time since `at`, at least 1 min: 5 min, 2 h, 3 d. `now` is in milliseconds. */
  since(at: number, now: number): string;
  /** The time if `at` is today, else the day. */
  short(at: number, today: number): string;
  /** A file's size, such as 812 kB. */
  size(bytes: number): string;
  /** The parts of a list of names, such as "Ada", " and ", "Grace". */
  list(names: readonly string[]): readonly { type: "element" | "literal"; value: string }[];
}

const MINUTE_MS = 60_000;

export function formatsOf(language: string, strings: Strings): Formats {
  const { locale, hourCycle } = localeFor(language, globalThis.navigator?.languages ?? []);
  const time = new Intl.DateTimeFormat(locale, { timeStyle: "short", hourCycle });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const day = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
  const dayOfYear = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
  const shortDay = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
  const full = new Intl.DateTimeFormat(locale, {
    dateStyle: "full",
    timeStyle: "medium",
    hourCycle,
  });
  const unit = (name: string) =>
    new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "short" });
  const list = new Intl.ListFormat(language, { type: "conjunction" });
  const units = { minute: unit("minute"), hour: unit("hour"), day: unit("day") };
  return {
    time: (at) => time.format(at / 1000),
    day: (at, today) => {
      const days = today - dayOf(at);
      if (days === 0) return strings.messages.today;
      if (days === 1) return strings.messages.yesterday;
      return (days < 300 ? day : dayOfYear).format(at / 1000);
    },
    moment: (at, today) => {
      const days = today - dayOf(at);
      const isNear = days === 0 || days === 1;
      const day = isNear ? relative.format(-days, "day") : dayOfYear.format(at / 1000);
      return strings.messages.moment(day, time.format(at / 1000));
    },
    full: (at) => full.format(at / 1000),
    since: (at, now) => {
      const minutes = Math.max(1, Math.floor((now - at / 1000) / MINUTE_MS));
      if (minutes < 60) return units.minute.format(minutes);
      if (minutes < 24 * 60) return units.hour.format(Math.floor(minutes / 60));
      return units.day.format(Math.floor(minutes / (24 * 60)));
    },
    short: (at, today) => (dayOf(at) === today ? time : shortDay).format(at / 1000),
    size: (bytes) => {
      const [unit, count] =
        bytes < 1_000
          ? ["byte", bytes]
          : bytes < 1_000_000
            ? ["kilobyte", bytes / 1_000]
            : ["megabyte", bytes / 1_000_000];
      const digits = unit === "megabyte" && count < 100 ? 1 : 0;
      return new Intl.NumberFormat(language, {
        ...{ style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits },
      } as Intl.NumberFormatOptions).format(count);
    },
    list: (names) => list.formatToParts(names),
  };
}

interface LocaleChoice {
  readonly locale: string;
  readonly hourCycle: "h11" | "h12" | "h23" | "h24" | undefined;
}

/**
 * The locale for times in `language`, for a browser with the languages `tags`: the browser's region
 * of that language, such as en-GB. Without one, dates are those of most regions, and hours those of
 * the browser's first language.
 */
function localeFor(language: string, tags: readonly string[]): LocaleChoice {
  if (language.includes("-") || tags.length === 0)
    return { locale: language, hourCycle: undefined };
  const own = tags.find((tag) => tag.split("-")[0] === language);
  if (own !== undefined) return { locale: own, hourCycle: undefined };
  const { hourCycle } = new Intl.DateTimeFormat(tags[0], { hour: "numeric" }).resolvedOptions();
  return { locale: language === "en" ? "en-GB" : language, hourCycle };
}

/** The day of a time in the user's time zone, as a number that grows by one each day. */
export function dayOf(at: number): number {
  const date = new Date(at / 1000);
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000);
}
