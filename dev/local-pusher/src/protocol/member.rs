use pusher::limits::{MAX_USER_ID, MAX_USER_INFO_BYTES};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A user of a presence channel, who may have several connections.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct UserId(String);

/// The `channel_data` of a subscription to a presence channel.
///
/// Source: <https://pusher.com/docs/channels/library_auth_reference/auth-signatures/#presence-channel>.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Member {
    /// The user.
    #[serde(rename = "user_id")]
    pub id: UserId,
    /// Any JSON of the application.
    #[serde(rename = "user_info", skip_serializing_if = "Value::is_null")]
    pub info: Value,
}

/// The `channel_data` is invalid.
#[derive(Debug, thiserror::Error)]
pub enum BadMember {
    /// Not JSON, or without a `user_id` that is a string or a number.
    #[error("Invalid channel_data: a JSON object with a user_id is needed")]
    Unreadable,
    /// The id is empty or too long.
    #[error("Invalid channel_data: user_id must have 1 to {MAX_USER_ID} characters")]
    UserId,
    /// The info is too long.
    #[error("Invalid channel_data: user_info must have at most {MAX_USER_INFO_BYTES} bytes")]
    UserInfo,
}

#[derive(Deserialize)]
struct ChannelData {
    user_id: Value,
    #[serde(default)]
    user_info: Value,
}

impl Member {
    /// Parses `channel_data`, the JSON text that is signed with the subscription.
    pub fn parse(channel_data: &str) -> Result<Self, BadMember> {
        let data: ChannelData =
            serde_json::from_str(channel_data).map_err(|_| BadMember::Unreadable)?;
        let id = match data.user_id {
            Value::String(id) => id,
            Value::Number(id) => id.to_string(),
            _ => return Err(BadMember::Unreadable),
        };
        if !(1..=MAX_USER_ID).contains(&id.chars().count()) {
            return Err(BadMember::UserId);
        }
        if data.user_info.to_string().len() > MAX_USER_INFO_BYTES {
            return Err(BadMember::UserInfo);
        }
        Ok(Self { id: UserId(id), info: data.user_info })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numeric_user_id_is_accepted() {
        let member = Member::parse(r#"{"user_id": 7}"#).unwrap();
        assert_eq!(serde_json::to_string(&member).unwrap(), r#"{"user_id":"7"}"#);
    }

    #[test]
    fn invalid_channel_data_is_rejected() {
        let long_id = format!(r#"{{"user_id":"{}"}}"#, "x".repeat(129));
        let long_info = format!(r#"{{"user_id":"1","user_info":"{}"}}"#, "x".repeat(1024));
        for data in ["", "{}", r#"{"user_id":null}"#, r#"{"user_id":""}"#, &long_id, &long_info] {
            assert!(Member::parse(data).is_err(), "{data}");
        }
    }
}
