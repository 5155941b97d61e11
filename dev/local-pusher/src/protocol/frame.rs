use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use super::{ChannelName, EventName, Member, ProtocolError, SocketId, UserId};

/// A message of the server, serialized for any number of clients.
#[derive(Clone, Debug)]
pub struct Frame(Arc<str>);

/// The users of a presence channel, as sent to a new subscriber.
#[derive(Debug, Serialize)]
pub struct Presence {
    /// The number of users.
    pub count: usize,
    /// The users.
    pub ids: Vec<UserId>,
    /// Each user's `user_info`.
    pub hash: BTreeMap<UserId, Value>,
}

impl Frame {
    /// The greeting. `activity_timeout` is in seconds: the time without a message after which a
    /// client sends a ping.
    pub fn connection_established(socket_id: &SocketId, activity_timeout: u64) -> Self {
        let data = json!({"socket_id": socket_id, "activity_timeout": activity_timeout});
        Self::write(&json!({"event": "pusher:connection_established", "data": data.to_string()}))
    }

    /// The error of a client's message.
    pub fn error(error: &ProtocolError) -> Self {
        let data = json!({"code": error.code(), "message": error.to_string()});
        Self::write(&json!({"event": "pusher:error", "data": data}))
    }

    pub fn ping() -> Self {
        Self::write(&json!({"event": "pusher:ping", "data": {}}))
    }

    pub fn pong() -> Self {
        Self::write(&json!({"event": "pusher:pong", "data": {}}))
    }

    /// Confirms a subscription, with `presence` for a presence channel.
    pub fn subscription_succeeded(channel: &ChannelName, presence: Option<&Presence>) -> Self {
        let data = presence.map_or_else(|| json!({}), |presence| json!({"presence": presence}));
        Self::internal("subscription_succeeded", channel, &data)
    }

    /// Announces the first connection of a user to a presence channel.
    pub fn member_added(channel: &ChannelName, member: &Member) -> Self {
        Self::internal("member_added", channel, &json!(member))
    }

    /// Announces the end of a user's last connection to a presence channel.
    pub fn member_removed(channel: &ChannelName, user: &UserId) -> Self {
        Self::internal("member_removed", channel, &json!({"user_id": user}))
    }

    /// An application's event, from its server.
    pub fn event(channel: &ChannelName, name: &EventName, data: &str) -> Self {
        Self::write(&json!({"event": name, "channel": channel, "data": data}))
    }

    /// An event of another client's; `sender` is the user that sent it, in a presence channel.
    pub fn client_event(
        channel: &ChannelName,
        name: &EventName,
        data: &RawValue,
        sender: Option<&UserId>,
    ) -> Self {
        let mut message = json!({"event": name, "channel": channel, "data": data});
        if let (Some(user), Some(fields)) = (sender, message.as_object_mut()) {
            fields.insert("user_id".to_owned(), json!(user));
        }
        Self::write(&message)
    }

    /// The text that is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn internal(name: &str, channel: &ChannelName, data: &Value) -> Self {
        let event = format!("pusher_internal:{name}");
        Self::write(&json!({"event": event, "channel": channel, "data": data.to_string()}))
    }

    fn write(message: &Value) -> Self {
        Self(message.to_string().into())
    }
}
