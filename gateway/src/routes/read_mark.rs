//! `POST /api/unified-chat/conversations/{playerId}/read`

use actix_web::{HttpResponse, web};
use chat::Mark;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    paths,
    responses::{BodyRejected, CallerRejected, NotAccepted, RateLimited, ReadMarksOff},
};
use crate::{
    auth::Caller,
    http::{Body, ClientId, PathPlayer},
    input::{NewPlayerId, NewSenderId},
    problem::{self, Problem},
    state::AppState,
};

/// A mark of messages as read or as unread.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(try_from = "Fields", untagged)]
pub enum ReadMarkRequest {
    /// Marks messages as read.
    #[serde(rename_all = "camelCase")]
    Read {
        /// The last message that is read. All messages before it are read too.
        message_id: ClientId,
        /// The portal's id for the member of the staff who reads; without one the player reads.
        /// Ignored with tokens, which say who reads.
        reader_id: Option<NewSenderId>,
    },
    /// Marks messages as unread, which only staff may.
    #[serde(rename_all = "camelCase")]
    Unread {
        /// The first message that is unread. All messages after it are unread too.
        unread_from: ClientId,
        /// The portal's id for the member of the staff who reads. Ignored with tokens, which say who
        /// reads.
        reader_id: Option<NewSenderId>,
    },
}

/// The fields of a [`ReadMarkRequest`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    message_id: Option<ClientId>,
    unread_from: Option<ClientId>,
    reader_id: Option<NewSenderId>,
}

impl TryFrom<Fields> for ReadMarkRequest {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        let Fields { message_id, unread_from, reader_id } = fields;
        match (message_id, unread_from) {
            (Some(message_id), None) => Ok(Self::Read { message_id, reader_id }),
            (None, Some(unread_from)) => Ok(Self::Unread { unread_from, reader_id }),
            (Some(_), Some(_)) => Err("field `unreadFrom` must be absent beside messageId"),
            (None, None) => Err("field `messageId` is missing"),
        }
    }
}

/// An accepted mark: it is on disk in both queues.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadMarkAccepted {
    /// Always `true`.
    success: bool,
    /// The message that the request names, in lower case.
    message_id: Uuid,
    /// When the mark was accepted. Of a mark as read and a mark as unread the later one has an
    /// effect.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    accepted_at: DateTime<Utc>,
    /// Always `accepted`.
    #[schema(examples("accepted"))]
    status: &'static str,
}

/// Marks messages as read or as unread
///
/// The gateway merges the marks of one reader in one conversation within `READ_DELAY`, and answers
/// all of them when the merged mark is on disk in both queues; `read-updated` announces how far the
/// reader has read. A mark never lowers what is read, except a mark as unread. A mark of a message
/// that is not persisted yet, or belongs to another conversation, is accepted and has no effect:
/// repeat it until `reads` of the conversation shows it. After a 503, or without a response, send it
/// again.
#[utoipa::path(
    post,
    path = paths::READ_MARK_DOCUMENTED,
    tag = "conversations",
    security(("token" = [])),
    params(("playerId" = NewPlayerId, Path, description = "The player whose conversation it is")),
    request_body(
        content = ReadMarkRequest,
        example = json!({"messageId": "019aa6c4-3a33-7c5e-9d3c-3f6a3d1f2b10"}),
    ),
    responses(
        (status = 202, description = "Accepted", body = ReadMarkAccepted),
        BodyRejected,
        CallerRejected,
        ReadMarksOff,
        RateLimited,
        NotAccepted,
    )
)]
pub async fn mark_messages(
    state: web::Data<AppState>,
    caller: Caller,
    player: PathPlayer,
    body: Body<ReadMarkRequest>,
) -> Result<HttpResponse, Problem> {
    let read_marks = state.read_marks.as_ref().ok_or(Problem::ReadMarksOff)?;
    let PathPlayer(player) = player;
    let (mark, message_id, reader_id) = match body.0 {
        ReadMarkRequest::Read { message_id, reader_id } => (Mark::Read, message_id, reader_id),
        ReadMarkRequest::Unread { unread_from, reader_id } => {
            (Mark::Unread, unread_from, reader_id)
        }
    };
    let message_id = message_id.uuid();
    let reader = caller.authorize_reader(&player, reader_id.map(Into::into))?;
    if mark == Mark::Unread && !reader.is_staff() {
        return Err(Problem::Forbidden("only staff may mark messages as unread"));
    }
    state.read_mark_limit.check(&reader, &player)?;
    let accepted = read_marks.mark(player, reader, mark, message_id).await;
    let accepted_at = accepted.map_err(|cause| {
        tracing::debug!(messageId = %message_id, exception.message = %cause, "a mark is not accepted");
        problem::NotAccepted::Mark(message_id)
    })?;
    Ok(HttpResponse::Accepted().json(ReadMarkAccepted {
        success: true,
        message_id,
        accepted_at,
        status: "accepted",
    }))
}
