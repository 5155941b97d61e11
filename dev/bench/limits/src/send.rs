use actix_web::HttpResponse;
use chat::{Content, Message, Name, PlayerId, SenderId, SenderType};
use chrono::{DateTime, Utc};
use pusher::SocketId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The body of a send, with the gateway's types.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendRequest {
    message_id: Option<Uuid>,
    player_id: PlayerId,
    player_name: Option<Name>,
    sender_type: SenderType,
    sender_id: Option<SenderId>,
    sender_name: Option<Name>,
    #[serde(alias = "message")]
    content: Content,
    socket_id: Option<SocketId>,
}

impl SendRequest {
    /// The message, accepted now and unauthenticated.
    pub fn into_message(self) -> Message {
        Message {
            message_id: self.message_id.unwrap_or_else(Uuid::now_v7),
            player_id: self.player_id,
            player_name: self.player_name,
            sender_type: self.sender_type,
            sender_id: self.sender_id,
            sender_name: self.sender_name,
            content: self.content,
            accepted_at: chat::now(),
            socket_id: self.socket_id,
            attachments: Vec::new(),
            intake: None,
            traceparent: None,
        }
    }
}

/// The gateway's answer to an accepted message.
pub fn accepted(message_id: Uuid, accepted_at: DateTime<Utc>) -> HttpResponse {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Accepted {
        success: bool,
        message_id: Uuid,
        accepted_at: DateTime<Utc>,
        status: &'static str,
    }
    let status = "accepted";
    HttpResponse::Accepted().json(Accepted { success: true, message_id, accepted_at, status })
}
