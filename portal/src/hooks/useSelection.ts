import { useCallback, useEffect, useState } from "react";

/** The player of the chosen conversation, null for none, and the function that chooses another. */
export type Chosen = readonly [string | null, (playerId: string | null) => void];

/**
 * The chosen conversation. With `inAddress` it is in the page's address, as `#/c/<player>`: a
 * reload and a link open it, and the browser's Back leads from it to the list.
 */
export function useSelection(inAddress: boolean): Chosen {
  const [chosen, setChosen] = useState(() => (inAddress ? fromAddress() : null));

  useEffect(() => {
    if (!inAddress) return;
    const update = () => setChosen(fromAddress());
    addEventListener("popstate", update);
    addEventListener("hashchange", update);
    return () => {
      removeEventListener("popstate", update);
      removeEventListener("hashchange", update);
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
    // The list is the previous entry if the conversation was opened from it.
    if (isOpen && history.state?.ppcFromList === true) history.back();
    else history.replaceState(null, "", location.pathname + location.search);
    return;
  }
  const address = PREFIX + encodeURIComponent(playerId);
  // One entry for all conversations: walking through the list does not fill the history.
  if (!isOpen) {
    history.pushState({ ppcFromList: true }, "", address);
  } else {
    history.replaceState(history.state, "", address);
  }
}
