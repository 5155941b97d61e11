import { useEffect } from "react";
import { chime, unlockSound } from "./chime.js";
import { isLookedAt } from "./useLookedAt.js";
import type { Preferences } from "./usePreferences.js";

/** A message that has arrived, as a notification shows it. */
export interface Alert {
  readonly title: string;
  readonly text: string;
  /** Of two with the same tag the later takes the place of the earlier. */
  readonly tag: string;
  /** The user has clicked the notification. */
  onClick(): void;
}

/** Sounds and shows, if the reader wants that, what `listen` brings. */
export function useAlerts(
  { sound, notifications }: Preferences,
  listen: ((alert: (what: Alert) => void) => () => void) | null,
): void {
  useEffect(() => (sound ? unlockSound() : undefined), [sound]);
  useEffect(
    () =>
      listen?.((what) => {
        if (sound) chime();
        if (notifications && !isLookedAt()) showNotification(what);
      }),
    [listen, sound, notifications],
  );
}

/** Shows a notification; false where the browser has none, as Android's have none for pages. */
export function showNotification({ title, text, tag, onClick }: Alert): boolean {
  try {
    if (Notification.permission !== "granted") return false;
    const options = { body: text.slice(0, 200), tag, icon: iconUrl(), renotify: true };
    const notification = new Notification(title, options);
    notification.onclick = () => {
      window.focus();
      notification.close();
      onClick();
    };
    return true;
  } catch {
    return false;
  }
}

function iconUrl(): string {
  return document.querySelector<HTMLLinkElement>("link[rel~='icon']")?.href ?? "";
}
