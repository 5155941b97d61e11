//! `POST /api/staff-chat-integration/send`

use actix_web::{HttpResponse, web};
use chat::{Content, Message, Name, SenderId, SenderType, event::Event};
use chrono::{DateTime, Utc};
use pusher::SocketId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    paths,
    publishing::{RequestTrace, publish_event},
    responses::{BodyRejected, CallerRejected, NotAccepted, RateLimited},
};
use crate::{
    auth::{Caller, Sender},
    http::{Body, ClientId, by_name},
    input::{NewContent, NewName, NewPlayerId, NewSenderId},
    problem::Problem,
    state::AppState,
};

/// A message to send.
///
/// `message` is taken in place of `content`, as its older name; of two that differ neither is taken.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendRequest {
    /// The message's id, made by the client, so that it can send the message again; the gateway
    /// makes one where there is none. One that another message has is accepted too: the message is then not
    /// persisted, and `message-rejected` reports it.
    message_id: Option<ClientId>,
    /// Whose conversation it belongs to.
    player_id: NewPlayerId,
    /// What the player is called. Where tokens are asked for, the player's own token says it, and this
    /// is ignored.
    player_name: Option<NewName>,
    /// Who of the two sends it.
    #[serde(deserialize_with = "by_name")]
    sender_type: SenderType,
    /// Who of the staff sends it; a player's message is always the player's own. Where tokens are
    /// asked for, the token says it.
    sender_id: Option<NewSenderId>,
    /// What the sender is called; a player's own name where there is none. Where tokens are asked
    /// for, the token says it.
    sender_name: Option<NewName>,
    /// What it says. White space around it is taken off.
    // Not optional in the description: with two alternatives generated clients ask for both.
    #[schema(value_type = NewContent)]
    content: Option<NewContent>,
    #[schema(ignore)]
    message: Option<NewContent>,
    /// The sender's Pusher connection, which then does not hear of it.
    socket_id: Option<SocketId>,
}

/// The answer to what was accepted: it is on disk in both queues.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// Always `true`.
    success: bool,
    /// The message's id, in lower case.
    message_id: Uuid,
    /// When it was accepted: later than whatever this gateway accepted before.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    accepted_at: DateTime<Utc>,
    /// Always `accepted`.
    #[schema(examples("accepted"))]
    status: &'static str,
}

/// Sends a message
///
/// 202 means that the message is on disk in both queues and is going to be persisted and broadcast. After
/// 503, or no answer, send it again with the same `messageId`: it stays the same message. When another
/// message has that `messageId`, this one may be broadcast and is never in the history: the event
/// `message-rejected` takes it back, so make each `messageId` anew.
#[utoipa::path(
    post,
    path = paths::SEND,
    tag = "messages",
    security(("token" = [])),
    request_body(
        content = SendRequest,
        example = json!({"playerId": "player-7", "senderType": "player", "content": "My sword is gone"}),
    ),
    responses(
        (status = 202, description = "Accepted", body = Accepted),
        BodyRejected,
        CallerRejected,
        RateLimited,
        NotAccepted,
    )
)]
pub async fn send(
    state: web::Data<AppState>,
    trace: RequestTrace,
    caller: Caller,
    body: Body<SendRequest>,
) -> Result<HttpResponse, Problem> {
    let request = body.0;
    let content = one_of(request.content, request.message)?;
    let sender = caller.authorize_sender(Sender {
        player_id: request.player_id.into(),
        player_name: request.player_name.map(Name::from),
        sender_type: request.sender_type,
        sender_id: request.sender_id.map(SenderId::from),
        sender_name: request.sender_name.map(Name::from),
    })?;
    state.sender_limit.check(&sender)?;
    let message_id = request.message_id.map_or_else(Uuid::now_v7, ClientId::uuid);
    let accepted_at = state.clock.next_timestamp();
    let span = trace.start("send", message_id);
    let message = Message {
        message_id,
        player_id: sender.player_id,
        player_name: sender.player_name,
        sender_type: sender.sender_type,
        sender_id: sender.sender_id,
        sender_name: sender.sender_name,
        content,
        accepted_at,
        socket_id: request.socket_id,
        traceparent: span.traceparent(),
    };
    publish_event(Event::Message(Box::new(message)), &state.event_publisher, span).await?;
    Ok(HttpResponse::Accepted().json(Accepted {
        success: true,
        message_id,
        accepted_at,
        status: "accepted",
    }))
}

/// The content that a message has under one of its two names.
fn one_of(content: Option<NewContent>, message: Option<NewContent>) -> Result<Content, Problem> {
    match (content, message) {
        (Some(content), Some(message)) if content != message => {
            Err(Problem::invalid_field("message", "must be the same as content, or not be there"))
        }
        (Some(content), _) | (None, Some(content)) => Ok(content.into()),
        (None, None) => Err(Problem::invalid_field("content", "is missing")),
    }
}
