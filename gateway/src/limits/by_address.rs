use std::{net::IpAddr, sync::Arc};

use actix_web::{
    Error, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web,
};

use super::{
    LimitSettings,
    client_address::{Proxies, of_one_client},
    rate::Rate,
};
use crate::http::Problem;

/// What one client address may ask.
#[derive(Debug)]
pub struct AddressLimit {
    rate: Option<Arc<Rate<IpAddr>>>,
    proxies: Proxies,
}

impl AddressLimit {
    /// As the settings want it.
    pub fn new(settings: &LimitSettings) -> Self {
        Self {
            rate: Rate::new(settings.address_limit, settings.address_burst),
            proxies: Proxies::new(settings.trusted_proxies.clone()),
        }
    }

    /// Whether a trusted proxy says that the client came to it by HTTPS.
    pub fn client_uses_https(&self, request: &ServiceRequest) -> bool {
        let peer = request.peer_addr();
        peer.is_some_and(|peer| self.proxies.say_https(peer.ip(), request.headers()))
    }

    fn count(&self, request: &ServiceRequest) -> Result<(), Problem> {
        let (Some(rate), Some(peer)) = (&self.rate, request.peer_addr()) else { return Ok(()) };
        let client = self.proxies.client(peer.ip(), request.headers());
        rate.count(&of_one_client(client)).map_err(Problem::TooManyCalls)
    }
}

/// Answers who has called too often, before anything else is looked at.
pub async fn limit_by_address<Body: MessageBody + 'static>(
    limit: web::Data<AddressLimit>,
    request: ServiceRequest,
    next: Next<Body>,
) -> Result<ServiceResponse<EitherBody<Body>>, Error> {
    match limit.count(&request) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(problem) => Ok(request.into_response(problem.error_response()).map_into_right_body()),
    }
}
