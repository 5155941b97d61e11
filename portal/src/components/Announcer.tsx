import { useEffect, useState } from "react";

/** Tells who listens rather than looks what `listen` brings. */
export function Announcer({ listen }: { listen: (say: (text: string) => void) => () => void }) {
  const [said, setSaid] = useState({ text: "", count: 0 });
  useEffect(
    () =>
      listen((text) => setSaid(({ count }) => ({ text: text.slice(0, 300), count: count + 1 }))),
    [listen],
  );
  // The same words again are said again only if something of them changes.
  return (
    <p className="ppc-hidden" role="log" aria-live="polite">
      <span key={said.count}>{said.text}</span>
    </p>
  );
}
