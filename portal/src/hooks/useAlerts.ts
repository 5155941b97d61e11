import { useEffect } from "react";
import type { Preferences } from "./usePreferences.js";

/** Something that has arrived, as a notification says it. */
export interface Alert {
  readonly title: string;
  readonly text: string;
  /** Of two with the same tag the later takes the place of the earlier. */
  readonly tag: string;
}

/** Sounds and shows, if the reader wants that, whatever `listen` brings. */
export function useAlerts(
  { sound, notifications }: Preferences,
  listen: ((alert: (what: Alert) => void) => () => void) | null,
): void {
  useEffect(
    () =>
      listen?.((what) => {
        if (sound) chime();
        if (notifications && document.hidden) show(what);
      }),
    [listen, sound, notifications],
  );
}

function show({ title, text, tag }: Alert): void {
  if (!("Notification" in globalThis) || Notification.permission !== "granted") return;
  const notification = new Notification(title, { body: text.slice(0, 200), tag });
  notification.onclick = () => {
    window.focus();
    notification.close();
  };
}

/** For how long a sound is the only one, in seconds: what arrives together would be loud. */
const QUIET_S = 1;

let audio: AudioContext | null = null;
let quietUntil = 0;

/** Two soft notes, made here: there is no file to load. */
function chime(): void {
  audio ??= new AudioContext();
  const start = audio.currentTime;
  if (start < quietUntil) return;
  quietUntil = start + QUIET_S;
  for (const [index, frequency] of [880, 1174.66].entries()) {
    const oscillator = audio.createOscillator();
    const volume = audio.createGain();
    const at = start + index * 0.09;
    oscillator.frequency.value = frequency;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.08, at + 0.01);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.35);
    oscillator.connect(volume).connect(audio.destination);
    oscillator.start(at);
    oscillator.stop(at + 0.4);
  }
}
