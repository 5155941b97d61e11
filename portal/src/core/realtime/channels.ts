/** Who may subscribe; see `PUSHER_CHANNEL_ACCESS`. */
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

/** The channel of the members of one player's conversation, whatever the access is. */
export const presenceChannel = (playerId: string): string => `presence-conversation-${playerId}`;

/** From a member of a presence channel to the others: the member types, or no longer does. */
export const CLIENT_TYPING = "client-typing";
export const CLIENT_STOPPED = "client-stopped";
/** All events that clients send. */
export const CLIENT_EVENTS = [CLIENT_TYPING, CLIENT_STOPPED] as const;
export type ClientEvent = (typeof CLIENT_EVENTS)[number];

/** To staff: a player's message. */
export const NEW_PLAYER_MESSAGE = "new-player-message";
/** To staff: players' messages together, without their content. */
export const NEW_PLAYER_MESSAGES = "new-player-messages";
/** To the player: any message. To staff: a staff message. */
export const MESSAGE_SENT = "message-sent";
/** A message was not stored: its id belongs to another message. */
export const MESSAGE_REJECTED = "message-rejected";
/** To staff alone: a note about a conversation. */
export const NOTE_ADDED = "note-added";
/** To staff alone: the canned replies have changed. */
export const CANNED_REPLIES_UPDATED = "canned-replies-updated";
/** A session was opened, taken or resolved. */
export const SESSION_UPDATED = "session-updated";
/** To the player, and to a desk with the conversation open: how far one side has read. */
export const READ_UPDATED = "read-updated";
