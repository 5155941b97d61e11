import { useEffect, useState } from "react";

/** The number of lines kept: lines that arrive together are read one after the other. */
const MAX_LINES = 20;

interface Line {
  readonly id: number;
  readonly text: string;
}

/** Announces what `listen` reports to screen readers, each as a line of its own. */
export function Announcer({
  listen,
}: {
  listen: (announce: (text: string) => void) => () => void;
}) {
  const [lines, setLines] = useState<readonly Line[]>([]);
  useEffect(
    () =>
      listen((text) =>
        setLines((before) => {
          const id = (before.at(-1)?.id ?? 0) + 1;
          return [...before.slice(1 - MAX_LINES), { id, text: text.slice(0, 300) }];
        }),
      ),
    [listen],
  );
  return (
    <div className="ppc-hidden" role="log" aria-live="polite" aria-relevant="additions">
      {lines.map(({ id, text }) => (
        <p key={id}>{text}</p>
      ))}
    </div>
  );
}
