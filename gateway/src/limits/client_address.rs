use std::{
    net::{IpAddr, Ipv6Addr},
    sync::atomic::{AtomicBool, Ordering},
};

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The trusted proxies.
#[derive(Debug)]
pub struct Proxies {
    networks: Vec<IpNet>,
    warned: AtomicBool,
}

impl Proxies {
    /// The proxies in `networks`.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self { networks, warned: AtomicBool::new(false) }
    }

    /// The address of the client of a request from `peer`: `peer` itself, or, when it is a trusted
    /// proxy, the last address in `X-Forwarded-For` that is not one. A client can forge everything
    /// before it.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            self.warn_once(client, headers);
            return client;
        }
        let values: Vec<_> = headers.get_all(FORWARDED_FOR).collect();
        // Bytes, since a client may have written bytes that are not text.
        let hops =
            values.iter().rev().flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
        for hop in hops {
            let Some(address) = std::str::from_utf8(hop).ok().and_then(parse) else {
                return client;
            };
            client = address;
            if !self.trusts(client) {
                return client;
            }
        }
        client
    }

    /// Whether `peer` is a trusted proxy that was called by HTTPS. Of several values of
    /// `X-Forwarded-Proto` the last is the proxy's own; a client can forge those before it.
    pub(super) fn client_uses_https(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let value = headers.get_all(FORWARDED_PROTO).last();
        let last = value.and_then(|value| value.as_bytes().rsplit(|byte| *byte == b',').next());
        last.is_some_and(|scheme| scheme.trim_ascii().eq_ignore_ascii_case(b"https"))
            && self.trusts(peer.to_canonical())
    }

    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    fn warn_once(&self, peer: IpAddr, headers: &HeaderMap) {
        if headers.contains_key(FORWARDED_FOR) && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                network.peer.address = %peer,
                "X-Forwarded-For is ignored: TRUSTED_PROXIES does not name the peer; if it is a proxy, all \
                 its clients count as one"
            );
        }
    }
}

/// The address that is counted: of IPv6 the network of 64 bits, which is commonly one household.
pub(crate) fn counted_address(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
    }
}

/// Parses an address, to which some proxies append a port.
fn parse(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let without_port = || hop.parse::<std::net::SocketAddr>().map(|socket| socket.ip());
    hop.parse::<IpAddr>().or_else(|_| without_port()).ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        client_of_bytes(peer, &forwarded.iter().map(|value| value.as_bytes()).collect::<Vec<_>>())
    }

    fn client_of_bytes(peer: &str, forwarded: &[&[u8]]) -> String {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(
                HeaderName::from_static(FORWARDED_FOR),
                HeaderValue::from_bytes(value).unwrap(),
            );
        }
        Proxies::new(networks.to_vec()).client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn forwarded_address_of_an_untrusted_peer_is_ignored() {
        assert_eq!(client("1.1.1.1", &[]), "1.1.1.1");
        assert_eq!(client("1.1.1.1", &["2.2.2.2"]), "1.1.1.1");
        assert_eq!(client("::ffff:1.1.1.1", &["2.2.2.2"]), "1.1.1.1");
    }

    #[test]
    fn client_of_a_proxy_is_the_last_address_that_is_no_proxy() {
        assert_eq!(client("10.0.0.1", &["2.2.2.2"]), "2.2.2.2");
        assert_eq!(client("10.0.0.1", &["9.9.9.9, 2.2.2.2"]), "2.2.2.2");
        assert_eq!(client("10.0.0.1", &["9.9.9.9, 2.2.2.2, 10.0.0.2"]), "2.2.2.2");
        assert_eq!(client("10.0.0.1", &["9.9.9.9", "2.2.2.2", "10.0.0.2"]), "2.2.2.2");
        assert_eq!(client("::ffff:10.0.0.1", &["2.2.2.2:4711"]), "2.2.2.2");
        assert_eq!(client("fd00::1", &["[2001:db8::1]:443"]), "2001:db8::1");
    }

    #[test]
    fn addresses_before_an_invalid_one_are_ignored() {
        assert_eq!(client("10.0.0.1", &["2.2.2.2, nonsense"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["nonsense, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &[""]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    /// A proxy appends to what its client wrote.
    #[test]
    fn bytes_that_are_not_text_do_not_hide_the_client() {
        assert_eq!(client_of_bytes("10.0.0.1", &[b"\xff\xfe, 2.2.2.2"]), "2.2.2.2");
        assert_eq!(client_of_bytes("10.0.0.1", &[b"\xe9", b"2.2.2.2 , 10.0.0.2"]), "2.2.2.2");
        assert_eq!(client_of_bytes("10.0.0.1", &[b"2.2.2.2, \xff"]), "10.0.0.1");
    }

    #[test]
    fn ipv6_network_of_64_bits_counts_as_one_client() {
        let one: IpAddr = "2001:db8:1:2:3:4:5:6".parse().unwrap();
        assert_eq!(counted_address(one).to_string(), "2001:db8:1:2::");
        let v4: IpAddr = "1.2.3.4".parse().unwrap();
        assert_eq!(counted_address(v4), v4);
    }
}
