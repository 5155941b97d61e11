use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use super::{ChannelName, EventName, Member, ProtocolError, SocketId, UserId};

/// One message of the server's, written out and ready to be sent to any number of clients.
#[derive(Clone, Debug)]
pub struct Frame(Arc<str>);

/// Who is in a presence channel, as a new subscriber is told.
#[derive(Debug, Serialize)]
pub struct Presence {
    /// How many users there are.
    pub count: usize,
    /// The users.
    pub ids: Vec<UserId>,
    /// Each user's `user_info`.
    pub hash: BTreeMap<UserId, Value>,
}

impl Frame {
    /// The connection stands. `activity_timeout` is in seconds: a client that heard nothing for so
    /// long asks whether the connection still lives.
    pub fn connection_established(socket_id: &SocketId, activity_timeout: u64) -> Self {
        let data = json!({"socket_id": socket_id, "activity_timeout": activity_timeout});
        Self::write(&json!({"event": "pusher:connection_established", "data": data.to_string()}))
    }

    /// Something is wrong with what the client said.
    pub fn error(error: &ProtocolError) -> Self {
        let data = json!({"code": error.code(), "message": error.to_string()});
        Self::write(&json!({"event": "pusher:error", "data": data}))
    }

    /// Are you there?
    pub fn ping() -> Self {
        Self::write(&json!({"event": "pusher:ping", "data": {}}))
    }

    /// I am here.
    pub fn pong() -> Self {
        Self::write(&json!({"event": "pusher:pong", "data": {}}))
    }

    /// The subscription stands; `presence` for a presence channel.
    pub fn subscription_succeeded(channel: &ChannelName, presence: Option<&Presence>) -> Self {
        let data = presence.map_or_else(|| json!({}), |presence| json!({"presence": presence}));
        Self::internal("subscription_succeeded", channel, &data)
    }

    /// A user's first connection entered the presence channel.
    pub fn member_added(channel: &ChannelName, member: &Member) -> Self {
        Self::internal("member_added", channel, &json!(member))
    }

    /// A user's last connection left the presence channel.
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
