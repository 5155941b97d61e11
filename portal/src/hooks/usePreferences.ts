import { useCallback, useState, useSyncExternalStore } from "react";
import { localStorageOrNull } from "../core/outbox/storage.js";
import { type CustomStrings, isSupported, preferredLanguage } from "../strings/index.js";

export type Theme = "system" | "light" | "dark";

/** The user's choices; stored in this browser. */
export interface Preferences {
  readonly theme: Theme;
  /** A BCP 47 tag. */
  readonly language: string;
  readonly sound: boolean;
  readonly notifications: boolean;
  /** Whether single-key shortcuts are on. */
  readonly singleKeys: boolean;
}

export type ChangePreferences = (change: Partial<Preferences>) => void;

/** A setting that the user can change. */
export type Setting = "sound" | "notifications" | "theme" | "language";

export const SETTINGS: readonly Setting[] = ["sound", "notifications", "theme", "language"];

/** The portal's defaults. */
export interface Defaults {
  readonly theme?: Theme | undefined;
  readonly language?: string | undefined;
  readonly own?: CustomStrings | null;
  /** The settings that the user may change; by default all. */
  readonly settings?: readonly Setting[] | undefined;
}

const KEY = "player-portal-chat/preferences";
const THEMES: readonly unknown[] = ["system", "light", "dark"] satisfies Theme[];

/** The user's choices, else the portal's defaults, else those of the package. */
export function usePreferences(defaults: Defaults): [Preferences, ChangePreferences] {
  const { own = null, settings = SETTINGS } = defaults;
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
  const choiceOf = <Key extends Setting>(key: Key): Preferences[Key] | undefined =>
    settings.includes(key) ? chosen[key] : undefined;
  const language = choiceOf("language");
  const isKnown = language !== undefined && isSupported(language, own);
  const preferences = {
    theme: choiceOf("theme") ?? defaults.theme ?? "system",
    language:
      (isKnown ? language : defaults.language) ?? (isInBrowser ? preferredLanguage(own) : "en"),
    sound: choiceOf("sound") ?? false,
    notifications: choiceOf("notifications") ?? false,
    singleKeys: chosen.singleKeys ?? true,
  };
  return [preferences, change];
}

const never = () => () => {};

/** False on a server, and in the browser while React hydrates the server's HTML. */
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
    // Storage is full: the choice lasts as long as the page.
  }
}
