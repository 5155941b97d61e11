//! `PUT /api/unified-chat/conversations/{playerId}/attachments/{attachmentId}`

use actix_web::{HttpRequest, HttpResponse, web};
use chat::{FileName, FileType, PlayerId, SessionStatus};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    attachments::{Attachments, Charge, Stored, Upload, UploadError, Uploaders, inspect::Refused},
    auth::Caller,
    http::{FileBody, OpenAttachments, Parameters, PathAttachment, PathPlayer},
    input::{NewFileName, NewPlayerId},
    metrics::{HistoryRead, UploadOutcome},
    problem::Problem,
    reads,
    routes::{
        paths,
        responses::{CallerRejected, ParameterRejected, UploadRejected},
    },
    state::AppState,
};

/// The parameters of an upload.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadParameters {
    /// The file's name
    name: NewFileName,
}

/// A stored file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Uploaded {
    /// The file's id, in lower case.
    attachment_id: Uuid,
    /// Its name.
    #[schema(value_type = NewFileName)]
    name: FileName,
    /// The token with which a message of this conversation names the file.
    token: String,
    /// What the file is, by its content.
    content_type: FileType,
    /// Its size in bytes as it is stored, which may differ from that of the upload.
    size: u64,
    /// The picture's width in pixels; absent for other files.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    width: Option<u32>,
    /// The picture's height in pixels; absent for other files.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    height: Option<u32>,
    /// Whether there is a smaller picture of it.
    thumbnail: bool,
    /// When the token expires.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    expires_at: DateTime<Utc>,
}

/// Uploads a file
///
/// 201 means that the file is on disk; name it by its `token` in a message within 24 hours. After a 503,
/// or without a response, upload it again with the same `attachmentId`: the same bytes are answered with
/// 200 and a new token. Pictures are stored upright and without metadata. A file that no message names is
/// deleted after some days.
#[utoipa::path(
    put,
    path = paths::ATTACHMENT_DOCUMENTED,
    tag = "attachments",
    security(("token" = [])),
    params(
        ("playerId" = NewPlayerId, Path, description = "The player to whose conversation the file belongs"),
        ("attachmentId" = Uuid, Path, description = "The file's id, made by the client so that it can upload the file again"),
        UploadParameters,
    ),
    request_body(content = inline(Vec<u8>), content_type = "application/octet-stream", description = "The bytes of the file, of any media type"),
    responses(
        (status = 201, description = "Stored", body = Uploaded),
        (status = 200, description = "Stored before", body = Uploaded),
        ParameterRejected,
        CallerRejected,
        UploadRejected,
    )
)]
#[expect(clippy::too_many_arguments, reason = "each is an extractor")]
pub async fn upload(
    attachments: OpenAttachments,
    state: web::Data<AppState>,
    caller: Caller,
    request: HttpRequest,
    player: PathPlayer,
    id: PathAttachment,
    parameters: Parameters<UploadParameters>,
    mut body: FileBody,
) -> Result<HttpResponse, Problem> {
    let attachments = attachments.0;
    let upload = Upload {
        player: player.0,
        attachment_id: id.0.uuid(),
        name: parameters.0.name.into(),
        bytes: web::Bytes::new(),
    };
    let uploaded = accept(&state, &attachments, &caller, &request, upload, &mut body).await;
    state.metrics.attachment_uploads.of(outcome(&uploaded)).inc();
    match uploaded {
        Ok(stored) => Ok(response(stored)),
        Err(problem) => {
            if !matches!(problem, Problem::BodyTooLarge(_) | Problem::BodyTooSlow) {
                body.discard(attachments.max_bytes).await;
            }
            Err(problem)
        }
    }
}

/// Reads and stores the file of `upload`, which has no bytes yet.
async fn accept(
    state: &AppState,
    attachments: &Attachments,
    caller: &Caller,
    request: &HttpRequest,
    upload: Upload,
    body: &mut FileBody,
) -> Result<Stored, Problem> {
    caller.authorize_upload(&upload.player)?;
    let length = body.length(attachments.max_bytes)?;
    state.sender_limit.check_caller(caller)?;
    authorize_player(state, attachments.uploaders, caller, &upload.player).await?;
    let mut charge = charge(attachments, caller, &upload.player, length)?;
    let address = state.client_address(request);
    let memory = attachments.upload_memory.upload(address, length).await?;
    let bytes = body.read(attachments.max_bytes).await?;
    if let Some(charge) = charge.as_mut().filter(|_| length.is_none()) {
        charge.resize(bytes.len()).map_err(Problem::TooManyUploads)?;
    }
    let stored = attachments.store(Upload { bytes, ..upload }, memory).await;
    // What is not the client's fault costs it nothing.
    let is_free = match &stored {
        Ok(stored) => stored.is_repeat,
        Err(error) => {
            matches!(error, UploadError::Unavailable | UploadError::Busy | UploadError::Internal)
        }
    };
    if let Some(charge) = charge.filter(|_| !is_free) {
        charge.keep();
    }
    if let Ok(stored) = &stored
        && !stored.is_repeat
    {
        state.metrics.attachment_stored_bytes.inc_by(stored.attachment.size);
    }
    stored.map_err(|error| problem(error, attachments))
}

/// Checks that players may upload now. Staff may always.
async fn authorize_player(
    state: &AppState,
    uploaders: Uploaders,
    caller: &Caller,
    player: &PlayerId,
) -> Result<(), Problem> {
    match (caller, uploaders) {
        (Caller::Trusted | Caller::Staff { .. }, _) | (Caller::Player { .. }, Uploaders::Any) => {
            return Ok(());
        }
        (Caller::Player { .. }, Uploaders::Staff) => {
            return Err(Problem::Forbidden("only staff may upload files"));
        }
        (Caller::Player { .. }, Uploaders::Open) => {}
    }
    let status = state
        .history
        .read(HistoryRead::Attachment, async |connection| {
            reads::status_of_latest_session(connection, player).await
        })
        .await
        .map_err(|_| Problem::AttachmentsUnavailable)?;
    match status.as_deref().and_then(SessionStatus::from_name) {
        Some(SessionStatus::Pending | SessionStatus::Active) => Ok(()),
        Some(SessionStatus::Resolved) | None => Err(Problem::Forbidden(
            "a player may only upload while their session is open: send a message first",
        )),
    }
}

/// Charges the upload to a player's quota. Staff have none.
fn charge(
    attachments: &Attachments,
    caller: &Caller,
    player: &PlayerId,
    length: Option<usize>,
) -> Result<Option<Charge>, Problem> {
    match caller {
        Caller::Player { .. } => {
            let charged = attachments.quota.charge(player, length.unwrap_or_default());
            charged.map(Some).map_err(Problem::TooManyUploads)
        }
        Caller::Trusted | Caller::Staff { .. } => Ok(None),
    }
}

fn problem(error: UploadError, attachments: &Attachments) -> Problem {
    match error {
        UploadError::Refused(Refused::NotAllowed) => {
            let types = attachments.types.iter().map(|file_type| file_type.as_str());
            Problem::AttachmentType(types.collect::<Vec<_>>().join(", "))
        }
        UploadError::Refused(_) | UploadError::NotInspected => {
            Problem::AttachmentRejected(error.to_string())
        }
        UploadError::Infected(virus) => Problem::AttachmentInfected(virus),
        UploadError::Conflict => Problem::AttachmentConflict,
        UploadError::Busy => Problem::Busy,
        UploadError::Unavailable => Problem::AttachmentsUnavailable,
        UploadError::Internal => Problem::Internal,
    }
}

fn outcome(uploaded: &Result<Stored, Problem>) -> UploadOutcome {
    match uploaded {
        Ok(stored) if stored.is_repeat => UploadOutcome::Repeated,
        Ok(_) => UploadOutcome::Stored,
        Err(Problem::AttachmentConflict) => UploadOutcome::Conflict,
        Err(Problem::AttachmentInfected(_)) => UploadOutcome::Infected,
        Err(Problem::Forbidden(_)) => UploadOutcome::Forbidden,
        Err(Problem::TooManyUploads(_) | Problem::TooManyCalls(_)) => UploadOutcome::Quota,
        Err(Problem::AttachmentsUnavailable | Problem::Busy | Problem::Internal) => {
            UploadOutcome::Unavailable
        }
        Err(_) => UploadOutcome::Rejected,
    }
}

fn response(stored: Stored) -> HttpResponse {
    let Stored { attachment, token, is_repeat } = stored;
    let mut response = match is_repeat {
        true => HttpResponse::Ok(),
        false => HttpResponse::Created(),
    };
    response.json(Uploaded {
        attachment_id: attachment.attachment_id,
        name: attachment.name,
        token: token.token,
        content_type: attachment.content_type,
        size: attachment.size,
        width: attachment.width,
        height: attachment.height,
        thumbnail: attachment.thumbnail,
        expires_at: token.expires_at,
    })
}
