import { localStorageOrNull } from "../core/outbox/storage.js";
import { readableName } from "../core/readable.js";

/** A token and its claims. */
export interface Holder {
  readonly token: string;
  readonly subject: string;
  readonly role: string;
  readonly name: string | null;
}

/** The page's user, and the user that a link offers to become. */
export interface Access {
  readonly holder: Holder | null;
  /** The link's holder differs from the page's last user, named `was`: the page asks first. */
  readonly offer: { readonly holder: Holder; readonly was: string } | null;
}

/** The last user of a page in this browser. Only the tab keeps the token. */
interface LastUser {
  readonly subject: string;
  readonly name: string | null;
}

const TOKEN_KEY = "player-portal-chat/token";
const USER_KEY = "player-portal-chat/user";

/**
 * Reads the token from the address, or the one that this tab has stored. Removes it from the
 * address, where it could be seen and copied.
 */
export function readAccess(page: string): Access {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  const kept = read(keptToken(page));
  if (given === null) return { holder: kept, offer: null };
  history.replaceState(null, "", location.pathname + location.search);
  const holder = read(given);
  if (holder?.role !== page) return { holder, offer: null };
  const last = kept ?? lastUser(page);
  if (last !== null && last.subject !== holder.subject)
    return { holder: kept, offer: { holder, was: last.name ?? last.subject } };
  return accept(page, holder);
}

/** Makes `holder` the page's user in this tab. */
export function accept(page: string, holder: Holder): Access {
  const { token, subject, name } = holder;
  try {
    sessionStorage.setItem(`${TOKEN_KEY}/${page}`, token);
    localStorageOrNull()?.setItem(`${USER_KEY}/${page}`, JSON.stringify({ subject, name }));
  } catch {
    // Without storage the token lasts as long as the page.
  }
  return { holder, offer: null };
}

function keptToken(page: string): string | null {
  try {
    return sessionStorage.getItem(`${TOKEN_KEY}/${page}`);
  } catch {
    return null;
  }
}

function lastUser(page: string): LastUser | null {
  try {
    const kept: unknown = JSON.parse(
      localStorageOrNull()?.getItem(`${USER_KEY}/${page}`) ?? "null",
    );
    return typeof kept === "object" && kept !== null && "subject" in kept
      ? (kept as LastUser)
      : null;
  } catch {
    return null;
  }
}

// The claims are only displayed; the gateway verifies them.
function read(token: string | null): Holder | null {
  const payload = token?.split(".")[1];
  if (token === null || payload === undefined) return null;
  try {
    const base64 = payload.replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const { sub, role, name } = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof sub !== "string" || typeof role !== "string") return null;
    const shown = typeof name === "string" ? readableName(name) : null;
    return { token, subject: sub, role, name: shown };
  } catch {
    return null;
  }
}
