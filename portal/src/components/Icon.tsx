/** Paths of stroked icons, 24 by 24. */
const PATHS = {
  send: "M4.5 12h13M12 5.5 18.5 12 12 18.5",
  clock: "M12 7v5l3 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z",
  check: "m5 12.5 4.5 4.5L19 7.5",
  checks: "m2.5 12.5 4.5 4.5L16 8M12 16.5l.5.5L22 7.5",
  alert: "M12 8v5m0 3.2v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z",
  down: "M12 5v14m-6.5-6.5L12 19l6.5-6.5",
  back: "M19 12H5m6.5-6.5L5 12l6.5 6.5",
  search: "m20 20-4.2-4.2M18 11a7 7 0 1 1-14 0 7 7 0 0 1 14 0Z",
  close: "M6 6l12 12M18 6 6 18",
  settings:
    "M12 15.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM18 12a6 6 0 1 1-12 0 6 6 0 0 1 12 0ZM12 6V3m0 18v-3m6-6h3M3 12h3m10.2-4.2 2.2-2.2M5.6 18.4l2.2-2.2m8.4 0 2.2 2.2M5.6 5.6l2.2 2.2",
  more: "M5 12v.1m7-.1v.1m7-.1v.1",
  keyboard: "M3 7h18v10H3zM7 10.5v.1m3.3-.1v.1m3.4-.1v.1m3.3-.1v.1M8 14h8",
  chat: "M20 11.5a7.5 7.5 0 0 1-11 6.6L4 19.5l1.4-4.6A7.5 7.5 0 1 1 20 11.5Z",
  note: "M5 4.5h14v9.5l-5 5.5H5v-15Zm14 9.5h-5v5.5M8.5 9h7M8.5 12.5h3",
  reply: "M9.5 6 4 11.5 9.5 17M4.5 11.5H14a6 6 0 0 1 6 6V19",
  plus: "M12 5v14M5 12h14",
  clip: "m20 11-8.3 8.3a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.3 8.2a1.7 1.7 0 0 1-2.4-2.4L14.5 7",
  file: "M7 3.5h7l4.5 4.5v12.5H7Zm7 0V8h4.5",
  picture: "M4 5h16v14H4Zm0 11 4.5-4.5 4 4L16 12l4 4M9 9.2v.1",
  download: "M12 4v11m-5-5 5 5 5-5M5 20h14",
  next: "m9.5 5.5 6.5 6.5-6.5 6.5",
  previous: "M14.5 5.5 8 12l6.5 6.5",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9m0-5v5h-5",
  inbox: "M4 13.5 6.5 5h11l2.5 8.5V19H4v-5.5Zm0 0h4.5l1 2.5h5l1-2.5H20",
} as const;

export type IconName = keyof typeof PATHS;

/** A decorative icon: the text beside it, or its control's name, has its meaning. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="ppc-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
