import { usePortal } from "./PortalContext.js";
import { pieces } from "./text.js";

/** What a message says: its links can be followed, and nothing of it is taken for HTML. */
export function MessageText({ content }: { content: string }) {
  const { strings } = usePortal();
  let offset = 0;
  return pieces(content).map(({ text, href }) => {
    const key = offset;
    offset += text.length;
    if (href === null) return text;
    return (
      <a key={key} href={href} target="_blank" rel="noopener noreferrer nofollow ugc">
        {text}
        <span className="ppc-hidden"> ({strings.messages.opensInNewTab})</span>
      </a>
    );
  });
}
