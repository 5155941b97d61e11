import { type ReactNode, StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { Frame } from "../components/Frame.js";
import { Icon } from "../components/Icon.js";
import { usePortal } from "../components/PortalContext.js";
import { TextWithName } from "../components/TextWithName.js";
import type { SenderType } from "../core/types.js";
import { refuseDrop } from "../hooks/useDroppedFiles.js";
import { usePreferences } from "../hooks/usePreferences.js";
import { type Access, accept, type Holder, readAccess } from "./token.js";
import "./page.css";

// A file dropped beside the portal must not replace the page.
for (const type of ["dragover", "drop"] as const) document.addEventListener(type, refuseDrop);

/** Shows `portal` to the holder of the token in the address. */
export function showPage(role: SenderType, portal: (holder: Holder) => ReactNode): void {
  const place = document.getElementById("portal");
  if (place === null) throw new Error("the page has no #portal element");
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
  const [{ holder, offer }, setAccess] = useState(() => readAccess(role));
  useEffect(() => {
    // The user opened another link in the same tab.
    const change = () => {
      if (location.hash.includes("token=")) setAccess(readAccess(role));
    };
    addEventListener("hashchange", change);
    return () => removeEventListener("hashchange", change);
  }, [role]);
  if (offer !== null) {
    return (
      <Question
        offer={offer}
        onChange={() => setAccess(accept(role, offer.holder))}
        onStay={() => setAccess({ holder, offer: null })}
      />
    );
  }
  if (holder === null || holder.role !== role) return <Entrance isMissing={holder === null} />;
  return (
    <div className={`page-${role}`}>
      {role === "player" && <h1 className="ppc-hidden">{TITLE}</h1>}
      {portal(holder)}
    </div>
  );
}

interface QuestionProps {
  readonly offer: NonNullable<Access["offer"]>;
  onChange(): void;
  onStay(): void;
}

/** Asks whether the user wants to continue as the holder of another token. */
function Question(props: QuestionProps) {
  const [preferences] = usePreferences({});
  return (
    <div className="page-entrance">
      <Frame className="ppc-entrance" preferences={preferences}>
        <Choice {...props} />
      </Frame>
    </div>
  );
}

function Choice({ offer: { holder, was }, onChange, onStay }: QuestionProps) {
  const { entrance } = usePortal().strings;
  const next = holder.name ?? holder.subject;
  return (
    <div className="ppc-empty">
      <h1>
        <TextWithName text={entrance.changeTitle} name={next} />
      </h1>
      <p>
        <TextWithName text={entrance.changeText} name={was} />
      </p>
      <p className="page-choice">
        <button type="button" className="ppc-button ppc-button-main" onClick={onStay}>
          <TextWithName text={entrance.stay} name={was} />
        </button>
        <button type="button" className="ppc-button" onClick={onChange}>
          <TextWithName text={entrance.change} name={next} />
        </button>
      </p>
    </div>
  );
}

function Entrance({ isMissing }: { isMissing: boolean }) {
  const [preferences] = usePreferences({});
  return (
    <div className="page-entrance">
      <Frame className="ppc-entrance" preferences={preferences}>
        <Closed isMissing={isMissing} />
      </Frame>
    </div>
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
