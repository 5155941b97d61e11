import { useCallback, useEffect, useState } from "react";

/** Which conversation is chosen, and how another is. */
export type Chosen = readonly [string | null, (playerId: string | null) => void];

/** From this width on the inbox and the conversation stand side by side; as in desk.css. */
const SIDE_BY_SIDE = "(width > 760px)";

/**
 * The conversation that is chosen. With `inAddress` it stands in the page's address, as `#/c/<player>`: a
 * reload and a link open it, and on a phone the back button goes from it to the list.
 */
export function useSelection(inAddress: boolean): Chosen {
  const [chosen, setChosen] = useState(() => (inAddress ? fromAddress() : null));

  useEffect(() => {
    if (!inAddress) return;
    const follow = () => setChosen(fromAddress());
    addEventListener("popstate", follow);
    addEventListener("hashchange", follow);
    return () => {
      removeEventListener("popstate", follow);
      removeEventListener("hashchange", follow);
    };
  }, [inAddress]);

  const choose = useCallback(
    (playerId: string | null) => {
      if (inAddress) toAddress(playerId);
      setChosen(playerId);
    },
    [inAddress],
  );
  return [chosen, choose];
}

const PREFIX = "#/c/";

function fromAddress(): string | null {
  if (!location.hash.startsWith(PREFIX)) return null;
  try {
    return decodeURIComponent(location.hash.slice(PREFIX.length)) || null;
  } catch {
    return null;
  }
}

function toAddress(playerId: string | null): void {
  const isOpen = fromAddress() !== null;
  if (playerId === null) {
    // The list lies behind the conversation, if it was opened from there.
    if (isOpen && history.state?.ppcFromList === true) history.back();
    else history.replaceState(null, "", location.pathname + location.search);
    return;
  }
  const address = PREFIX + encodeURIComponent(playerId);
  if (!isOpen && !matchMedia(SIDE_BY_SIDE).matches) {
    history.pushState({ ppcFromList: true }, "", address);
  } else {
    history.replaceState(history.state, "", address);
  }
}
