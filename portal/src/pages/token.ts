/** Whom a token is for. */
export interface Holder {
  readonly token: string;
  readonly subject: string;
  readonly role: string;
  readonly name: string | null;
}

const KEY = "player-portal-chat/token";

/**
 * Takes the token from the address, or from what this tab has kept of an earlier one; null when there
 * is none. It is taken off the address, where it would be seen and copied.
 */
export function takeToken(page: string): Holder | null {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) history.replaceState(null, "", location.pathname + location.search);
  const key = `${KEY}/${page}`;
  try {
    if (given !== null) sessionStorage.setItem(key, given);
    return read(given ?? sessionStorage.getItem(key));
  } catch {
    return read(given);
  }
}

// What it says is only shown here; whether it is true, the gateway checks.
function read(token: string | null): Holder | null {
  const payload = token?.split(".")[1];
  if (token === null || payload === undefined) return null;
  try {
    const base64 = payload.replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const { sub, role, name } = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof sub !== "string" || typeof role !== "string") return null;
    return { token, subject: sub, role, name: typeof name === "string" ? name : null };
  } catch {
    return null;
  }
}
