use std::net::IpAddr;

/// Warns if one of the hosts of `setting`, which are reached without encryption, is another machine: the
/// network in between can read passwords and messages.
pub fn warn_of_cleartext<'a>(setting: &str, hosts: impl IntoIterator<Item = &'a str>) {
    if let Some(host) = hosts.into_iter().find(|host| !is_loopback(host)) {
        tracing::warn!(
            setting,
            server.address = host,
            "the connection to another machine is not encrypted"
        );
    }
}

/// Whether `host` is this machine.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6761#section-6.3>.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match address {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            host == "localhost" || host.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names_and_addresses_are_recognized() {
        for local in [
            "127.0.0.1",
            "127.1.2.3",
            "::1",
            "[::1]",
            "::ffff:127.0.0.1",
            "localhost",
            "A.Localhost.",
        ] {
            assert!(is_loopback(local), "{local}");
        }
        for other in ["10.0.0.1", "rabbitmq", "localhost.example", "::", "0.0.0.0", ""] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
