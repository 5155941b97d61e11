use std::{
    net::{IpAddr, Ipv6Addr},
    sync::atomic::{AtomicBool, Ordering},
};

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The proxies whose word is taken for whom they speak.
#[derive(Debug)]
pub struct Proxies {
    networks: Vec<IpNet>,
    warned: AtomicBool,
}

impl Proxies {
    /// Those in `networks`.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self { networks, warned: AtomicBool::new(false) }
    }

    /// The address of the client that `peer` calls for: its own, or, when it is one of the proxies, the
    /// last that it was told which is no proxy's. What stands before that anybody can have written.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            self.warn_once(client, headers);
            return client;
        }
        let values: Vec<_> = headers.get_all(FORWARDED_FOR).collect();
        // Bytes, since a client may have put in front of its proxy's word what is no text.
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

    /// Whether `peer` is one of the proxies and says that it was called by HTTPS. Of several values the
    /// last is its own: what stands before that anybody can have written.
    pub(super) fn say_https(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
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
                %peer,
                "X-Forwarded-For is not believed of an address that TRUSTED_PROXIES does not name; \
                 behind a proxy, all its clients count as one"
            );
        }
    }
}

/// What counts as one client: an IPv6 network of 64 bits is commonly one household's.
pub(crate) fn of_one_client(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
    }
}

/// An address, which some proxies write with its port.
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
    fn who_is_no_proxy_speaks_for_itself() {
        assert_eq!(client("1.1.1.1", &[]), "1.1.1.1");
        assert_eq!(client("1.1.1.1", &["2.2.2.2"]), "1.1.1.1");
        assert_eq!(client("::ffff:1.1.1.1", &["2.2.2.2"]), "1.1.1.1");
    }

    #[test]
    fn a_proxy_speaks_for_the_last_that_is_none() {
        assert_eq!(client("10.0.0.1", &["2.2.2.2"]), "2.2.2.2");
        assert_eq!(client("10.0.0.1", &["9.9.9.9, 2.2.2.2"]), "2.2.2.2");
        assert_eq!(client("10.0.0.1", &["9.9.9.9, 2.2.2.2, 10.0.0.2"]), "2.2.2.2");
        assert_eq!(client("10.0.0.1", &["9.9.9.9", "2.2.2.2", "10.0.0.2"]), "2.2.2.2");
        assert_eq!(client("::ffff:10.0.0.1", &["2.2.2.2:4711"]), "2.2.2.2");
        assert_eq!(client("fd00::1", &["[2001:db8::1]:443"]), "2001:db8::1");
    }

    #[test]
    fn what_cannot_be_read_is_not_believed() {
        assert_eq!(client("10.0.0.1", &["2.2.2.2, nonsense"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["nonsense, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &[""]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    /// A proxy appends to what its client wrote.
    #[test]
    fn bytes_that_are_no_text_do_not_hide_the_client_that_wrote_them() {
        assert_eq!(client_of_bytes("10.0.0.1", &[b"\xff\xfe, 2.2.2.2"]), "2.2.2.2");
        assert_eq!(client_of_bytes("10.0.0.1", &[b"\xe9", b"2.2.2.2 , 10.0.0.2"]), "2.2.2.2");
        assert_eq!(client_of_bytes("10.0.0.1", &[b"2.2.2.2, \xff"]), "10.0.0.1");
    }

    #[test]
    fn one_network_of_ipv6_is_one_client() {
        let one: IpAddr = "2001:db8:1:2:3:4:5:6".parse().unwrap();
        assert_eq!(of_one_client(one).to_string(), "2001:db8:1:2::");
        let v4: IpAddr = "1.2.3.4".parse().unwrap();
        assert_eq!(of_one_client(v4), v4);
    }
}
