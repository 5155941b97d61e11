//! Error responses.

use std::time::Duration;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use chat::event::Event;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Why a request failed, as the client reads it: what it can change, and never an internal cause.
/// The cause goes to the log, once, where it happens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A field or parameter has a value that it cannot have.
    #[error("{field} {reason}")]
    InvalidField {
        /// Its name.
        field: String,
        /// What the value must be.
        reason: String,
    },
    /// The body cannot be parsed.
    #[error("the body {0}")]
    InvalidBody(String),
    /// The body is longer than the limit, in bytes.
    #[error("the body must have {0} bytes or fewer")]
    BodyTooLarge(usize),
    /// The body did not arrive in time.
    #[error("the body did not arrive in time; send it again")]
    BodyTooSlow,
    /// The body has another media type than the call takes.
    #[error("the body must be sent with Content-Type: {0}")]
    UnsupportedMediaType(&'static str),
    /// The body is compressed.
    #[error("the body must be sent without a Content-Encoding: no content coding is supported")]
    UnsupportedContentEncoding,
    /// The request has no token.
    #[error("a token is needed, as Authorization: Bearer <token>")]
    NoToken,
    /// The token is invalid, for this reason.
    #[error("{0}")]
    InvalidToken(String),
    /// The caller is authenticated, and may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The caller may not subscribe to the channel.
    #[error("the caller may not subscribe to this channel")]
    ForbiddenChannel,
    /// The caller exceeded a rate limit; it may call again after this time.
    #[error("too many calls: call again after the time in Retry-After")]
    TooManyCalls(Duration),
    /// The path does not exist.
    #[error("this path does not exist")]
    NotFound,
    /// The gateway keeps no read marks.
    #[error("this gateway keeps no read marks: READ_MARKS is off")]
    ReadMarksOff,
    /// The gateway serves no team's desk.
    #[error("this gateway serves no team's desk: TEAM_DESK is off")]
    TeamDeskOff,
    /// The gateway keeps no files.
    #[error("attachments are off: ATTACHMENT_STORE is not set")]
    AttachmentsOff,
    /// No message has the file.
    #[error("no message of this conversation has this file, or it is erased")]
    AttachmentNotFound,
    /// Another file has the id.
    #[error("another file has this attachmentId: upload the file with a new one")]
    AttachmentConflict,
    /// The file has a type that is not allowed. These types are.
    #[error("the file must be of an allowed type, by its content and not by its name: {0}")]
    AttachmentType(String),
    /// The file is invalid.
    #[error("{0}")]
    AttachmentRejected(String),
    /// The scanner found a virus of this name in the file.
    #[error("the file is infected: {0}")]
    AttachmentInfected(String),
    /// The player's quota of uploads is used up until this time has passed.
    #[error("too many files in an hour: upload again after the time in Retry-After")]
    TooManyUploads(Duration),
    /// The store or the scanner of files does not answer.
    #[error(
        "files cannot be stored or read at the moment: call again after the time in Retry-After; messages can \
         still be sent"
    )]
    AttachmentsUnavailable,
    /// A field has a value that the caller may not use.
    #[error("{field} {reason}")]
    ForbiddenField {
        /// Its name.
        field: String,
        /// Why.
        reason: String,
    },
    /// The URL of a file is expired, or not signed.
    #[error("the URL of the file has expired or is not signed: request a new one")]
    InvalidUrl,
    /// The file, of this size in bytes, has none of the requested bytes.
    #[error("the file has {0} bytes, and none in this range")]
    InvalidRange(u64),
    /// The path exists, with these methods.
    #[error("this path allows {0}")]
    MethodNotAllowed(&'static str),
    /// The event is not confirmed by both queues.
    #[error("{0}")]
    NotAccepted(NotAccepted),
    /// The memory for large requests and pages is in use.
    #[error("too many large requests are in progress: call again after the time in Retry-After")]
    Busy,
    /// The database does not answer.
    #[error(
        "conversations cannot be read at the moment: call again after the time in Retry-After; messages can still be sent"
    )]
    HistoryUnavailable,
    /// The gateway failed.
    #[error("internal error; the gateway logs the cause")]
    Internal,
}

/// What was not accepted. The client sends it again with this id, so that it stays the same message
/// or change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAccepted {
    /// A message.
    #[error("not accepted; send the message again with messageId {0}")]
    Message(Uuid),
    /// A change of a session's status.
    #[error("not accepted; send the change again with changeId {0}")]
    Change(Uuid),
    /// A mark that names this message.
    #[error("not accepted; mark message {0} again")]
    Mark(Uuid),
    /// An internal note.
    #[error("not accepted; send the note again with noteId {0}")]
    Note(Uuid),
    /// The availability of a member of the staff.
    #[error("not accepted; send the availability again")]
    Availability,
}

impl From<NotAccepted> for Problem {
    fn from(what: NotAccepted) -> Self {
        Self::NotAccepted(what)
    }
}

impl TryFrom<&Event> for NotAccepted {
    type Error = Problem;

    /// Fails for an event that no client asks for.
    fn try_from(event: &Event) -> Result<Self, Problem> {
        Ok(match event {
            Event::Message(message) => Self::Message(message.message_id),
            Event::StatusChange(change) => Self::Change(change.change_id),
            Event::SessionChange(change) => Self::Change(change.change_id),
            Event::CannedReplyChange(change) => Self::Change(change.change_id),
            Event::Note(note) => Self::Note(note.note_id),
            Event::StaffAvailability(_) => Self::Availability,
            Event::SessionUpdated(_)
            | Event::MessageRejected(_)
            | Event::ConversationRead(_)
            | Event::ReadMark(_)
            | Event::ReadUpdated(_)
            | Event::CannedRepliesUpdated(_) => return Err(Problem::Internal),
        })
    }
}

/// An error response.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9457>.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemBody {
    /// The kind of error; stable.
    #[serde(rename = "type")]
    #[schema(examples("urn:problem-type:player-portal-chat:invalid-field"))]
    kind: String,
    /// The kind of error, for people.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What the client must change.
    detail: String,
    /// The invalid field or parameter, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<String>,
    /// With `not-accepted`: the `messageId` with which to send the message again, whether the
    /// client or the gateway made it; or the message to mark again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message_id: Option<Uuid>,
    /// With `not-accepted`: the `changeId` with which to send the change again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    change_id: Option<Uuid>,
    /// With `not-accepted`: the `noteId` with which to send the note again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    note_id: Option<Uuid>,
}

const CHALLENGE: &str = r#"Bearer realm="player-portal-chat""#;

/// `Retry-After` where no rate limit determines it.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

impl Problem {
    /// An invalid field.
    pub fn invalid_field(field: &str, reason: impl ToString) -> Self {
        Self::InvalidField { field: field.to_owned(), reason: reason.to_string() }
    }

    /// The last part of `type`, the title, and the status.
    fn describe(&self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::InvalidField { .. } => {
                ("invalid-field", "Invalid field", StatusCode::BAD_REQUEST)
            }
            Self::InvalidBody(_) => ("invalid-body", "Invalid body", StatusCode::BAD_REQUEST),
            Self::BodyTooLarge(_) => {
                ("body-too-large", "Content too large", StatusCode::PAYLOAD_TOO_LARGE)
            }
            Self::BodyTooSlow => ("body-too-slow", "Request timeout", StatusCode::REQUEST_TIMEOUT),
            Self::UnsupportedMediaType(_) | Self::UnsupportedContentEncoding => (
                "unsupported-media-type",
                "Unsupported media type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ),
            Self::NoToken | Self::InvalidToken(_) => {
                ("unauthenticated", "Unauthenticated", StatusCode::UNAUTHORIZED)
            }
            Self::Forbidden(_) => ("forbidden", "Forbidden", StatusCode::FORBIDDEN),
            Self::ForbiddenChannel => ("forbidden-channel", "Forbidden", StatusCode::FORBIDDEN),
            Self::TooManyCalls(_) => {
                ("too-many-calls", "Too many requests", StatusCode::TOO_MANY_REQUESTS)
            }
            Self::NotFound => ("not-found", "Not found", StatusCode::NOT_FOUND),
            Self::ReadMarksOff => ("read-marks-off", "Not found", StatusCode::NOT_FOUND),
            Self::TeamDeskOff => ("team-desk-off", "Not found", StatusCode::NOT_FOUND),
            Self::AttachmentsOff => ("attachments-off", "Not found", StatusCode::NOT_FOUND),
            Self::AttachmentNotFound => {
                ("attachment-not-found", "Not found", StatusCode::NOT_FOUND)
            }
            Self::AttachmentConflict => ("attachment-conflict", "Conflict", StatusCode::CONFLICT),
            Self::AttachmentType(_) => {
                ("attachment-type", "Unsupported media type", StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
            Self::AttachmentInfected(_) => {
                ("attachment-infected", "Unprocessable content", StatusCode::UNPROCESSABLE_ENTITY)
            }
            Self::AttachmentRejected(_) => {
                ("attachment-rejected", "Unprocessable content", StatusCode::UNPROCESSABLE_ENTITY)
            }
            Self::TooManyUploads(_) => {
                ("too-many-uploads", "Too many requests", StatusCode::TOO_MANY_REQUESTS)
            }
            Self::AttachmentsUnavailable => {
                ("attachments-unavailable", "Service unavailable", StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::ForbiddenField { .. } => ("forbidden-field", "Forbidden", StatusCode::FORBIDDEN),
            Self::InvalidUrl => ("invalid-url", "Forbidden", StatusCode::FORBIDDEN),
            Self::InvalidRange(_) => {
                ("invalid-range", "Range not satisfiable", StatusCode::RANGE_NOT_SATISFIABLE)
            }
            Self::MethodNotAllowed(_) => {
                ("method-not-allowed", "Method not allowed", StatusCode::METHOD_NOT_ALLOWED)
            }
            Self::NotAccepted(_) => {
                ("not-accepted", "Service unavailable", StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::HistoryUnavailable => {
                ("history-unavailable", "Service unavailable", StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::Internal => {
                ("internal", "Internal server error", StatusCode::INTERNAL_SERVER_ERROR)
            }
            Self::Busy => ("busy", "Service unavailable", StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    /// The value of `WWW-Authenticate`.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6750#section-3>.
    fn challenge(&self) -> Option<String> {
        let error = match self {
            Self::NoToken => return Some(CHALLENGE.to_owned()),
            Self::InvalidToken(_) => "invalid_token",
            Self::Forbidden(_) | Self::ForbiddenChannel => "insufficient_scope",
            _ => return None,
        };
        Some(format!(r#"{CHALLENGE}, error="{error}", error_description="{self}""#))
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.describe().2
    }

    fn error_response(&self) -> HttpResponse {
        let (name, title, status) = self.describe();
        tracing::debug!(
            error.type = name,
            http.response.status_code = status.as_u16(),
            "a request is rejected"
        );
        let field = match self {
            Self::InvalidField { field, .. } | Self::ForbiddenField { field, .. } => {
                Some(field.clone())
            }
            _ => None,
        };
        let (mut message_id, mut change_id, mut note_id) = (None, None, None);
        if let Self::NotAccepted(what) = self {
            match what {
                NotAccepted::Message(id) | NotAccepted::Mark(id) => message_id = Some(*id),
                NotAccepted::Change(id) => change_id = Some(*id),
                NotAccepted::Note(id) => note_id = Some(*id),
                NotAccepted::Availability => {}
            }
        }
        let mut response = HttpResponse::build(status);
        response.content_type("application/problem+json");
        let wait = match self {
            Self::TooManyCalls(wait) | Self::TooManyUploads(wait) => Some(*wait),
            _ => (status == StatusCode::SERVICE_UNAVAILABLE).then_some(DEFAULT_RETRY_AFTER),
        };
        if let Some(wait) = wait {
            let seconds = wait.as_secs_f64().ceil().max(1.0);
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        match self {
            Self::MethodNotAllowed(methods) => {
                response.insert_header((header::ALLOW, *methods));
            }
            // RFC 9110, section 15.5.17.
            Self::InvalidRange(size) => {
                response.insert_header((header::CONTENT_RANGE, format!("bytes */{size}")));
            }
            // RFC 9110, section 15.5.16.
            Self::UnsupportedMediaType(media_type) => {
                response.insert_header((header::ACCEPT, *media_type));
            }
            Self::UnsupportedContentEncoding => {
                response.insert_header((header::ACCEPT_ENCODING, "identity"));
            }
            _ => {}
        }
        if let Some(challenge) = self.challenge() {
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        response.json(ProblemBody {
            kind: format!("urn:problem-type:player-portal-chat:{name}"),
            title,
            status: status.as_u16(),
            detail: self.to_string(),
            field,
            message_id,
            change_id,
            note_id,
        })
    }
}
