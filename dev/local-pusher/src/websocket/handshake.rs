use pusher::App;
use serde::Deserialize;

use crate::{protocol::ProtocolError, settings::Settings};

/// The supported versions of the protocol.
const VERSIONS: std::ops::RangeInclusive<u32> = 5..=7;

/// The query with which a client connects.
#[derive(Deserialize)]
pub(super) struct Handshake {
    protocol: Option<String>,
}

impl Handshake {
    /// Checks the key of the application and the version of the protocol. Returns the application with
    /// the pair of this key, by which the connection's subscriptions must be signed.
    pub(super) fn check(&self, settings: &Settings, key: &str) -> Result<App, ProtocolError> {
        let unknown = || ProtocolError::UnknownApp(key.to_owned());
        let app = settings.app_with(key).ok_or_else(unknown)?;
        let protocol = self.protocol.as_deref().ok_or(ProtocolError::NoProtocol)?;
        let protocol: u32 = protocol.parse().map_err(|_| ProtocolError::BadVersion)?;
        if VERSIONS.contains(&protocol) { Ok(app) } else { Err(ProtocolError::UnsupportedProtocol) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_needs_the_key_and_a_supported_protocol() {
        let app = App { id: "3".to_owned(), key: "key".to_owned(), secret: "secret".into() };
        let settings = Settings::new(app);
        let code = |key, protocol: Option<&str>| {
            let handshake = Handshake { protocol: protocol.map(str::to_owned) };
            handshake.check(&settings, key).err().and_then(|error| error.code())
        };
        assert_eq!(code("key", Some("7")), None);
        assert_eq!(code("key", Some("5")), None);
        assert_eq!(code("other", Some("7")), Some(4001));
        assert_eq!(code("key", Some("seven")), Some(4006));
        assert_eq!(code("key", Some("4")), Some(4007));
        assert_eq!(code("key", Some("8")), Some(4007));
        assert_eq!(code("key", None), Some(4008));
    }
}
