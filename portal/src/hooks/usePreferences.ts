import { useCallback, useState, useSyncExternalStore } from "react";
import { localStorageOrNull } from "../core/outbox/storage.js";
import { type CustomStrings, isSupported, preferredLanguage } from "../strings/index.js";

export type Theme = "system" | "light" | "dark";

/** What the reader has chosen; kept in this browser. */
export interface Preferences {
  readonly theme: Theme;
  /** A BCP 47 tag. */
  readonly language: string;
  readonly sound: boolean;
  readonly notifications: boolean;
  /** Shortcuts of a single key. */
  readonly singleKeys: boolean;
}

export type ChangePreferences = (change: Partial<Preferences>) => void;

/** What the reader can set. */
export type Setting = "sound" | "notifications" | "theme" | "language";

export const SETTINGS: readonly Setting[] = ["sound", "notifications", "theme", "language"];

/** What the portal wants for its readers. */
export interface Wishes {
  readonly theme?: Theme | undefined;
  readonly language?: string | undefined;
  readonly own?: CustomStrings | null;
  /** What the reader may choose otherwise; all where it is not said. */
  readonly settings?: readonly Setting[] | undefined;
}

const KEY = "player-portal-chat/preferences";
const THEMES: readonly unknown[] = ["system", "light", "dark"] satisfies Theme[];

/** The reader's choices, those that the portal makes for the reader, and else the usual ones. */
export function usePreferences(wishes: Wishes): [Preferences, ChangePreferences] {
  const { own = null, settings = SETTINGS } = wishes;
  const [stored, setChosen] = useState(load);
  const isInBrowser = useIsInBrowser();
  const change = useCallback<ChangePreferences>((more) => {
    setChosen((before) => {
      const after = { ...before, ...more };
      save(after);
      return after;
    });
  }, []);
  const chosen = isInBrowser ? stored : {};
  const mine = <Key extends Setting>(key: Key): Preferences[Key] | undefined =>
    settings.includes(key) ? chosen[key] : undefined;
  const language = mine("language");
  const isKnown = language !== undefined && isSupported(language, own);
  const preferences = {
    theme: mine("theme") ?? wishes.theme ?? "system",
    language:
      (isKnown ? language : wishes.language) ?? (isInBrowser ? preferredLanguage(own) : "en"),
    sound: mine("sound") ?? false,
    notifications: mine("notifications") ?? false,
    singleKeys: chosen.singleKeys ?? true,
  };
  return [preferences, change];
}

const never = () => () => {};

/** False on a server, and in the browser while React takes over what the server has rendered. */
const useIsInBrowser = (): boolean =>
  useSyncExternalStore(
    never,
    () => true,
    () => false,
  );

function load(): Partial<Preferences> {
  try {
    const kept = JSON.parse(localStorageOrNull()?.getItem(KEY) ?? "{}") as Partial<Preferences>;
    const { theme, language, ...switches } = kept;
    return {
      ...switches,
      ...(theme !== undefined && THEMES.includes(theme) ? { theme } : {}),
      ...(typeof language === "string" ? { language } : {}),
    };
  } catch {
    return {};
  }
}

function save(preferences: Partial<Preferences>): void {
  try {
    localStorageOrNull()?.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // Storage is full: the choice holds until the page is left.
  }
}
