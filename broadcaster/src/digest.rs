//! The event that stands for several players' messages and staff's notes: who wrote how many and when,
//! without contents.

use std::collections::{BTreeSet, HashMap};

use chat::{Message, Name, Note, PlayerId, SenderId, SenderType, event::Event};
use chrono::{DateTime, Utc};
use pusher::Channels;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    events::{NEW_PLAYER_MESSAGES, PusherEvent},
    retrying_pusher::{Job, Origin},
};

/// An event that a digest may stand for.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// A player's message.
    Message(&'a Message),
    /// A note.
    Note(&'a Note),
}

impl<'a> Entry<'a> {
    /// The entry of `event`; `None` for an event that goes out alone.
    pub fn new(event: &'a Event) -> Option<Self> {
        match event {
            Event::Message(message) if message.sender_type == SenderType::Player => {
                Some(Self::Message(message))
            }
            Event::Note(note) => Some(Self::Note(note)),
            _ => None,
        }
    }
}

/// Players' messages and notes that one event for staff stands for.
#[derive(Debug, Default)]
pub struct Digest {
    players: HashMap<PlayerId, PlayerSummary>,
    notes: HashMap<PlayerId, NoteSummary>,
    origins: Vec<Origin>,
    deliveries: usize,
}

/// The messages of one player.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlayerSummary {
    player_id: PlayerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    player_name: Option<Name>,
    /// The number of messages; a repeated message counts again.
    count: u32,
    last_message_id: Uuid,
    #[serde(serialize_with = "chat::timestamp::serialize")]
    last_accepted_at: DateTime<Utc>,
}

/// The notes about one player.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NoteSummary {
    player_id: PlayerId,
    /// The number of notes; a repeated note counts again.
    count: u32,
    /// The members of the staff whom the notes mention.
    mentions: BTreeSet<SenderId>,
    #[serde(skip)]
    last_accepted_at: DateTime<Utc>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    players: &'a [PlayerSummary],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [NoteSummary],
    /// The number of messages and notes of players that did not fit into the event.
    unlisted: u32,
    /// When the last of all messages and notes was accepted.
    #[serde(serialize_with = "chat::timestamp::optional::serialize")]
    last_accepted_at: Option<DateTime<Utc>>,
}

impl Digest {
    /// Adds a message or a note.
    pub fn add(&mut self, entry: Entry<'_>, origin: Origin) {
        match entry {
            Entry::Message(message) => self.add_message(message),
            Entry::Note(note) => self.add_note(note),
        }
        if self.origins.last().is_none_or(|last| last.tag != origin.tag) {
            self.deliveries += 1;
        }
        self.origins.push(origin);
    }

    fn add_message(&mut self, message: &Message) {
        let summary =
            self.players.entry(message.player_id.clone()).or_insert_with(|| PlayerSummary {
                player_id: message.player_id.clone(),
                player_name: None,
                count: 0,
                last_message_id: message.message_id,
                last_accepted_at: message.accepted_at,
            });
        summary.count += 1;
        let place = (message.accepted_at, message.message_id);
        if place >= (summary.last_accepted_at, summary.last_message_id) {
            (summary.last_accepted_at, summary.last_message_id) = place;
            summary.player_name = message.player_name.clone().or(summary.player_name.take());
        }
    }

    fn add_note(&mut self, note: &Note) {
        let summary = self.notes.entry(note.player_id.clone()).or_insert_with(|| NoteSummary {
            player_id: note.player_id.clone(),
            count: 0,
            mentions: BTreeSet::new(),
            last_accepted_at: note.accepted_at,
        });
        summary.count += 1;
        summary.mentions.extend(note.mentions.iter().cloned());
        summary.last_accepted_at = summary.last_accepted_at.max(note.accepted_at);
    }

    /// Whether it has neither a message nor a note.
    pub fn is_empty(&self) -> bool {
        self.origins.is_empty()
    }

    /// The number of deliveries that its messages and notes came in.
    pub fn deliveries(&self) -> usize {
        self.deliveries
    }

    /// The event for staff. It excludes no connection, since no player subscribes to the staff's channel.
    pub fn into_job(self, channels: &Channels) -> Job {
        let Self { players, notes, origins, .. } = self;
        let channel = channels.staff();
        let (players, notes) = (players.into_values().collect(), notes.into_values().collect());
        let data = payload(players, notes, channels.max_data_bytes());
        let data = channels.seal(&channel, &data).into_owned();
        let event = PusherEvent { channel, name: NEW_PLAYER_MESSAGES, data, socket_id: None };
        Job::new(event, origins)
    }
}

/// The event's data with as many of `players`, in the order of their last messages, and then of `notes` as
/// fit into `max_bytes`.
fn payload(
    mut players: Vec<PlayerSummary>,
    mut notes: Vec<NoteSummary>,
    max_bytes: usize,
) -> String {
    players.sort_unstable_by_key(|player| (player.last_accepted_at, player.last_message_id));
    notes.sort_unstable_by_key(|note| note.last_accepted_at);
    let last_message_at = players.last().map(|player| player.last_accepted_at);
    let last_accepted_at = last_message_at.max(notes.last().map(|note| note.last_accepted_at));
    let frame = json(&Payload { players: &[], notes: &[], unlisted: u32::MAX, last_accepted_at });
    let notes_frame = if notes.is_empty() { "" } else { r#""notes":[],"# };
    let mut room = max_bytes.saturating_sub(frame.len() + notes_frame.len());
    let mut unlisted = 0;
    players.retain(|player| fits(player, player.count, &mut room, &mut unlisted));
    notes.retain(|note| fits(note, note.count, &mut room, &mut unlisted));
    json(&Payload { players: &players, notes: &notes, unlisted, last_accepted_at })
}

/// Whether `summary` fits into `room`, of which it then takes its part. Otherwise its `count` is
/// `unlisted`.
fn fits(summary: &impl Serialize, count: u32, room: &mut usize, unlisted: &mut u32) -> bool {
    let bytes = json(summary).len() + ",".len();
    let fits = bytes <= *room;
    if fits {
        *room -= bytes;
    } else {
        *unlisted += count;
    }
    fits
}

/// `value` in JSON. Serializing a digest cannot fail.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat::{self, SenderType, Subject, timestamp};
    use serde_json::{Value, json};

    fn message(player: &str, name: Option<&str>) -> Message {
        Message {
            message_id: Uuid::now_v7(),
            player_id: player.to_owned().try_into().unwrap(),
            player_name: name.map(|name| name.to_owned().try_into().unwrap()),
            sender_type: SenderType::Player,
            sender_id: None,
            sender_name: None,
            content: "hush".to_owned().try_into().unwrap(),
            accepted_at: chat::now(),
            socket_id: Some("1.2".to_owned().try_into().unwrap()),
            attachments: Vec::new(),
            intake: None,
            traceparent: None,
        }
    }

    fn note(player: &str, mentions: &[&str]) -> Note {
        Note {
            note_id: Uuid::now_v7(),
            player_id: player.to_owned().try_into().unwrap(),
            session_id: None,
            author_id: None,
            author_name: None,
            content: "hush".to_owned().try_into().unwrap(),
            mentions: mentions.iter().map(|id| (*id).to_owned().try_into().unwrap()).collect(),
            accepted_at: chat::now(),
            traceparent: None,
        }
    }

    fn digest<'a>(messages: impl IntoIterator<Item = &'a Message>) -> Digest {
        digest_of(messages.into_iter().map(Entry::Message))
    }

    fn digest_of<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> Digest {
        let mut digest = Digest::default();
        for (position, entry) in entries.into_iter().enumerate() {
            let tag = u64::try_from(position / 2).unwrap();
            digest.add(
                entry,
                Origin {
                    tag,
                    position: position % 2,
                    accepted_at: None,
                    subject: Subject::default(),
                },
            );
        }
        digest
    }

    fn data(digest: Digest, channels: &Channels) -> Value {
        serde_json::from_str(&digest.into_job(channels).event.data).unwrap()
    }

    #[test]
    fn a_digest_has_the_count_and_the_last_message_of_each_player() {
        let [first, other, last] =
            [message("p1", Some("Bo")), message("p2", None), message("p1", None)];
        // The order of adding does not matter.
        let digest = digest([&last, &other, &first]);
        assert_eq!(digest.deliveries(), 2);
        assert_eq!(
            data(digest, &Channels::Private),
            json!({
                "players": [
                    { "playerId": "p2", "count": 1, "lastMessageId": other.message_id, "lastAcceptedAt": timestamp::to_text(&other.accepted_at) },
                    { "playerId": "p1", "count": 2, "lastMessageId": last.message_id, "lastAcceptedAt": timestamp::to_text(&last.accepted_at) },
                ],
                "unlisted": 0,
                "lastAcceptedAt": timestamp::to_text(&last.accepted_at),
            })
        );
    }

    #[test]
    fn the_job_has_every_origin_and_excludes_no_connection() {
        let messages = [message("p1", None), message("p2", None), message("p2", None)];
        let job = digest(&messages).into_job(&Channels::Private);
        assert_eq!(
            (job.event.channel.as_str(), job.event.name),
            ("private-staff-portal", "new-player-messages")
        );
        assert_eq!(job.event.socket_id, None);
        let origins: Vec<_> =
            job.origins.iter().map(|origin| (origin.tag, origin.position)).collect();
        assert_eq!(origins, [(0, 0), (0, 1), (1, 0)]);
    }

    #[test]
    fn messages_of_players_that_do_not_fit_are_counted() {
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let encrypted = pusher::MasterKey::parse(&key.into()).unwrap();
        for channels in [Channels::Private, Channels::Encrypted(encrypted)] {
            let name = "😀".repeat(100);
            let messages: Vec<_> =
                (0..500).map(|number| message(&format!("p{number}"), Some(&name))).collect();
            let job = digest(&messages).into_job(&channels);
            assert!(job.event.data.len() <= pusher::limits::MAX_DATA_BYTES);
            let max_bytes = channels.max_data_bytes();
            let text =
                payload(digest(&messages).players.into_values().collect(), Vec::new(), max_bytes);
            assert!(text.len() <= max_bytes && text.len() > max_bytes - 700, "{}", text.len());
            let data: Value = serde_json::from_str(&text).unwrap();
            let listed = data["players"].as_array().unwrap();
            assert_eq!(listed[0]["playerId"], "p0");
            assert_eq!(
                listed.len() + usize::try_from(data["unlisted"].as_u64().unwrap()).unwrap(),
                500
            );
            assert_eq!(data["lastAcceptedAt"], timestamp::to_text(&messages[499].accepted_at));
        }
    }

    #[test]
    fn notes_are_counted_apart_from_messages_and_name_whom_they_mention() {
        let (message, notes) =
            (message("p1", None), [note("p1", &["grace", "ada"]), note("p1", &["ada"])]);
        let entries = [Entry::Note(&notes[0]), Entry::Message(&message), Entry::Note(&notes[1])];
        let data = data(digest_of(entries), &Channels::Private);
        assert_eq!((&data["players"][0]["count"], &data["unlisted"]), (&json!(1), &json!(0)));
        let summary = json!({ "playerId": "p1", "count": 2, "mentions": ["ada", "grace"] });
        assert_eq!(data["notes"], json!([summary]));
        assert_eq!(data["lastAcceptedAt"], timestamp::to_text(&notes[1].accepted_at));
    }

    #[test]
    fn notes_that_do_not_fit_are_counted() {
        let notes: Vec<_> = (0..500).map(|number| note(&format!("p{number}"), &["ada"])).collect();
        let job = digest_of(notes.iter().map(Entry::Note)).into_job(&Channels::Private);
        assert!(job.event.data.len() <= pusher::limits::MAX_DATA_BYTES);
        let data: Value = serde_json::from_str(&job.event.data).unwrap();
        let listed = data["notes"].as_array().unwrap().len();
        assert!(listed > 100, "{listed}");
        let unlisted = usize::try_from(data["unlisted"].as_u64().unwrap()).unwrap();
        assert_eq!(listed + unlisted, 500);
    }
}
