use chat::{Attachment, FileType, Team};
use pusher::Channels;
use serde::Serialize;
use utoipa::ToSchema;

use super::{PusherAddress, PusherScheme};
use crate::{
    attachments::{AttachmentConfig, Uploaders},
    input::NewTeam,
    read_mark_mode::ReadMarkMode,
    team_desk::TeamDesk,
};

/// The configuration of a portal's page. It holds no secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortalConfig {
    /// The Pusher app.
    pusher: PusherConfig,
    /// Who may subscribe to channels: the prefix of their names.
    channel_access: Access,
    /// Whether clients mark messages as read, and who sees it. `off`: the call that marks answers
    /// 404. `staff`: staff see how far the player has read. `both`: the player also sees how far staff
    /// have read.
    read_marks: ReadMarkMode,
    /// Whether subscriptions to `presence-conversation-{playerId}` are signed.
    conversation_presence: bool,
    /// Whether staff assign sessions, write notes, tag, prioritize, and share canned replies. `false`:
    /// the calls for that answer 404.
    team_desk: bool,
    /// The topics that a player can choose, which are the teams of staff; empty without a team's desk.
    #[schema(value_type = Vec<NewTeam>)]
    topics: Vec<Team>,
    /// What can be attached to messages; absent when attachments are off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    attachments: Option<AttachmentRules>,
}

/// What can be attached to messages.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AttachmentRules {
    /// The most bytes of a file.
    max_bytes: usize,
    /// The allowed types, recognized by the content of a file.
    types: Vec<FileType>,
    /// Who may upload. `staff`: staff alone. `open`: also a player while their session is pending or
    /// active. `any`: also players at any time.
    #[serde(rename = "for")]
    uploaders: Uploaders,
    /// The most files of a message.
    max_of_message: usize,
}

impl From<&AttachmentConfig> for AttachmentRules {
    fn from(config: &AttachmentConfig) -> Self {
        Self {
            max_bytes: config.max_bytes,
            types: config.rules.types.iter().copied().collect(),
            uploaders: config.uploaders,
            max_of_message: Attachment::MAX_OF_MESSAGE,
        }
    }
}

/// The Pusher app and its server: a host of the operator's own, or a cluster of hosted Pusher.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PusherConfig {
    /// The app key.
    key: String,
    /// The host; absent for hosted Pusher.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    host: Option<String>,
    /// Its port.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    port: Option<u16>,
    /// Its scheme.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scheme: Option<PusherScheme>,
    /// The cluster of hosted Pusher; absent for a host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cluster: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Access {
    Public,
    Private,
    Encrypted,
}

impl PortalConfig {
    /// The configuration for the pages of an app.
    pub fn new(
        address: &PusherAddress,
        app: &pusher::App,
        channels: &Channels,
        read_marks: ReadMarkMode,
        conversation_presence: bool,
        team_desk: Option<&TeamDesk>,
        attachments: Option<&AttachmentConfig>,
    ) -> Self {
        let key = app.key.clone();
        Self {
            pusher: match address.clone() {
                PusherAddress::Server { host, port, scheme } => PusherConfig {
                    key,
                    host: Some(host),
                    port: Some(port),
                    scheme: Some(scheme),
                    cluster: None,
                },
                PusherAddress::Cluster(cluster) => PusherConfig {
                    key,
                    host: None,
                    port: None,
                    scheme: None,
                    cluster: Some(cluster),
                },
            },
            channel_access: match channels {
                Channels::Public => Access::Public,
                Channels::Private => Access::Private,
                Channels::Encrypted(_) => Access::Encrypted,
            },
            read_marks,
            conversation_presence,
            team_desk: team_desk.is_some(),
            topics: team_desk.map(|desk| desk.teams.clone()).unwrap_or_default(),
            attachments: attachments.map(AttachmentRules::from),
        }
    }
}
