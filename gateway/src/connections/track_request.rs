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

/// Tells the connection of each request when it begins and when it has been answered. A large answer goes
/// out in pieces, and is being answered until its last piece has gone.
pub async fn track_request<Body: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<Body>,
) -> Result<ServiceResponse<EitherBody<Body, Pieces>>, Error> {
    let connection = request.conn_data::<Arc<Connection>>().cloned();
    let answering = connection.map(|connection| RequestGuard::begin(connection, &request));
    let mut answer = next.call(request).await?;
    if is_small(answer.response().body().size()) {
        return Ok(answer.map_into_left_body());
    }
    let held = answer.response_mut().extensions_mut().remove::<HeldUntilSent>();
    Ok(answer.map_body(|_, body| {
        EitherBody::right(Pieces::new(BoxBody::new(body), PIECE, (answering, held)))
    }))
}

fn is_small(size: BodySize) -> bool {
    let piece = u64::try_from(PIECE).unwrap_or(u64::MAX);
    matches!(size, BodySize::None) || matches!(size, BodySize::Sized(size) if size <= piece)
}

/// A request that is being answered, also if its client leaves meanwhile.
#[derive(Debug)]
pub struct RequestGuard {
    connection: Arc<Connection>,
    has_body: bool,
}

impl RequestGuard {
    fn begin(connection: Arc<Connection>, request: &ServiceRequest) -> Self {
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
