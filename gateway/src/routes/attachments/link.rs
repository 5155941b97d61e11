//! `GET /api/unified-chat/conversations/{playerId}/attachments/{attachmentId}`

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    attachments::{AttachmentKey, PlayerKey, SignedUrl, Variant},
    auth::Caller,
    http::{OpenAttachments, PathAttachment, PathPlayer},
    input::NewPlayerId,
    metrics::HistoryRead,
    problem::Problem,
    reads,
    routes::{
        paths,
        responses::{
            AttachmentNotFound, CallerRejected, HistoryUnavailable, ParameterRejected, RateLimited,
        },
    },
    state::AppState,
};

/// The URLs of a file, for a page to load it without a token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentLink {
    /// The path and the query at this gateway under which the file is.
    url: String,
    /// Those of the smaller picture; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    thumbnail_url: Option<String>,
    /// When the URLs expire: in 15 to 30 minutes. They stay the same for 15 minutes, so that browsers keep
    /// what they loaded.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    expires_at: DateTime<Utc>,
}

/// Returns the URLs of a file
///
/// Of a file that a persisted message names. Callers who may read the conversation may read its files.
#[utoipa::path(
    get,
    path = paths::ATTACHMENT_DOCUMENTED,
    tag = "attachments",
    security(("token" = [])),
    params(
        ("playerId" = NewPlayerId, Path, description = "The player whose conversation it is"),
        ("attachmentId" = Uuid, Path, description = "The file's id"),
    ),
    responses(
        (status = 200, description = "The URLs", body = AttachmentLink),
        ParameterRejected,
        CallerRejected,
        AttachmentNotFound,
        RateLimited,
        HistoryUnavailable,
    )
)]
pub async fn link(
    attachments: OpenAttachments,
    state: web::Data<AppState>,
    caller: Caller,
    player: PathPlayer,
    id: PathAttachment,
) -> Result<HttpResponse, Problem> {
    let (attachments, player, id) = (attachments.0, player.0, id.0.uuid());
    caller.authorize_read(&player)?;
    state.readers.check(&caller)?;
    // Only a desk whose teams are strict asks for the team.
    let desk = state.team_desk.as_deref().filter(|desk| desk.readable_teams(&caller).is_some());
    let (file, team) = state
        .history
        .read(HistoryRead::Attachment, async |connection| {
            let connection: &_ = connection;
            let team = async {
                match desk {
                    Some(_) => reads::team_of_latest_session(connection, &player).await,
                    None => Ok(None),
                }
            };
            tokio::try_join!(reads::attachment(connection, &player, id), team)
        })
        .await
        .map_err(|_| Problem::HistoryUnavailable)?;
    if let Some(desk) = desk {
        desk.check_readable(&caller, team.as_deref())?;
    }
    let file = file.ok_or(Problem::AttachmentNotFound)?;
    state.audit.record(&caller, &player);
    let key = AttachmentKey { player: PlayerKey::new(&player), id };
    let now = Utc::now();
    let sign = |variant| {
        attachments.urls.sign(key, variant, &file, now).map_err(|error| {
            tracing::error!(exception.message = %error, "the URL of a file cannot be written");
            Problem::Internal
        })
    };
    let SignedUrl { url, expires_at } = sign(Variant::Original)?;
    let thumbnail = file.thumbnail.then(|| sign(Variant::Thumbnail)).transpose()?;
    let thumbnail_url = thumbnail.map(|thumbnail| thumbnail.url);
    Ok(HttpResponse::Ok().json(AttachmentLink { url, thumbnail_url, expires_at }))
}
