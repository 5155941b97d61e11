import type { Chat } from "../core/chat.js";
import type { ConnectionState } from "../core/connectionState.js";
import { usePortal } from "./PortalContext.js";

/** The connection light. Where there is no room for its text, its title has it. */
export function ConnectionLight({ link }: { link: ConnectionState }) {
  const { strings } = usePortal();
  return (
    <p
      className="ppc-light"
      data-link={link}
      title={`${strings.link.label}: ${strings.link[link]}`}
    >
      <span className="ppc-hidden">{strings.link.label}: </span>
      <span className="ppc-dot" aria-hidden="true" />
      <span className="ppc-light-text">{strings.link[link]}</span>
    </p>
  );
}

interface ConnectionBannerProps {
  readonly chat: Chat;
  readonly link: ConnectionState;
  readonly onTryNow: () => void;
}

/** Explains a connection state that needs attention. */
export function ConnectionBanner({ chat, link, onTryNow }: ConnectionBannerProps) {
  const { strings, onSignIn } = usePortal();
  const isFine = link === "live" || link === "connecting";
  return (
    <div className="ppc-banner-place" role="status">
      {!isFine && (
        <div className="ppc-banner" data-link={link}>
          <p>
            {strings.banner[link]}
            {link === "signedOut" && onSignIn === null && <> {strings.banner.fromPortal}</>}
            {holdsMessages(link) && (
              <> {chat.keepsUnsent ? strings.banner.kept : strings.banner.notKept}</>
            )}
          </p>
          {(link === "signedOut" || link === "refused") && <SignIn />}
          {link !== "signedOut" && link !== "polling" && link !== "refused" && (
            <button type="button" className="ppc-link" onClick={onTryNow}>
              {strings.banner.tryNow}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

/** A button to the portal's sign-in, if the portal has one. */
export function SignIn() {
  const { strings, onSignIn } = usePortal();
  if (onSignIn === null) return null;
  return (
    <button type="button" className="ppc-link" onClick={onSignIn}>
      {strings.banner.signIn}
    </button>
  );
}

/** Whether messages wait until the connection is back. */
const holdsMessages = (link: ConnectionState): boolean =>
  link === "cut" || link === "offline" || link === "signedOut";
