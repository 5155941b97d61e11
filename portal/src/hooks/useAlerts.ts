import { useEffect } from "react";
import { chime, unlockSound } from "./chime.js";
import { hasPageFocus } from "./usePageFocus.js";
import type { Preferences } from "./usePreferences.js";

/** A message that has arrived, as a notification shows it. */
export interface Alert {
  readonly title: string;
  readonly text: string;
  /** Of two with the same tag the later takes the place of the earlier. */
  readonly tag: string;
  /** What tells this one from others, in all tabs of its user. */
  readonly id: string;
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
        if (!sound && !notifications) return;
        void isFirst(what.id, hasPageFocus()).then((first) => {
          if (first && sound) chime();
          if (first && notifications && !hasPageFocus()) showNotification(what);
        });
      }),
    [listen, sound, notifications],
  );
}

/** A tab that is not looked at leaves so much time to one that is, in milliseconds. */
const PRECEDENCE_MS = 300;
/** For so long no other tab alerts of the same, in milliseconds. */
const TAKEN_FOR_MS = 10_000;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether no other tab alerts of the same; where tabs cannot tell, each does. */
async function isFirst(id: string, lookedAt: boolean): Promise<boolean> {
  const { locks } = navigator;
  if (locks === undefined) return true;
  if (!lookedAt) await wait(PRECEDENCE_MS);
  return new Promise((resolve) => {
    const take = async (lock: Lock | null) => {
      resolve(lock !== null);
      if (lock !== null) await wait(TAKEN_FOR_MS);
    };
    locks
      .request(`player-portal-chat/alert/${id}`, { ifAvailable: true }, take)
      .catch(() => resolve(true));
  });
}

/** Shows a notification; false where the browser has none, as Android's have none for pages. */
export function showNotification({ title, text, tag, onClick }: Omit<Alert, "id">): boolean {
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
