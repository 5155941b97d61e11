//! `POST /api/staff-chat-integration/send`

use actix_web::{HttpRequest, HttpResponse, web};
use chat::{Content, Intake, Language, Message, Name, SenderId, SenderType, Team, event::Event};
use chrono::{DateTime, Utc};
use pusher::SocketId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    paths,
    publishing::{RequestTrace, publish_event},
    responses::{BodyRejected, CallerRejected, NotAccepted, RateLimited},
};
use crate::{
    auth::{Caller, Sender},
    http::{Body, ClientId, by_name, preferred_language},
    input::{NewContent, NewName, NewPlayerId, NewSenderId, NewTeam},
    problem::Problem,
    state::AppState,
    team_desk::TeamDesk,
};

/// A message to send.
///
/// `message` is an older name of `content`. When both are given, they must be equal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendRequest {
    /// The message's id, made by the client so that it can send the message again; without one the
    /// gateway makes a version 7 UUID. An id that belongs to another message of the player is
    /// accepted too: this message is then not persisted, and the event `message-rejected` reports
    /// it.
    message_id: Option<ClientId>,
    /// The player whose conversation it is.
    player_id: NewPlayerId,
    /// The player's display name. Ignored with tokens: the player's own token names the player.
    player_name: Option<NewName>,
    /// The kind of sender.
    #[serde(deserialize_with = "by_name")]
    sender_type: SenderType,
    /// The portal's id for the member of the staff who sends. Ignored for players, and with tokens,
    /// whose `sub` it is.
    sender_id: Option<NewSenderId>,
    /// The sender's display name; for a player, `playerName` when absent. Ignored with tokens,
    /// which name the sender.
    sender_name: Option<NewName>,
    /// The text. White space around it is removed.
    // Required in the description: with two alternatives, generated clients ask for both.
    #[schema(value_type = NewContent)]
    content: Option<NewContent>,
    #[schema(ignore)]
    message: Option<NewContent>,
    /// The topic that the player chose when the message opens a session: the team that the session
    /// goes to, one of `topics` of the configuration. Ignored for staff, and without a team's desk.
    #[schema(value_type = Option<NewTeam>)]
    topic: Option<Value>,
    /// The sender's Pusher connection, which receives no event about this message.
    socket_id: Option<SocketId>,
}

/// An accepted message: it is on disk in both queues.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// Always `true`.
    success: bool,
    /// The message's id, in lower case.
    message_id: Uuid,
    /// When it was accepted. The timestamps of a gateway strictly increase.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    accepted_at: DateTime<Utc>,
    /// Always `accepted`.
    #[schema(examples("accepted"))]
    status: &'static str,
}

/// Sends a message
///
/// 202 means that the message is on disk in both queues and will be persisted and broadcast. After
/// a 503, or without a response, send it again with the same `messageId`: it stays the same
/// message. Make a new `messageId` for each message: one that belongs to another message of the
/// player is accepted and may be broadcast, but it is never persisted, and the event
/// `message-rejected` revokes it.
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
    head: HttpRequest,
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
    let intake = match &state.team_desk {
        Some(desk) if sender.sender_type == SenderType::Player => {
            intake(desk, request.topic, preferred_language(&head))?
        }
        _ => None,
    };
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
        attachments: Vec::new(),
        accepted_at,
        socket_id: request.socket_id,
        intake,
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

/// The content, under either of its two names.
fn one_of(content: Option<NewContent>, message: Option<NewContent>) -> Result<Content, Problem> {
    match (content, message) {
        (Some(content), Some(message)) if content != message => {
            Err(Problem::invalid_field("message", "must equal content, or be absent"))
        }
        (Some(content), _) | (None, Some(content)) => Ok(content.into()),
        (None, None) => Err(Problem::invalid_field("content", "is missing")),
    }
}

/// What the session gets that the message opens.
fn intake(
    desk: &TeamDesk,
    topic: Option<Value>,
    language: Option<Language>,
) -> Result<Option<Box<Intake>>, Problem> {
    let topic = topic.map(NewTeam::deserialize).transpose();
    let topic = topic.map_err(|reason| Problem::invalid_field("topic", reason))?.map(Team::from);
    if let Some(topic) = &topic {
        desk.check_team("topic", topic)?;
    }
    let is_empty = topic.is_none() && language.is_none();
    Ok((!is_empty).then(|| Box::new(Intake { topic, language })))
}
