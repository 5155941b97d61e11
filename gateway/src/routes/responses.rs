//! The error responses of the routes, as the API documentation lists them.

use utoipa::IntoResponses;

use crate::problem::ProblemBody;

/// Of every route of the chat.
#[derive(IntoResponses)]
#[response(
    status = 429,
    description = "Too many calls",
    content_type = "application/problem+json",
    headers(("Retry-After" = u32, description = "Seconds to wait"))
)]
pub struct RateLimited(pub ProblemBody);

/// Of routes that need a caller.
#[derive(IntoResponses)]
pub enum CallerRejected {
    /// The token is missing or invalid
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(ProblemBody),
    /// The caller may not do this
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemBody),
}

/// Of routes with query parameters.
#[derive(IntoResponses)]
#[response(
    status = 400,
    description = "A parameter is invalid",
    content_type = "application/problem+json"
)]
pub struct ParameterRejected(pub ProblemBody);

/// Of routes with a body.
#[derive(IntoResponses)]
pub enum BodyRejected {
    /// A field is invalid
    #[response(status = 400, content_type = "application/problem+json")]
    Invalid(ProblemBody),
    /// The body did not arrive in time
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(ProblemBody),
    /// The body is too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody),
    /// The body has another media type, or is compressed
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(ProblemBody),
}

/// Of routes that publish an event.
#[derive(IntoResponses)]
#[response(
    status = 503,
    description = "Not accepted; send it again with the same id",
    content_type = "application/problem+json",
    headers(("Retry-After" = u32, description = "Seconds to wait"))
)]
pub struct NotAccepted(pub ProblemBody);

/// Of the route that marks messages.
#[derive(IntoResponses)]
#[response(
    status = 404,
    description = "The gateway keeps no read marks",
    content_type = "application/problem+json"
)]
pub struct ReadMarksOff(pub ProblemBody);

/// Of the routes of a team's desk.
#[derive(IntoResponses)]
#[response(
    status = 404,
    description = "The gateway serves no team's desk",
    content_type = "application/problem+json"
)]
pub struct TeamDeskOff(pub ProblemBody);

/// Of routes that read from the database.
#[derive(IntoResponses)]
#[response(
    status = 503,
    description = "The database does not answer, or too many reads are in progress",
    content_type = "application/problem+json",
    headers(("Retry-After" = u32, description = "Seconds to wait"))
)]
pub struct HistoryUnavailable(pub ProblemBody);

/// Of uploads.
#[derive(IntoResponses)]
pub enum UploadRejected {
    /// Attachments are off
    #[response(status = 404, content_type = "application/problem+json")]
    Off(ProblemBody),
    /// The body did not arrive in time
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(ProblemBody),
    /// Another file has this id
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemBody),
    /// The file is too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody),
    /// The file has a type that is not allowed, or the body is compressed
    #[response(status = 415, content_type = "application/problem+json")]
    TypeNotAllowed(ProblemBody),
    /// The picture is invalid or has too many pixels, or the file is infected
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(ProblemBody),
    /// Too many uploads
    #[response(
        status = 429,
        content_type = "application/problem+json",
        headers(("Retry-After" = u32, description = "Seconds to wait"))
    )]
    Quota(ProblemBody),
    /// The store, the scanner or the database does not answer, or too many uploads are in progress
    #[response(
        status = 503,
        content_type = "application/problem+json",
        headers(("Retry-After" = u32, description = "Seconds to wait"))
    )]
    Unavailable(ProblemBody),
}

/// Of the route with a file's URLs.
#[derive(IntoResponses)]
#[response(
    status = 404,
    description = "Attachments are off, or no persisted message has this file",
    content_type = "application/problem+json"
)]
pub struct AttachmentNotFound(pub ProblemBody);

/// Of the route that delivers files.
#[derive(IntoResponses)]
pub enum UrlRejected {
    /// The URL has expired or is not signed
    #[response(status = 403, content_type = "application/problem+json")]
    Invalid(ProblemBody),
    /// Attachments are off, or the file is erased
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemBody),
    /// The file has none of the requested bytes
    #[response(status = 416, content_type = "application/problem+json")]
    NoSuchRange(ProblemBody),
}

/// Of the route that delivers files.
#[derive(IntoResponses)]
#[response(
    status = 503,
    description = "The store does not answer, or too many downloads are in progress",
    content_type = "application/problem+json",
    headers(("Retry-After" = u32, description = "Seconds to wait"))
)]
pub struct FileUnavailable(pub ProblemBody);
