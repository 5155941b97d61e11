use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ChannelName, EventName, ProtocolError};

/// A message of a client.
#[derive(Debug)]
pub enum ClientMessage {
    /// `pusher:ping`.
    Ping,
    /// `pusher:pong`.
    Pong,
    /// `pusher:subscribe`, not yet authorized.
    Subscribe(SubscribeRequest),
    /// `pusher:unsubscribe`.
    Unsubscribe(ChannelName),
    /// `client-…`: an event for the other subscribers of the channel.
    Event(ClientEvent),
}

/// A request to subscribe, with its credentials.
#[derive(Debug)]
pub struct SubscribeRequest {
    /// The channel.
    pub channel: ChannelName,
    /// `key:signature`, for a private or presence channel.
    pub auth: Option<String>,
    /// The member, for a presence channel: JSON text.
    pub channel_data: Option<String>,
}

/// An event from one client to the others.
#[derive(Debug)]
pub struct ClientEvent {
    /// The name, which begins with `client-`.
    pub name: EventName,
    /// The channel.
    pub channel: ChannelName,
    /// Any JSON, as the client sent it.
    pub data: Box<RawValue>,
}

#[derive(Deserialize)]
struct Envelope {
    event: String,
    channel: Option<String>,
    data: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Subscription {
    channel: String,
    auth: Option<String>,
    channel_data: Option<String>,
}

impl ClientMessage {
    /// Parses one text frame.
    pub fn parse(text: &str) -> Result<Self, ProtocolError> {
        let envelope: Envelope = serde_json::from_str(text)
            .map_err(|error| ProtocolError::Invalid(format!("Invalid JSON: {error}")))?;
        match envelope.event.as_str() {
            "pusher:ping" => Ok(Self::Ping),
            "pusher:pong" => Ok(Self::Pong),
            "pusher:subscribe" => envelope.subscription()?.try_into().map(Self::Subscribe),
            "pusher:unsubscribe" => {
                let channel = envelope.subscription()?.channel;
                channel.try_into().map(Self::Unsubscribe).map_err(ProtocolError::invalid)
            }
            "pusher:signin" => Err(ProtocolError::invalid("User authentication is not supported")),
            _ => envelope.try_into().map(Self::Event),
        }
    }
}

impl Envelope {
    fn subscription(&self) -> Result<Subscription, ProtocolError> {
        let data = self.data.as_deref().map_or("null", RawValue::get);
        serde_json::from_str(data)
            .map_err(|error| ProtocolError::Invalid(format!("Invalid {}: {error}", self.event)))
    }
}

impl TryFrom<Subscription> for SubscribeRequest {
    type Error = ProtocolError;

    fn try_from(request: Subscription) -> Result<Self, ProtocolError> {
        let channel = request.channel.try_into().map_err(ProtocolError::invalid)?;
        Ok(Self { channel, auth: request.auth, channel_data: request.channel_data })
    }
}

impl TryFrom<Envelope> for ClientEvent {
    type Error = ProtocolError;

    fn try_from(envelope: Envelope) -> Result<Self, ProtocolError> {
        let name = EventName::try_from(envelope.event).map_err(ProtocolError::invalid)?;
        if !name.is_client_event() {
            return Err(ProtocolError::invalid(
                "Client event rejected - client events must be prefixed by 'client-'",
            ));
        }
        let (Some(channel), Some(data)) = (envelope.channel, envelope.data) else {
            return Err(ProtocolError::invalid(
                "Client event rejected - it needs a channel and data",
            ));
        };
        if data.get().len() > pusher::limits::MAX_DATA_BYTES {
            return Err(ProtocolError::invalid("Client event rejected - its data is too large"));
        }
        let channel = channel.try_into().map_err(ProtocolError::invalid)?;
        Ok(Self { name, channel, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_pusher_js_are_parsed() {
        assert!(matches!(
            ClientMessage::parse(r#"{"event":"pusher:ping","data":{}}"#),
            Ok(ClientMessage::Ping)
        ));
        let text = r#"{"event":"pusher:subscribe","data":{"auth":"","channel":"room"}}"#;
        let Ok(ClientMessage::Subscribe(request)) = ClientMessage::parse(text) else {
            panic!("no subscription");
        };
        assert_eq!(request.channel.as_str(), "room");
    }

    #[test]
    fn invalid_messages_are_rejected() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"event":"pusher:subscribe"}"#,
            r#"{"event":"pusher:subscribe","data":{"channel":"a b"}}"#,
            r#"{"event":"pusher_internal:member_added","channel":"presence-a","data":{}}"#,
            r#"{"event":"message-sent","channel":"private-a","data":{}}"#,
            r#"{"event":"client-typing","data":{}}"#,
        ] {
            assert!(ClientMessage::parse(text).is_err(), "{text}");
        }
    }
}
