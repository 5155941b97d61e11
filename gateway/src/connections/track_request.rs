use std::sync::Arc;

use actix_web::{
    Error,
    body::{BodySize, BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
};

use super::{
    PIECE,
    connection::Connection,
    pieces::{HeldUntilSent, Pieces},
};

/// Marks the connection as busy while a request is in progress. A large response is sent in pieces,
/// and the request is in progress until the last piece is sent.
pub async fn track_request<Body: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<Body>,
) -> Result<ServiceResponse<EitherBody<Body, Pieces>>, Error> {
    let connection = request.conn_data::<Arc<Connection>>().cloned();
    let guard = connection.map(|connection| RequestGuard::new(connection, &request));
    let mut response = next.call(request).await?;
    if fits_in_one_piece(response.response().body().size()) {
        return Ok(response.map_into_left_body());
    }
    let held = response.response_mut().extensions_mut().remove::<HeldUntilSent>();
    Ok(response.map_body(|_, body| {
        EitherBody::right(Pieces::new(BoxBody::new(body), PIECE, (guard, held)))
    }))
}

fn fits_in_one_piece(size: BodySize) -> bool {
    let piece = u64::try_from(PIECE).unwrap_or(u64::MAX);
    matches!(size, BodySize::None) || matches!(size, BodySize::Sized(size) if size <= piece)
}

/// A request in progress. Its drop ends it, also when the client disconnects.
#[derive(Debug)]
pub struct RequestGuard {
    connection: Arc<Connection>,
    has_body: bool,
}

impl RequestGuard {
    fn new(connection: Arc<Connection>, request: &ServiceRequest) -> Self {
        connection.request_began();
        let headers = request.headers();
        let has_body = headers.contains_key(header::CONTENT_LENGTH)
            || headers.contains_key(header::TRANSFER_ENCODING);
        Self { connection, has_body }
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let unread = self.has_body && !self.connection.was_body_read();
        self.connection.request_ended(unread);
    }
}
