//! `POST /api/staff-chat-integration/send`

use actix_web::{HttpRequest, HttpResponse, web};
use chat::{
    Attachment, Content, Intake, Language, Message, Name, PlayerId, SenderId, SenderType, Team,
    event::Event,
};
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
    attachments::{Attachments, BadUploadToken},
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
    /// The text. White space around it is removed. Only a message with files may leave it out: it then
    /// has the name of the first file as its text.
    content: Option<NewContent>,
    #[schema(ignore)]
    message: Option<NewContent>,
    /// The files of the message: the tokens of 1 to 5 uploads to this conversation, each of another file.
    #[schema(min_items = 1, max_items = 5)]
    attachments: Option<Vec<String>>,
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
/// `message-rejected` revokes it. Files are uploaded before the message that names them.
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
    http_request: HttpRequest,
    body: Body<SendRequest>,
) -> Result<HttpResponse, Problem> {
    let request = body.0;
    let content = one_of(request.content, request.message)?;
    if content.is_none() && request.attachments.is_none() {
        return Err(Problem::invalid_field("content", "is missing"));
    }
    let sender = caller.authorize_sender(Sender {
        player_id: request.player_id.into(),
        player_name: request.player_name.map(Name::from),
        sender_type: request.sender_type,
        sender_id: request.sender_id.map(SenderId::from),
        sender_name: request.sender_name.map(Name::from),
    })?;
    state.sender_limit.check(&sender)?;
    let attachments = match &request.attachments {
        Some(tokens) => verified_files(tokens, &sender.player_id, state.attachments.as_deref())?,
        None => Vec::new(),
    };
    let content = content.map_or_else(|| content_of_file_name(&attachments), Ok)?;
    let intake = match &state.team_desk {
        Some(desk) if sender.sender_type == SenderType::Player => {
            intake(desk, request.topic, preferred_language(&http_request))?
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
        attachments,
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
fn one_of(
    content: Option<NewContent>,
    message: Option<NewContent>,
) -> Result<Option<Content>, Problem> {
    match (content, message) {
        (Some(content), Some(message)) if content != message => {
            Err(Problem::invalid_field("message", "must equal content, or be absent"))
        }
        (content, message) => Ok(content.or(message).map(Content::from)),
    }
}

/// The files of `player` that `tokens` prove.
fn verified_files(
    tokens: &[String],
    player: &PlayerId,
    attachments: Option<&Attachments>,
) -> Result<Vec<Attachment>, Problem> {
    let Some(attachments) = attachments else {
        return Err(Problem::invalid_field(
            "attachments",
            "must be left out: attachments are off, since ATTACHMENT_STORE is not set",
        ));
    };
    if tokens.is_empty() || tokens.len() > Attachment::MAX_OF_MESSAGE {
        return Err(Problem::invalid_field("attachments", "must have 1 to 5 tokens"));
    }
    let mut files: Vec<Attachment> = Vec::with_capacity(tokens.len());
    for (place, token) in tokens.iter().enumerate() {
        let field = format!("attachments[{place}]");
        let file = attachments.tokens.verify(token, player).map_err(|reason| match reason {
            BadUploadToken::OtherPlayer => {
                Problem::ForbiddenField { field: field.clone(), reason: reason.to_string() }
            }
            BadUploadToken::Invalid | BadUploadToken::Expired => {
                Problem::invalid_field(&field, reason)
            }
        })?;
        if files.iter().any(|other| other.attachment_id == file.attachment_id) {
            return Err(Problem::invalid_field(&field, "is the token of the same file as another"));
        }
        files.push(file);
    }
    Ok(files)
}

/// The text of a message that has files alone.
fn content_of_file_name(files: &[Attachment]) -> Result<Content, Problem> {
    let name = files.first().map(|file| file.name.as_str().to_owned()).unwrap_or_default();
    Content::try_from(name).map_err(|reason| Problem::invalid_field("content", reason))
}

/// The topic and the language for the session that the message opens.
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
