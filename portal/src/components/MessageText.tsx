import { hostOf, pieces } from "./messageText.js";
import { usePortal } from "./PortalContext.js";

/** A message's text with its links. Nothing of it is interpreted as HTML. */
export function MessageText({ content }: { content: string }) {
  const { messages } = usePortal().strings;
  let offset = 0;
  return pieces(content).map((piece) => {
    const { text, href } = piece;
    const key = offset;
    offset += text.length;
    if (href === null) return text;
    if (href.startsWith("mailto:")) {
      return (
        <a key={key} href={href}>
          {text}
        </a>
      );
    }
    const host = hostOf(piece);
    return (
      <a
        key={key}
        href={href}
        title={messages.opensInNewTab}
        target="_blank"
        rel="noopener noreferrer nofollow ugc"
      >
        {text}
        {host !== null && <span className="ppc-host"> ({host})</span>}
      </a>
    );
  });
}
