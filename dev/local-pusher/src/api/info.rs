use serde::Serialize;

use super::ApiError;
use crate::{
    hub::ChannelCounts,
    protocol::{ChannelKind, ChannelName},
};

/// Which facts about a channel a caller asks for.
///
/// Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/#get-channel-fetch-info-for-one-channel>.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Info {
    user_count: bool,
    subscription_count: bool,
}

/// What is known of a channel, as far as it was asked for.
#[derive(Debug, Default, Serialize)]
pub(super) struct Facts {
    /// Whether anybody listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) occupied: Option<bool>,
    /// Users who are there, in a presence channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_count: Option<usize>,
    /// Connections that subscribe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subscription_count: Option<usize>,
}

impl Info {
    /// Reads `info`: names with commas between them.
    pub(super) fn parse(names: Option<&str>) -> Result<Self, ApiError> {
        let mut info = Self::default();
        for name in names.unwrap_or_default().split(',').filter(|name| !name.is_empty()) {
            match name {
                "user_count" => info.user_count = true,
                "subscription_count" => info.subscription_count = true,
                _ => return Err(ApiError::BadRequest(format!("Unknown info '{name}'"))),
            }
        }
        Ok(info)
    }

    /// Whether nothing is asked for.
    pub(super) fn is_empty(self) -> bool {
        !self.user_count && !self.subscription_count
    }

    /// Refuses what the channel's kind does not have.
    pub(super) fn check(self, channel: &ChannelName) -> Result<(), ApiError> {
        self.check_presence(channel.kind() == ChannelKind::Presence)
    }

    /// Refuses what only presence channels have, unless all channels in question are such.
    pub(super) fn check_presence(self, only_presence: bool) -> Result<(), ApiError> {
        if self.user_count && !only_presence {
            return Err(ApiError::bad_request("user_count is only known of presence channels"));
        }
        Ok(())
    }

    /// The facts that were asked for.
    pub(super) fn of(self, counts: ChannelCounts) -> Facts {
        Facts {
            occupied: None,
            user_count: self.user_count.then_some(counts.users),
            subscription_count: self.subscription_count.then_some(counts.subscriptions),
        }
    }
}
