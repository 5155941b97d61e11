use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use actix_web::{
    Error, HttpRequest, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::HeaderMap,
    middleware::Next,
    web,
};

use super::{
    LimitSettings,
    client_address::{Proxies, of_one_client},
    rate::Rate,
};
use crate::{http::Problem, routes};

/// What one client address may ask.
#[derive(Debug)]
pub struct AddressLimit {
    rate: Option<Arc<Rate<IpAddr>>>,
    /// What probes ask is counted by itself: calls from the same address must not starve them.
    health: Option<Arc<Rate<IpAddr>>>,
    proxies: Proxies,
}

impl AddressLimit {
    /// As the settings want it.
    pub fn new(settings: &LimitSettings) -> Self {
        Self {
            rate: Rate::new(settings.address_limit, settings.address_burst),
            health: Rate::new(settings.address_limit, settings.address_burst),
            proxies: Proxies::new(settings.trusted_proxies.clone()),
        }
    }

    /// Whether a trusted proxy says that the client came to it by HTTPS.
    pub fn client_uses_https(&self, request: &ServiceRequest) -> bool {
        let peer = request.peer_addr();
        peer.is_some_and(|peer| self.proxies.say_https(peer.ip(), request.headers()))
    }

    /// Who counts as the client of a call that came from `peer`.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        of_one_client(self.proxies.client(peer, headers))
    }

    fn count(&self, request: &ServiceRequest) -> Result<(), Problem> {
        let (Some(rate), Some(peer)) = (&self.rate, request.peer_addr()) else { return Ok(()) };
        let client = self.client(peer.ip(), request.headers());
        rate.count(&client).map_err(Problem::TooManyCalls)
    }

    /// Counts a call of a probe. Those that run on this machine, or that speak for themselves from an
    /// address of the proxies', as a cluster's do, are not counted: their restarts would harm everybody.
    fn count_health(&self, request: &ServiceRequest) -> Result<(), Problem> {
        let (Some(rate), Some(peer)) = (&self.health, request.peer_addr()) else { return Ok(()) };
        let client = self.proxies.client(peer.ip(), request.headers());
        if client.is_loopback() || self.proxies.trusts(client) {
            return Ok(());
        }
        rate.count(&of_one_client(client)).map_err(Problem::TooManyCalls)
    }
}

/// The address that counts as the client of `request`: that of its peer, or the one that a trusted proxy
/// names.
pub fn client_address(request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    match request.app_data::<web::Data<AddressLimit>>() {
        Some(limit) => limit.client(peer, request.headers()),
        None => of_one_client(peer),
    }
}

/// The same for what is none of the chat's calls: health, the description, the portal's pages, and what is
/// not there. The chat's calls count themselves, since pages of other origins may read their answers.
pub async fn limit_others_by_address<Body: MessageBody + 'static>(
    limit: web::Data<AddressLimit>,
    request: ServiceRequest,
    next: Next<Body>,
) -> Result<ServiceResponse<EitherBody<Body>>, Error> {
    let path = request.path();
    let counted = if is_below(path, routes::API) {
        Ok(())
    } else if is_below(path, routes::HEALTH) {
        limit.count_health(&request)
    } else {
        limit.count(&request)
    };
    match counted {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(problem) => Ok(request.into_response(problem.error_response()).map_into_right_body()),
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a client that has called too often, before anything else is looked at.
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
