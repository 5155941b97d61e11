use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Content, Language, Name, SenderId, Tag, Team};

/// A change of a canned reply, which the gateway accepted. Of the changes of one reply the one that
/// was accepted last counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CannedReplyChange {
    /// Id of the change.
    pub change_id: Uuid,
    /// The reply.
    pub reply_id: Uuid,
    /// The reply's new text; `None` deletes the reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<CannedReply>,
    /// The author's id at the portal; `None` for an import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<SenderId>,
    /// When the gateway accepted it, in whole microseconds.
    #[serde(with = "super::timestamp")]
    pub accepted_at: DateTime<Utc>,
}

/// An answer that staff prepared, in one language or more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CannedReply {
    /// What staff types after `/`. Of two replies with one shortcut, the later one gets a number
    /// appended.
    pub shortcut: Tag,
    /// What staff sees in the list.
    pub title: Name,
    /// The team that uses it; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Team>,
    /// The text in each language: 1 to 10.
    pub bodies: BTreeMap<Language, Content>,
}

/// The persister committed changes of canned replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CannedRepliesUpdated {
    /// The version of the whole list. It grows with each change.
    pub version: i64,
}
