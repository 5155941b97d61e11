use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::ConnectionType,
    middleware::Next,
    web,
};
use tokio_util::sync::CancellationToken;

/// Has every answer end its connection once the gateway was told to `stop`, so that clients leave
/// between two requests: one that sends when the gateway closes would not know what came of it.
pub async fn close_on_drain(
    stop: web::Data<CancellationToken>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut answer = next.call(request).await?;
    if stop.is_cancelled() {
        answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(answer)
}
