/** The shortest time between two sounds, in milliseconds: several at once would be loud. */
const QUIET_MS = 1_000;

let audio: AudioContext | null = null;
let quietUntil = 0;

/**
 * Resumes the page's audio on the first press of a key or pointer, as browsers demand. Returns a
 * function that removes the listeners.
 */
export function unlockSound(): () => void {
  const unlock = () => {
    void running();
  };
  const events = ["pointerdown", "keydown"] as const;
  for (const name of events) addEventListener(name, unlock, { capture: true, passive: true });
  return () => {
    for (const name of events) removeEventListener(name, unlock, { capture: true });
  };
}

/** Plays two soft notes, synthesized so that no file is loaded. */
export function chime(): void {
  const now = performance.now();
  const context = running();
  if (now < quietUntil || context?.state !== "running") return;
  quietUntil = now + QUIET_MS;
  play(context);
}

/** The page's audio context, resumed if the browser allows it; null where there is none. */
function running(): AudioContext | null {
  try {
    audio ??= new AudioContext();
    if (audio.state !== "running") audio.resume().catch(() => {});
    return audio;
  } catch {
    return null;
  }
}

function play(context: AudioContext): void {
  for (const [index, frequency] of [880, 1174.66].entries()) {
    const oscillator = context.createOscillator();
    const volume = context.createGain();
    const at = context.currentTime + index * 0.09;
    oscillator.frequency.value = frequency;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.08, at + 0.01);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.35);
    oscillator.connect(volume).connect(context.destination);
    oscillator.start(at);
    oscillator.stop(at + 0.4);
  }
}
