use pusher::limits::MAX_EVENT_NAME;
use serde::Serialize;

/// The name of an application's event: 1 to 200 characters, without the prefixes of the protocol
/// (`pusher:`, `pusher_internal:`).
///
/// Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/#post-event-trigger-an-event>.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct EventName(String);

/// The text is not the name of an application's event.
#[derive(Debug, thiserror::Error)]
pub enum BadEventName {
    /// Empty or too long.
    #[error("Invalid event name: it must have 1 to {MAX_EVENT_NAME} characters")]
    Length,
    /// With a prefix of the protocol.
    #[error("Invalid event name '{0}': the prefix is reserved")]
    Reserved(String),
}

impl EventName {
    /// Whether clients may send it: `client-…`.
    pub fn is_client_event(&self) -> bool {
        self.0.starts_with("client-")
    }
}

impl TryFrom<String> for EventName {
    type Error = BadEventName;

    fn try_from(name: String) -> Result<Self, BadEventName> {
        if !(1..=MAX_EVENT_NAME).contains(&name.chars().count()) {
            Err(BadEventName::Length)
        } else if name.starts_with("pusher:") || name.starts_with("pusher_internal:") {
            Err(BadEventName::Reserved(name))
        } else {
            Ok(Self(name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_and_invalid_lengths_are_rejected() {
        for name in ["message-sent", "client-typing", &"ä".repeat(200)] {
            assert!(EventName::try_from(name.to_owned()).is_ok(), "{name}");
        }
        for name in ["", "pusher:ping", "pusher_internal:member_added", &"x".repeat(201)] {
            assert!(EventName::try_from(name.to_owned()).is_err(), "{name}");
        }
    }
}
