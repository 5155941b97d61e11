use pusher::App;
use serde::Deserialize;

use crate::protocol::ProtocolError;

/// The oldest and the newest protocol that is spoken here.
const PROTOCOLS: std::ops::RangeInclusive<u32> = 5..=7;

/// What a client says of itself when it connects.
#[derive(Deserialize)]
pub(super) struct Door {
    protocol: Option<String>,
}

impl Door {
    /// Whether a client with this `key` may come in.
    pub(super) fn admit(&self, app: &App, key: &str) -> Result<(), ProtocolError> {
        if key != app.key {
            return Err(ProtocolError::UnknownApp(key.to_owned()));
        }
        let protocol = self.protocol.as_deref().ok_or(ProtocolError::NoProtocol)?;
        let protocol: u32 = protocol.parse().map_err(|_| ProtocolError::BadVersion)?;
        if PROTOCOLS.contains(&protocol) { Ok(()) } else { Err(ProtocolError::UnsupportedProtocol) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_and_the_protocol_decide() {
        let app = App { id: "3".to_owned(), key: "key".to_owned(), secret: "secret".into() };
        let code = |key, protocol: Option<&str>| {
            let door = Door { protocol: protocol.map(str::to_owned) };
            door.admit(&app, key).err().and_then(|error| error.code())
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
