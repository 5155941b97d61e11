// Written from gateway/openapi.json by `npm run api`.

/** A player's id, of 1 to `MAX_PLAYER_ID` characters. */
export const PLAYER_ID = /^(\.{0,2}[A-Za-z0-9_\-=@,;][A-Za-z0-9_\-=@,.;]*|\.{3,}[A-Za-z0-9_\-=@,.;]*)$/;
export const MAX_PLAYER_ID = 128;
/** The longest content of a message, in code points without the white space around it. */
export const MAX_CONTENT = 4000;
