//! `gateway canned`: imports canned replies.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use broker::{BrokerSettings, Partition, Publisher, RoutingKey};
use chat::{
    CannedReply, CannedReplyChange, Team, body,
    event::{EncodedEvent, Event},
};
use clap::{Args, Subcommand};
use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    clock::Clock,
    http::{ClientId, name_based_uuid},
    input::{NewBodies, NewName, NewTag, NewTeam},
    limits::BODY_LIMIT,
    settings::TeamDeskSettings,
    team_desk::TeamDesk,
};

/// The command for canned replies.
#[derive(Args, Clone, Debug)]
pub struct CannedCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Write the canned replies of a JSON file: those of GET /api/staff/canned-replies, whose ids may be
    /// left out
    Import(Box<Import>),
}

#[derive(Args, Clone, Debug)]
struct Import {
    /// The file: an array of replies, or an object with it as `replies`
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    team_desk: TeamDeskSettings,

    #[command(flatten)]
    broker: BrokerSettings,
}

/// A reply in the file.
#[derive(Deserialize)]
struct Entry {
    /// Without one it is the version 5 UUID of the shortcut.
    id: Option<ClientId>,
    shortcut: NewTag,
    title: NewName,
    team: Option<NewTeam>,
    bodies: NewBodies,
}

#[derive(Deserialize)]
struct List {
    replies: Vec<Entry>,
}

/// A reply to import.
#[derive(Debug)]
struct Reply {
    id: Uuid,
    reply: CannedReply,
}

impl CannedCommand {
    /// Imports the file, and returns a line for each reply. Nothing is published when an entry is
    /// invalid.
    ///
    /// # Errors
    /// Names the invalid setting, or the file's line and field; or says how many replies RabbitMQ
    /// confirmed.
    pub async fn run(self) -> anyhow::Result<String> {
        let Action::Import(import) = self.action;
        let Import { file, team_desk, broker } = *import;
        broker.check().map_err(anyhow::Error::msg)?;
        let desk = team_desk.parse().context("TEAM_DESK must be on: workers must know replies")?;
        let replies = read(&file, &desk).map_err(anyhow::Error::msg)?;
        let mut output = String::new();
        let mut imported = 0;
        let mut publisher =
            Publisher::connect(&broker, Partition::FIRST, "gateway: import").await?;
        for body in bodies(&replies)? {
            let events: Vec<_> = body.iter().map(|(_, event)| event).collect();
            let encoded = body::encode(events);
            let published = publisher.publish(RoutingKey::Accepted, Partition::FIRST, &encoded);
            published.await.with_context(|| {
                format!("{imported} of {} replies are imported; import again", replies.len())
            })?;
            imported += body.len();
            for (Reply { id, reply }, _) in body {
                output += &format!("{id} {}\n", reply.shortcut.as_str());
            }
        }
        publisher.close().await;
        Ok(output + &format!("{imported} replies are imported\n"))
    }
}

/// The valid replies of the file at `path`.
fn read(path: &Path, desk: &TeamDesk) -> Result<Vec<Reply>, String> {
    let name = path.display();
    let json = fs::read(path).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let is_array = json.trim_ascii_start().starts_with(b"[");
    let entries = match is_array {
        true => parse(&json),
        false => parse::<List>(&json).map(|list| list.replies),
    };
    let entries: Vec<Entry> = entries.map_err(|error| format!("{name}: {error}"))?;
    let (mut ids, mut shortcuts) = (HashSet::new(), HashSet::new());
    let mut replies = Vec::with_capacity(entries.len());
    for (number, entry) in entries.into_iter().enumerate() {
        let invalid = |reason: String| Err(format!("{name}: [{number}].{reason}"));
        let reply = Reply::from(entry);
        let is_known = |team: &Team| desk.check_team("team", team);
        if let Some(Err(problem)) = reply.reply.team.as_ref().map(is_known) {
            return invalid(problem.to_string());
        }
        if !ids.insert(reply.id) {
            return invalid("id is that of an earlier entry".to_owned());
        }
        if !shortcuts.insert(reply.reply.shortcut.clone()) {
            return invalid("shortcut is that of an earlier entry".to_owned());
        }
        let bytes: usize = reply.reply.bodies.values().map(|text| text.as_str().len()).sum();
        if bytes > BODY_LIMIT {
            return invalid(format!("bodies must have {BODY_LIMIT} bytes or fewer"));
        }
        replies.push(reply);
    }
    Ok(replies)
}

/// Parses `json`. The error names the line and the field.
fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| format!("{}: {}", error.path(), error.inner()))?;
    deserializer.end().map_err(|error| error.to_string())?;
    Ok(value)
}

impl From<Entry> for Reply {
    fn from(entry: Entry) -> Self {
        let Entry { id, shortcut, title, team, bodies } = entry;
        let shortcut = shortcut.into();
        let reply = CannedReply {
            shortcut,
            title: title.into(),
            team: team.map(Into::into),
            bodies: bodies.into(),
        };
        let named = || {
            let name = format!("urn:player-portal-chat:canned-reply:{}", reply.shortcut.as_str());
            name_based_uuid(Uuid::NAMESPACE_URL, &name)
        };
        Self { id: id.map_or_else(named, ClientId::uuid), reply }
    }
}

/// The replies with their events, in groups that fit into a body each.
fn bodies(replies: &[Reply]) -> anyhow::Result<Vec<Vec<(&Reply, EncodedEvent)>>> {
    let clock = Clock::default();
    let mut bodies: Vec<Vec<_>> = Vec::new();
    let mut bytes = 0;
    for reply in replies {
        let change = CannedReplyChange {
            change_id: Uuid::now_v7(),
            reply_id: reply.id,
            reply: Some(reply.reply.clone()),
            by: None,
            accepted_at: clock.next_timestamp(),
        };
        let event = Event::CannedReplyChange(Box::new(change)).encode()?;
        bytes += event.size();
        match bodies.last_mut().filter(|_| bytes <= body::MAX_BYTES_OF_SEVERAL) {
            Some(body) => body.push((reply, event)),
            None => {
                bytes = event.size();
                bodies.push(vec![(reply, event)]);
            }
        }
    }
    Ok(bodies)
}
