/** Who may subscribe: see `PUSHER_CHANNEL_ACCESS`. */
export type ChannelAccess = "public" | "private" | "encrypted";

const PREFIX: Record<ChannelAccess, string> = {
  public: "",
  private: "private-",
  encrypted: "private-encrypted-",
};

/** The channel of one player's conversation. */
export const playerChannel = (access: ChannelAccess, playerId: string): string =>
  `${PREFIX[access]}player-${playerId}`;

/** The channel of all staff. */
export const staffChannel = (access: ChannelAccess): string => `${PREFIX[access]}staff-portal`;

/** A player's message, told to staff. */
export const NEW_PLAYER_MESSAGE = "new-player-message";
/** Several messages of players, told to staff together and without what they say. */
export const NEW_PLAYER_MESSAGES = "new-player-messages";
/** A message, told to its player, and a staff message, told to staff. */
export const MESSAGE_SENT = "message-sent";
/** A message that was told of is not kept: its id belongs to another message. */
export const MESSAGE_REJECTED = "message-rejected";
/** A session was opened, taken or resolved. */
export const SESSION_UPDATED = "session-updated";
