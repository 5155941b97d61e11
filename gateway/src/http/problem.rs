use std::time::Duration;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Refusal;

/// What can go wrong with a call, as its caller is told: what it can do something about, and never
/// a cause from inside. The cause goes to the log, once, where it happens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A field or parameter has a value that it cannot have.
    #[error("{field} {reason}")]
    InvalidField {
        /// Its name.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The body as a whole cannot be read.
    #[error("the body is not the JSON that was expected: {0}")]
    InvalidBody(String),
    /// The body is longer than any message can be.
    #[error("the body is larger than {} bytes", super::BODY_LIMIT)]
    BodyTooLarge,
    /// The body does not arrive.
    #[error("the body did not arrive in time")]
    BodyTooSlow,
    /// The body is of another kind than the call takes.
    #[error("the body must be sent as {0}")]
    UnsupportedMediaType(&'static str),
    /// The caller is not known to be anybody.
    #[error("{0}")]
    Unauthenticated(Refusal),
    /// The caller is known, and may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The caller may not subscribe to this channel, or nobody may.
    #[error("this channel is not one that the caller may subscribe to with a signature")]
    ForbiddenChannel,
    /// So much is asked that others would suffer; after this time it may be less.
    #[error("too many calls; wait before the next")]
    TooManyCalls(Duration),
    /// There is no such call.
    #[error("there is nothing at this address")]
    NotFound,
    /// The call exists, but by these methods.
    #[error("this address takes {0}")]
    MethodNotAllowed(&'static str),
    /// The event is not safely in both queues.
    #[error("not accepted; send it again with the same id")]
    NotAccepted,
    /// There is no memory left for such a call at the moment.
    #[error("too many large calls at once; wait before the next")]
    Busy,
    /// The database cannot be asked.
    #[error("conversations cannot be read at the moment; messages can be sent all the same")]
    HistoryUnavailable,
    /// A mistake of ours.
    #[error("something went wrong here")]
    Internal,
}

/// A problem as it is sent.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9457>.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// Which problem it is; stable.
    #[serde(rename = "type")]
    #[schema(examples("urn:problem-type:player-portal-chat:invalid-field"))]
    kind: String,
    /// The same for a person.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What is wrong this time.
    detail: String,
    /// The field or parameter that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<String>,
}

const CHALLENGE: &str = r#"Bearer realm="player-portal-chat""#;

/// How long a client does best to wait before it tries again, where nobody knows better.
const USUAL_WAIT: Duration = Duration::from_secs(1);

impl Problem {
    /// A problem with one field.
    pub fn invalid_field(field: &str, reason: impl ToString) -> Self {
        Self::InvalidField { field: field.to_owned(), reason: reason.to_string() }
    }

    fn describe(&self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::InvalidField { .. } => {
                ("invalid-field", "A field is not valid", StatusCode::BAD_REQUEST)
            }
            Self::InvalidBody(_) => {
                ("invalid-body", "The body is not valid", StatusCode::BAD_REQUEST)
            }
            Self::BodyTooLarge => {
                ("body-too-large", "The body is too large", StatusCode::PAYLOAD_TOO_LARGE)
            }
            Self::BodyTooSlow => {
                ("body-too-slow", "The body is too slow", StatusCode::REQUEST_TIMEOUT)
            }
            Self::UnsupportedMediaType(_) => (
                "unsupported-media-type",
                "The body is of another kind",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ),
            Self::Unauthenticated(_) => {
                ("unauthenticated", "Who calls is not known", StatusCode::UNAUTHORIZED)
            }
            Self::Forbidden(_) => {
                ("forbidden", "The caller may not do this", StatusCode::FORBIDDEN)
            }
            Self::ForbiddenChannel => {
                ("forbidden-channel", "The channel is not allowed", StatusCode::FORBIDDEN)
            }
            Self::TooManyCalls(_) => {
                ("too-many-calls", "Too many calls", StatusCode::TOO_MANY_REQUESTS)
            }
            Self::NotFound => ("not-found", "Nothing is there", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed(_) => {
                ("method-not-allowed", "The method is another", StatusCode::METHOD_NOT_ALLOWED)
            }
            Self::Busy => ("busy", "Service unavailable", StatusCode::SERVICE_UNAVAILABLE),
            Self::NotAccepted => ("not-accepted", "Not accepted", StatusCode::SERVICE_UNAVAILABLE),
            Self::HistoryUnavailable => (
                "history-unavailable",
                "Conversations cannot be read",
                StatusCode::SERVICE_UNAVAILABLE,
            ),
            Self::Internal => ("internal", "A mistake of ours", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// What a caller could bring in order to be let in.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6750#section-3>.
    fn challenge(&self) -> Option<String> {
        let error = match self {
            Self::Unauthenticated(Refusal::NoToken) => return Some(CHALLENGE.to_owned()),
            Self::Unauthenticated(Refusal::BadToken(_)) => "invalid_token",
            Self::Forbidden(_) | Self::ForbiddenChannel => "insufficient_scope",
            _ => return None,
        };
        Some(format!(r#"{CHALLENGE}, error="{error}", error_description="{self}""#))
    }
}

/// Answers whatever no call is for.
///
/// # Errors
/// Always.
pub async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::NotFound)
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.describe().2
    }

    fn error_response(&self) -> HttpResponse {
        let (name, title, status) = self.describe();
        tracing::debug!(problem = name, status = status.as_u16(), "a call is refused");
        let field = match self {
            Self::InvalidField { field, .. } => Some(field.clone()),
            _ => None,
        };
        let mut response = HttpResponse::build(status);
        response.content_type("application/problem+json");
        let wait = match self {
            Self::TooManyCalls(wait) => Some(*wait),
            _ => (status == StatusCode::SERVICE_UNAVAILABLE).then_some(USUAL_WAIT),
        };
        if let Some(wait) = wait {
            let seconds = wait.as_secs_f64().ceil().max(1.0);
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Self::MethodNotAllowed(methods) = self {
            response.insert_header((header::ALLOW, *methods));
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
        })
    }
}
