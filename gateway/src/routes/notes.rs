//! `/api/unified-chat/conversations/{playerId}/notes`

use actix_web::{HttpRequest, HttpResponse, web};
use chat::{Content, Note, event::Event};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    mentions::mentions,
    paging::PageLimit,
    paths,
    publishing::{RequestTrace, publish_event},
    responses::{
        BodyRejected, CallerRejected, HistoryUnavailable, NotAccepted, ParameterRejected,
        RateLimited, TeamDeskOff,
    },
};
use crate::{
    auth::{Actor, Caller},
    http::{Body, ClientId, OpenDesk, Parameters, PathPlayer},
    input::{NewContent, NewName, NewPlayerId, NewSenderId},
    metrics::HistoryRead,
    problem::Problem,
    reads::{self, MessageCursor, NotesPage, StoredNote},
    state::AppState,
};

/// An internal note to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoteRequest {
    /// The note's id, made by the client so that it can send the note again; without one the gateway
    /// makes a version 7 UUID.
    note_id: Option<ClientId>,
    /// The session that the author sees.
    session_id: Option<ClientId>,
    /// The text. `@` and an id mention a member of the staff: at most 10 of them are told.
    content: NewContent,
    /// The portal's id for the author. Ignored with tokens, whose `sub` it is.
    actor_id: Option<NewSenderId>,
    /// The author's display name. Ignored with tokens, which name the author.
    actor_name: Option<NewName>,
}

/// An accepted note: it is on disk in both queues.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoteAccepted {
    /// Always `true`.
    success: bool,
    /// The note's id, in lower case.
    note_id: Uuid,
    /// When it was accepted.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    accepted_at: DateTime<Utc>,
    /// Always `accepted`.
    #[schema(examples("accepted"))]
    status: &'static str,
}

/// Writes an internal note about a conversation
///
/// Only staff read notes. A note is no message and has no `seq`. `note-added` on the staff channel
/// announces it. After a 503, or without a response, send it again with the same `noteId`.
#[utoipa::path(
    post,
    path = paths::NOTES_DOCUMENTED,
    tag = "staff",
    security(("token" = [])),
    params(("playerId" = NewPlayerId, Path, description = "The player whose conversation it is")),
    request_body(
        content = NoteRequest,
        example = json!({"content": "@ada the refund is approved"}),
    ),
    responses(
        (status = 202, description = "Accepted", body = NoteAccepted),
        BodyRejected,
        CallerRejected,
        TeamDeskOff,
        RateLimited,
        NotAccepted,
    )
)]
pub async fn write_note(
    _desk: OpenDesk,
    state: web::Data<AppState>,
    trace: RequestTrace,
    caller: Caller,
    player: PathPlayer,
    body: Body<NoteRequest>,
) -> Result<HttpResponse, Problem> {
    let NoteRequest { note_id, session_id, content, actor_id, actor_name } = body.0;
    let author = caller.authorize_actor(Actor::claimed(actor_id, actor_name))?;
    state.sender_limit.check_caller(&caller)?;
    let note_id = note_id.map_or_else(Uuid::now_v7, ClientId::uuid);
    let content = Content::from(content);
    let accepted_at = state.clock.next_timestamp();
    let span = trace.start("note", note_id);
    let note = Note {
        note_id,
        player_id: player.0,
        session_id: session_id.map(ClientId::uuid),
        author_id: author.id,
        author_name: author.name,
        mentions: mentions(content.as_str()),
        content,
        accepted_at,
        traceparent: span.traceparent(),
    };
    publish_event(Event::Note(Box::new(note)), &state.event_publisher, span).await?;
    Ok(HttpResponse::Accepted().json(NoteAccepted {
        success: true,
        note_id,
        accepted_at,
        status: "accepted",
    }))
}

/// The parameters of a page of notes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotesParameters {
    /// The most notes of a page. A page has at most 256 KiB, and then fewer notes
    #[serde(default)]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 200, default = 50)]
    limit: PageLimit,
    /// Notes before this cursor: the `nextCursor` of a newer page
    #[param(value_type = Option<String>, pattern = r"^[0-9]{1,17}:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")]
    before: Option<MessageCursor>,
}

/// A page of the notes about a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notes {
    /// The oldest first.
    notes: Vec<StoredNote>,
    /// The `before` of the next page, which is older; null on the last page.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// Reads the internal notes about a conversation
///
/// Without `before` it returns the newest page.
#[utoipa::path(
    get,
    path = paths::NOTES_DOCUMENTED,
    tag = "staff",
    security(("token" = [])),
    params(("playerId" = NewPlayerId, Path, description = "The player whose conversation it is"), NotesParameters),
    responses(
        (status = 200, description = "A page", body = Notes),
        ParameterRejected,
        CallerRejected,
        TeamDeskOff,
        RateLimited,
        HistoryUnavailable,
    )
)]
pub async fn read_notes(
    desk: OpenDesk,
    state: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    player: PathPlayer,
    parameters: Parameters<NotesParameters>,
) -> Result<HttpResponse, Problem> {
    caller.require_staff()?;
    let NotesParameters { limit, before } = parameters.0;
    let limit = limit.get();
    let memory = state.readers.admit(&caller, state.client(&request), limit).await?;
    let page = state
        .history
        .read(HistoryRead::Notes, async |connection| {
            reads::notes(connection, &player.0, before, limit).await
        })
        .await
        .map_err(|_| Problem::HistoryUnavailable)?;
    desk.0.check_readable(&caller, page.team.as_deref())?;
    state.audit.record(&caller, &player.0);
    Ok(memory.json(&Notes::from(page)))
}

impl From<NotesPage> for Notes {
    fn from(page: NotesPage) -> Self {
        let next = page.notes.first().filter(|_| page.has_more).map(|oldest| {
            let (accepted_at, message_id) = (oldest.accepted_at, oldest.note_id);
            MessageCursor { accepted_at, message_id }.to_string()
        });
        Self { notes: page.notes, next_cursor: next }
    }
}
