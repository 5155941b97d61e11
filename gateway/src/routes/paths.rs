//! The path of every route.

/// The common prefix of the chat's routes.
pub const API: &str = "/api";
/// The common prefix of the probes' routes.
pub const HEALTH: &str = "/health";

/// Sends a message.
pub const SEND: &str = "/api/staff-chat-integration/send";
/// Reads the inbox.
pub const INBOX: &str = "/api/unified-chat/conversations";
/// Reads a conversation.
pub const CONVERSATION: &str = "/api/unified-chat/conversations/{player_id}";
/// Changes the status of a session.
pub const STATUS: &str = "/api/unified-chat/conversations/{player_id}/status";
/// Marks messages as read or as unread.
pub const READ_MARK: &str = "/api/unified-chat/conversations/{player_id}/read";
/// Claims, assigns or releases a session.
pub const ASSIGNMENT: &str = "/api/unified-chat/conversations/{player_id}/assignment";
/// Changes the tags and the priority of a session.
pub const SESSION: &str = "/api/unified-chat/conversations/{player_id}/session";
/// Reads and writes the internal notes of a conversation.
pub const NOTES: &str = "/api/unified-chat/conversations/{player_id}/notes";
/// Uploads a file, and returns the URLs of a file.
pub const ATTACHMENT: &str =
    "/api/unified-chat/conversations/{player_id}/attachments/{attachment_id}";
/// Delivers a file to those who have its URL.
pub const ATTACHMENT_FILE: &str = "/api/attachments/{key}/{attachment_id}/{variant}";
/// Reads the members of the staff.
pub const STAFF: &str = "/api/staff";
/// Reports the availability of a member of the staff.
pub const AVAILABILITY: &str = "/api/staff/availability";
/// Reads the canned replies.
pub const CANNED_REPLIES: &str = "/api/staff/canned-replies";
/// Changes a canned reply.
pub const CANNED_REPLY: &str = "/api/staff/canned-replies/{id}";
/// Returns the settings of the portal's pages.
pub const PORTAL_CONFIG: &str = "/api/portal/config";
/// Signs a subscription.
pub const PUSHER_AUTH: &str = "/api/pusher/auth";
/// Liveness.
pub const LIVE: &str = "/health/live";
/// Readiness.
pub const READY: &str = "/health/ready";

/// All of them, by which requests are counted.
pub const ALL: [&str; 18] = [
    SEND,
    INBOX,
    CONVERSATION,
    STATUS,
    READ_MARK,
    ASSIGNMENT,
    SESSION,
    NOTES,
    ATTACHMENT,
    ATTACHMENT_FILE,
    STAFF,
    AVAILABILITY,
    CANNED_REPLIES,
    CANNED_REPLY,
    PORTAL_CONFIG,
    PUSHER_AUTH,
    LIVE,
    READY,
];

/// The OpenAPI documentation's form of [`CONVERSATION`], with the parameter's public name.
pub const CONVERSATION_DOCUMENTED: &str = "/api/unified-chat/conversations/{playerId}";
/// The OpenAPI documentation's form of [`STATUS`].
pub const STATUS_DOCUMENTED: &str = "/api/unified-chat/conversations/{playerId}/status";
/// The OpenAPI documentation's form of [`READ_MARK`].
pub const READ_MARK_DOCUMENTED: &str = "/api/unified-chat/conversations/{playerId}/read";
/// The OpenAPI documentation's form of [`ASSIGNMENT`].
pub const ASSIGNMENT_DOCUMENTED: &str = "/api/unified-chat/conversations/{playerId}/assignment";
/// The OpenAPI documentation's form of [`SESSION`].
pub const SESSION_DOCUMENTED: &str = "/api/unified-chat/conversations/{playerId}/session";
/// The OpenAPI documentation's form of [`NOTES`].
pub const NOTES_DOCUMENTED: &str = "/api/unified-chat/conversations/{playerId}/notes";
/// The OpenAPI documentation's form of [`ATTACHMENT`].
pub const ATTACHMENT_DOCUMENTED: &str =
    "/api/unified-chat/conversations/{playerId}/attachments/{attachmentId}";
/// The OpenAPI documentation's form of [`ATTACHMENT_FILE`].
pub const ATTACHMENT_FILE_DOCUMENTED: &str = "/api/attachments/{key}/{attachmentId}/{variant}";
