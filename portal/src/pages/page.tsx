import { type ReactNode, StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { Frame } from "../components/Frame.js";
import { Icon } from "../components/Icon.js";
import { usePortal } from "../components/PortalContext.js";
import type { SenderType } from "../core/types.js";
import { usePreferences } from "../hooks/usePreferences.js";
import { type Holder, takeToken } from "./token.js";
import "./page.css";

/** Shows `portal` to whom the token in the address is for, and to nobody else. */
export function showPage(role: SenderType, portal: (holder: Holder) => ReactNode): void {
  const place = document.getElementById("portal");
  if (place === null) throw new Error("the page has no place for the portal");
  createRoot(place).render(
    <StrictMode>
      <Page role={role} portal={portal} />
    </StrictMode>,
  );
}

const TITLE = document.title;

interface PageProps {
  readonly role: SenderType;
  readonly portal: (holder: Holder) => ReactNode;
}

function Page({ role, portal }: PageProps) {
  const [holder, setHolder] = useState(() => takeToken(role));
  useEffect(() => {
    // Somebody has followed another link in the same tab.
    const change = () => setHolder(takeToken(role));
    addEventListener("hashchange", change);
    return () => removeEventListener("hashchange", change);
  }, [role]);
  if (holder === null || holder.role !== role) return <Entrance isMissing={holder === null} />;
  return (
    <div className={`page-${role}`}>
      {role === "player" && <h1 className="ppc-hidden">{TITLE}</h1>}
      {portal(holder)}
    </div>
  );
}

function Entrance({ isMissing }: { isMissing: boolean }) {
  const [preferences] = usePreferences({});
  return (
    <Frame className="page-entrance" preferences={preferences}>
      <Closed isMissing={isMissing} />
    </Frame>
  );
}

function Closed({ isMissing }: { isMissing: boolean }) {
  const { entrance } = usePortal().strings;
  return (
    <div className="ppc-empty">
      <span className="ppc-empty-art" aria-hidden="true">
        <Icon name="chat" />
      </span>
      <h1>{isMissing ? entrance.missingTitle : entrance.wrongTitle}</h1>
      <p>{isMissing ? entrance.missingText : entrance.wrongText}</p>
    </div>
  );
}
