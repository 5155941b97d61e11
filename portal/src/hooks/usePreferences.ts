import { useCallback, useState } from "react";
import { localStorageOrNull } from "../core/outbox/shelf.js";
import { isLanguage, type Language, readersLanguage } from "../strings/index.js";

export type Theme = "system" | "light" | "dark";

/** What the reader has chosen; kept in this browser. */
export interface Preferences {
  readonly theme: Theme;
  readonly language: Language;
  readonly sound: boolean;
  readonly notifications: boolean;
  /** Shortcuts of a single key. */
  readonly singleKeys: boolean;
}

export type ChangePreferences = (change: Partial<Preferences>) => void;

const KEY = "player-portal-chat/preferences";
const THEMES: readonly unknown[] = ["system", "light", "dark"] satisfies Theme[];

/** The reader's choices, those that the portal makes for the reader, and else the usual ones. */
export function usePreferences(portals: Partial<Preferences>): [Preferences, ChangePreferences] {
  const [chosen, setChosen] = useState(load);
  const change = useCallback<ChangePreferences>((more) => {
    setChosen((before) => {
      const after = { ...before, ...more };
      save(after);
      return after;
    });
  }, []);
  const preferences = {
    theme: chosen.theme ?? portals.theme ?? "system",
    language: chosen.language ?? portals.language ?? readersLanguage(),
    sound: chosen.sound ?? portals.sound ?? false,
    notifications: chosen.notifications ?? false,
    singleKeys: chosen.singleKeys ?? true,
  };
  return [preferences, change];
}

function load(): Partial<Preferences> {
  try {
    const kept = JSON.parse(localStorageOrNull()?.getItem(KEY) ?? "{}") as Partial<Preferences>;
    const { theme, language, ...switches } = kept;
    return {
      ...switches,
      ...(theme !== undefined && THEMES.includes(theme) ? { theme } : {}),
      ...(language !== undefined && isLanguage(language) ? { language } : {}),
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
