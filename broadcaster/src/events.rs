//! Which portal hears of what, under which name.

use chat::{Message, MessageRejected, SenderType, SessionState, event::Event};
use pusher::Channels;
use serde::Serialize;

use crate::payload;

/// One event as Pusher takes it in a batch.
///
/// Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/#post-batch-events-trigger-multiple-events>.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PusherEvent {
    /// Who hears of it.
    pub channel: String,
    /// What it is called.
    pub name: &'static str,
    /// What it says, in JSON, which is encrypted for an encrypted channel.
    pub data: String,
    /// The connection that does not hear of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket_id: Option<String>,
}

/// The staff's news that a player wrote.
const NEW_PLAYER_MESSAGE: &str = "new-player-message";

/// The staff's news that players wrote, of several messages together.
pub const NEW_PLAYER_MESSAGES: &str = "new-player-messages";

/// A message of a conversation: to its player as the confirmation and for the player's other
/// devices, and to the other staff when staff wrote it.
const MESSAGE_SENT: &str = "message-sent";

/// A session was opened, taken or resolved.
const SESSION_UPDATED: &str = "session-updated";

/// A message that was broadcast and that no history will show.
const MESSAGE_REJECTED: &str = "message-rejected";

/// A channel that no portal listens on.
const PROBE_CHANNEL: &str = "broadcaster-probe";

/// What the portals are to hear of `event`.
///
/// # Errors
/// None in practice: everything in an event has a form in JSON.
pub fn pusher_events(
    event: &Event,
    channels: &Channels,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    match event {
        Event::Message(message) => of_message(message, channels),
        Event::SessionUpdated(session) => of_session(session, channels),
        // The session's new state is what they hear of, once it is committed.
        Event::StatusChange(_) => Ok(Vec::new()),
        Event::MessageRejected(rejected) => of_rejection(rejected, channels),
        // It is for the audit, which the persister writes.
        Event::ConversationRead(_) => Ok(Vec::new()),
    }
}

/// The body of a call that has Pusher take `events`.
///
/// # Errors
/// None in practice: every event has a form in JSON.
pub fn batch(events: &[&PusherEvent]) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Batch<'a> {
        batch: &'a [&'a PusherEvent],
    }
    serde_json::to_vec(&Batch { batch: events })
}

/// An event that no portal receives, and that Pusher has no reason to refuse.
pub fn probe() -> PusherEvent {
    let (channel, data) = (PROBE_CHANNEL.to_owned(), "{}".to_owned());
    PusherEvent { channel, name: "probe", data, socket_id: None }
}

/// What the player is to hear of a message of which staff hear otherwise.
///
/// # Errors
/// None in practice: everything in a message has a form in JSON.
pub fn player_event(
    message: &Message,
    channels: &Channels,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    let data = payload::for_player(message, channels.max_data_bytes())?;
    Ok(vec![to_player(message, &data, channels)])
}

fn of_message(
    message: &Message,
    channels: &Channels,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    let max_bytes = channels.max_data_bytes();
    let for_staff = payload::for_staff(message, max_bytes)?;
    let (name, for_player) = match message.sender_type {
        // A player may see all that its own message carries.
        SenderType::Player => (NEW_PLAYER_MESSAGE, None),
        SenderType::Staff => (MESSAGE_SENT, Some(payload::for_player(message, max_bytes)?)),
    };
    let for_player = for_player.as_ref().unwrap_or(&for_staff);
    let to_staff = of_sender(message, &for_staff, channels, channels.staff(), name);
    Ok(vec![to_staff, to_player(message, for_player, channels)])
}

fn to_player(message: &Message, data: &str, channels: &Channels) -> PusherEvent {
    let channel = channels.player(message.player_id.as_str());
    of_sender(message, data, channels, channel, MESSAGE_SENT)
}

/// An event that the connection does not get which sent the message.
fn of_sender(
    message: &Message,
    data: &str,
    channels: &Channels,
    channel: String,
    name: &'static str,
) -> PusherEvent {
    let socket_id = message.socket_id.as_ref().map(|id| id.as_str().to_owned());
    PusherEvent { socket_id, ..sealed(channel, name, data, channels) }
}

fn of_session(
    session: &SessionState,
    channels: &Channels,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    let for_staff = serde_json::to_string(session)?;
    let for_player = serde_json::to_string(&session.for_player())?;
    let player = channels.player(session.player_id.as_str());
    Ok(vec![
        sealed(channels.staff(), SESSION_UPDATED, &for_staff, channels),
        sealed(player, SESSION_UPDATED, &for_player, channels),
    ])
}

fn of_rejection(
    rejected: &MessageRejected,
    channels: &Channels,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    let data = payload::of_rejection(rejected)?;
    let both = [channels.staff(), channels.player(rejected.player_id.as_str())];
    let event = |channel| sealed(channel, MESSAGE_REJECTED, &data, channels);
    Ok(both.into_iter().map(event).collect())
}

/// An event for everyone who listens on the channel.
fn sealed(channel: String, name: &'static str, data: &str, channels: &Channels) -> PusherEvent {
    let data = channels.seal(&channel, data).into_owned();
    PusherEvent { channel, name, data, socket_id: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat::{self, RejectionReason, SessionStatus, StaffFacts};
    use uuid::Uuid;

    fn message(sender_type: SenderType) -> Event {
        Event::Message(Box::new(Message {
            message_id: Uuid::now_v7(),
            player_id: "p1".to_owned().try_into().unwrap(),
            player_name: None,
            sender_type,
            sender_id: None,
            sender_name: None,
            content: "hello".to_owned().try_into().unwrap(),
            accepted_at: chat::now(),
            socket_id: Some("1.2".to_owned().try_into().unwrap()),
            traceparent: None,
        }))
    }

    fn heard(event: &Event, channels: &Channels) -> Vec<(String, &'static str)> {
        let events = pusher_events(event, channels).unwrap();
        events.into_iter().map(|it| (it.channel, it.name)).collect()
    }

    #[test]
    fn a_players_message_is_news_to_staff_and_a_confirmation_to_the_player() {
        assert_eq!(
            heard(&message(SenderType::Player), &Channels::Public),
            [
                ("staff-portal".to_owned(), "new-player-message"),
                ("player-p1".to_owned(), "message-sent"),
            ]
        );
    }

    #[test]
    fn a_staff_message_goes_to_the_player_and_the_other_staff() {
        assert_eq!(
            heard(&message(SenderType::Staff), &Channels::Private),
            [
                ("private-staff-portal".to_owned(), "message-sent"),
                ("private-player-p1".to_owned(), "message-sent"),
            ]
        );
    }

    #[test]
    fn the_senders_own_connection_is_left_out() {
        let events = pusher_events(&message(SenderType::Player), &Channels::Public).unwrap();
        assert!(events.iter().all(|it| it.socket_id.as_deref() == Some("1.2")));
    }

    #[test]
    fn both_sides_hear_of_a_session() {
        let event = Event::SessionUpdated(SessionState {
            id: Uuid::now_v7(),
            player_id: "p1".to_owned().try_into().unwrap(),
            player_name: None,
            status: SessionStatus::Pending,
            opened_at: chat::now(),
            last_message_at: chat::now(),
            resolved_at: None,
            version: 1,
            staff: StaffFacts::default(),
        });
        assert_eq!(
            heard(&event, &Channels::Public),
            [
                ("staff-portal".to_owned(), "session-updated"),
                ("player-p1".to_owned(), "session-updated"),
            ]
        );
    }

    #[test]
    fn both_sides_receive_which_message_was_rejected() {
        let message_id = Uuid::now_v7();
        let event = Event::MessageRejected(MessageRejected {
            message_id,
            player_id: "p1".to_owned().try_into().unwrap(),
            reason: RejectionReason::MessageIdTaken,
            accepted_at: chat::now(),
        });
        let events = pusher_events(&event, &Channels::Private).unwrap();
        let channels: Vec<_> = events.iter().map(|event| event.channel.as_str()).collect();
        assert_eq!(channels, ["private-staff-portal", "private-player-p1"]);
        for PusherEvent { name, data, socket_id, .. } in events {
            let expected = format!(
                r#"{{"messageId":"{message_id}","playerId":"p1","reason":"message-id-taken"}}"#
            );
            assert_eq!((name, data, socket_id), ("message-rejected", expected, None));
        }
    }

    #[test]
    fn a_probe_reaches_no_portal() {
        let probe = probe();
        assert!(!probe.channel.contains("staff-portal") && !probe.channel.contains("player-"));
    }
}
