/**
 * Whether a token has the claim `lead`; null when it cannot be read. The gateway verifies the claim;
 * this only decides which buttons the desk shows.
 */
export function isLead(token: string): boolean | null {
  try {
    const [, payload = ""] = token.split(".");
    const base64 = payload.replaceAll("-", "+").replaceAll("_", "/");
    const claims: unknown = JSON.parse(atob(base64));
    if (typeof claims !== "object" || claims === null) return null;
    return "lead" in claims && claims.lead === true;
  } catch {
    return null;
  }
}
