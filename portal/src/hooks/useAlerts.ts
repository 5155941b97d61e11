import { useEffect } from "react";
import { chime, unlockSound } from "./chime.js";
import { hasPageFocus } from "./usePageFocus.js";
import type { Preferences } from "./usePreferences.js";

/** A message that has arrived, as a notification shows it. */
export interface Alert {
  readonly title: string;
  readonly text: string;
  /** A notification replaces an earlier one with the same tag. */
  readonly tag: string;
  /** Identifies the alert in all tabs of its user. */
  readonly id: string;
  /** Called when the user clicks the notification. */
  onClick(): void;
}

/** Plays a sound and shows a notification for what `listen` reports, as the user prefers. */
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

/** A tab without the focus gives one with it this much time to alert first, in milliseconds. */
const PRECEDENCE_MS = 300;
/** How long no other tab repeats the alert, in milliseconds. */
const TAKEN_FOR_MS = 10_000;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether this tab is the first to alert; without Web Locks, each tab is. */
async function isFirst(id: string, hasFocus: boolean): Promise<boolean> {
  const { locks } = navigator;
  if (locks === undefined) return true;
  if (!hasFocus) await wait(PRECEDENCE_MS);
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

/** Shows a notification; false when the browser cannot, as Android's cannot for pages. */
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
