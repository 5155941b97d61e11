import type { Link } from "../core/link.js";
import { usePortal } from "./PortalContext.js";

/** The connection light. */
export function ConnectionLight({ link }: { link: Link }) {
  const { strings } = usePortal();
  return (
    <p className="ppc-light" data-link={link}>
      <span className="ppc-hidden">{strings.link.label}: </span>
      <span className="ppc-dot" aria-hidden="true" />
      <span className="ppc-light-text">{strings.link[link]}</span>
    </p>
  );
}

/** What the light means, when it is not as it should be. */
export function ConnectionBanner({ link, onTryNow }: { link: Link; onTryNow: () => void }) {
  const { strings } = usePortal();
  const isFine = link === "live" || link === "connecting";
  return (
    <div className="ppc-banner-place" role="status">
      {!isFine && (
        <div className="ppc-banner" data-link={link}>
          <p>{strings.banner[link]}</p>
          {link !== "signedOut" && link !== "polling" && (
            <button type="button" className="ppc-link" onClick={onTryNow}>
              {strings.banner.tryNow}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
