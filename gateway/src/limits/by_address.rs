use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use actix_web::{HttpRequest, dev::ServiceRequest, http::header::HeaderMap};

use super::{
    LimitSettings,
    client_address::{Proxies, counted_address},
    rate::Rate,
};
use crate::problem::Problem;

/// The rate limit of each client address.
#[derive(Debug)]
pub struct AddressLimit {
    rate: Option<Arc<Rate<IpAddr>>>,
    /// Probes are counted apart: other requests from the same address must not starve them.
    probes: Option<Arc<Rate<IpAddr>>>,
    proxies: Proxies,
}

impl AddressLimit {
    /// Applies the settings.
    pub fn new(settings: &LimitSettings) -> Self {
        Self {
            rate: Rate::new(settings.address_limit, settings.address_burst),
            probes: Rate::new(settings.address_limit, settings.address_burst),
            proxies: Proxies::new(settings.trusted_proxies.clone()),
        }
    }

    /// Whether the client reached a trusted proxy by HTTPS.
    pub fn client_uses_https(&self, request: &ServiceRequest) -> bool {
        let peer = request.peer_addr();
        peer.is_some_and(|peer| self.proxies.client_uses_https(peer.ip(), request.headers()))
    }

    /// The address of the client that sent `request`: that of its peer, or the one that a trusted
    /// proxy forwards for.
    pub fn client_address(&self, request: &HttpRequest) -> IpAddr {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        self.client(peer, request.headers())
    }

    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        counted_address(self.proxies.client(peer, headers))
    }

    /// Counts `request`.
    ///
    /// # Errors
    /// When the address exceeds its rate limit.
    pub fn check(&self, request: &ServiceRequest) -> Result<(), Problem> {
        let (Some(rate), Some(peer)) = (&self.rate, request.peer_addr()) else { return Ok(()) };
        let client = self.client(peer.ip(), request.headers());
        rate.count(&client).map_err(Problem::TooManyCalls)
    }

    /// Counts a probe. Probes from this machine, and from a trusted address that forwards for no
    /// client, as a cluster's do, are not counted: rejecting one would restart the gateway.
    ///
    /// # Errors
    /// When the address exceeds its rate limit.
    pub fn check_probe(&self, request: &ServiceRequest) -> Result<(), Problem> {
        let (Some(rate), Some(peer)) = (&self.probes, request.peer_addr()) else { return Ok(()) };
        let client = self.proxies.client(peer.ip(), request.headers());
        if client.is_loopback() || self.proxies.trusts(client) {
            return Ok(());
        }
        rate.count(&counted_address(client)).map_err(Problem::TooManyCalls)
    }
}
