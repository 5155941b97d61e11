//! What staff hear of several players' messages at once: who wrote how many and when, and not what.

use std::collections::HashMap;

use chat::{Message, Name, PlayerId};
use chrono::{DateTime, Utc};
use pusher::Channels;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    events::{NEW_PLAYER_MESSAGES, PusherEvent},
    retrying_pusher::{Job, Origin},
};

/// Messages of players that staff are told of together.
#[derive(Debug, Default)]
pub struct Digest {
    players: HashMap<PlayerId, News>,
    origins: Vec<Origin>,
    bodies: usize,
}

/// What one player wrote.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct News {
    player_id: PlayerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    player_name: Option<Name>,
    /// How many messages; a repeat counts again.
    count: u32,
    last_message_id: Uuid,
    #[serde(serialize_with = "chat::timestamp::serialize")]
    last_accepted_at: DateTime<Utc>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    players: &'a [News],
    /// How many messages more there are, of players for whom there was no room.
    unlisted: u32,
    /// When the last of all was accepted.
    #[serde(serialize_with = "chat::timestamp::optional::serialize")]
    last_accepted_at: Option<DateTime<Utc>>,
}

impl Digest {
    /// Adds a message to it.
    pub fn add(&mut self, message: &Message, origin: Origin) {
        let news = self.players.entry(message.player_id.clone()).or_insert_with(|| News {
            player_id: message.player_id.clone(),
            player_name: None,
            count: 0,
            last_message_id: message.message_id,
            last_accepted_at: message.accepted_at,
        });
        news.count += 1;
        let place = (message.accepted_at, message.message_id);
        if place >= (news.last_accepted_at, news.last_message_id) {
            (news.last_accepted_at, news.last_message_id) = place;
            news.player_name = message.player_name.clone().or(news.player_name.take());
        }
        if self.origins.last().is_none_or(|last| last.tag != origin.tag) {
            self.bodies += 1;
        }
        self.origins.push(origin);
    }

    /// Whether nothing was added to it.
    pub fn is_empty(&self) -> bool {
        self.origins.is_empty()
    }

    /// How many deliveries wait for it.
    pub fn bodies(&self) -> usize {
        self.bodies
    }

    /// The event that tells staff. No connection is left out: no player's listens to the staff's channel.
    pub fn into_job(self, channels: &Channels) -> Job {
        let Self { players, origins, .. } = self;
        let channel = channels.staff();
        let data = payload(players.into_values().collect(), channels.max_data_bytes());
        let data = channels.seal(&channel, &data).into_owned();
        let event = PusherEvent { channel, name: NEW_PLAYER_MESSAGES, data, socket_id: None };
        Job::new(event, origins)
    }
}

/// As much of `news` as fits into `max_bytes`, those who wrote first before the others.
fn payload(mut news: Vec<News>, max_bytes: usize) -> String {
    news.sort_unstable_by_key(|it| (it.last_accepted_at, it.last_message_id));
    let last_accepted_at = news.last().map(|it| it.last_accepted_at);
    let frame = json(&Payload { players: &[], unlisted: u32::MAX, last_accepted_at });
    let mut room = max_bytes.saturating_sub(frame.len());
    let mut unlisted = 0;
    news.retain(|it| {
        let bytes = json(it).len() + ",".len();
        let fits = bytes <= room;
        if fits {
            room -= bytes;
        } else {
            unlisted += it.count;
        }
        fits
    });
    json(&Payload { players: &news, unlisted, last_accepted_at })
}

/// `value` in JSON. All of it has a form in JSON.
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
            traceparent: None,
        }
    }

    fn digest<'a>(messages: impl IntoIterator<Item = &'a Message>) -> Digest {
        let mut digest = Digest::default();
        for (position, message) in messages.into_iter().enumerate() {
            let tag = u64::try_from(position / 2).unwrap();
            digest.add(
                message,
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

    fn said(digest: Digest, channels: &Channels) -> Value {
        serde_json::from_str(&digest.into_job(channels).event.data).unwrap()
    }

    #[test]
    fn staff_hear_who_wrote_how_many_and_which_was_the_last() {
        let [first, other, last] =
            [message("p1", Some("Bo")), message("p2", None), message("p1", None)];
        // The last is the last, whichever was added first.
        let digest = digest([&last, &other, &first]);
        assert_eq!(digest.bodies(), 2);
        assert_eq!(
            said(digest, &Channels::Private),
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
    fn the_job_is_for_all_that_was_added_and_for_every_connection_of_staff() {
        let messages = [message("p1", None), message("p2", None), message("p2", None)];
        let job = digest(&messages).into_job(&Channels::Private);
        assert_eq!(
            (job.event.channel.as_str(), job.event.name),
            ("private-staff-portal", "new-player-messages")
        );
        assert_eq!(job.event.socket_id, None);
        let origins: Vec<_> = job.origins.iter().map(|it| (it.tag, it.position)).collect();
        assert_eq!(origins, [(0, 0), (0, 1), (1, 0)]);
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let encrypted = pusher::MasterKey::parse(&key.into()).unwrap();
        for channels in [Channels::Private, Channels::Encrypted(encrypted)] {
            let name = "😀".repeat(100);
            let messages: Vec<_> =
                (0..500).map(|number| message(&format!("p{number}"), Some(&name))).collect();
            let job = digest(&messages).into_job(&channels);
            assert!(job.event.data.len() <= pusher::limits::MAX_DATA_BYTES);
            let max_bytes = channels.max_data_bytes();
            let text = payload(digest(&messages).players.into_values().collect(), max_bytes);
            assert!(text.len() <= max_bytes && text.len() > max_bytes - 700, "{}", text.len());
            let said: Value = serde_json::from_str(&text).unwrap();
            let listed = said["players"].as_array().unwrap();
            assert_eq!(listed[0]["playerId"], "p0");
            assert_eq!(
                listed.len() + usize::try_from(said["unlisted"].as_u64().unwrap()).unwrap(),
                500
            );
            assert_eq!(said["lastAcceptedAt"], timestamp::to_text(&messages[499].accepted_at));
        }
    }
}
