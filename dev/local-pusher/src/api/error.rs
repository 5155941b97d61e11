use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use pusher::limits::MAX_DATA_BYTES;

/// Why a call is rejected. As with Pusher, the text is the body of the answer.
///
/// Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/#general>.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 400: the call is invalid.
    #[error("{0}")]
    BadRequest(String),
    /// 401: the key, the signature or the timestamp is invalid.
    #[error("{0}")]
    Unauthorized(String),
    /// 404: there is no such application.
    #[error("Unknown app id '{0}'")]
    UnknownApp(String),
    /// 413: the data of an event are too large.
    #[error("The data content of this event exceeds the allowed maximum ({MAX_DATA_BYTES} bytes)")]
    DataTooLarge,
    /// 413: the body is larger than any valid one.
    #[error("The body is too large")]
    BodyTooLarge,
}

impl ApiError {
    /// A 400 with the text of `cause`.
    pub fn bad_request(cause: impl ToString) -> Self {
        Self::BadRequest(cause.to_string())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::UnknownApp(_) => StatusCode::NOT_FOUND,
            Self::DataTooLarge | Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).content_type("text/plain").body(self.to_string())
    }
}
