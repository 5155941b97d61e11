// The chat without React, for a portal with its own components.
export type { Failure, Outcome } from "./api/failure.js";
export type { GetToken } from "./api/tokens.js";
export { Chat, type ChatEnvironment as ChatSurroundings, type ChatOptions } from "./chat.js";
export {
  loadConfig,
  type PortalConfig,
  type PusherConfig,
  type ReadMarksSetting,
} from "./config.js";
export type { ConnectionState as Link } from "./connectionState.js";
export type { Conversation } from "./conversation/conversation.js";
export type { Older } from "./conversation/history.js";
export type { Receipt } from "./conversation/knownReads.js";
export type { Delivery, Entry, Timeline } from "./conversation/timeline.js";
export type { Assignment } from "./desk/assignment.js";
export type { Availability, AvailabilityStatus, OwnAvailability } from "./desk/availability.js";
export type { Features } from "./desk/features.js";
export type { StaffDirectory, StaffList, StaffMember } from "./desk/staff.js";
export type { Count, Inbox } from "./inbox/inbox.js";
export type { OwnConversations } from "./inbox/ownConversations.js";
export type { Row } from "./inbox/row.js";
export type { InboxView } from "./inbox/views.js";
export type { Observable, Unsubscribe } from "./observable.js";
export type { ConversationPresence } from "./presence/conversationPresence.js";
export type { Member } from "./presence/member.js";
export type { Typing } from "./presence/typing.js";
export type { OnProblem, Problem } from "./problems.js";
export type { ChannelAccess } from "./realtime/channels.js";
export { type PusherConnection, sharedPusher } from "./realtime/pusher.js";
export type { ChannelHandlers, ChannelMembers, Transport } from "./realtime/realtime.js";
export type {
  Identity,
  Message,
  Priority,
  ReadMark,
  SenderType,
  Session,
  SessionStatus,
} from "./types.js";
