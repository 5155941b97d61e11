//! Which portal hears of what, under which name.

use pusher::Channels;
use serde::Serialize;
use shared::chat::{Message, SenderType, SessionState, event::Event};

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
        Event::StatusChange(_) | Event::MessageRejected(_) => Ok(Vec::new()),
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

/// What the player is to hear of a message of which staff hear otherwise.
///
/// # Errors
/// None in practice: everything in a message has a form in JSON.
pub fn to_player_alone(
    message: &Message,
    channels: &Channels,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    let data = payload::of_message(message, channels.max_data_bytes())?;
    Ok(vec![to_player(message, &data, channels)])
}

fn of_message(
    message: &Message,
    channels: &Channels,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    let data = payload::of_message(message, channels.max_data_bytes())?;
    let staff_hear = match message.sender_type {
        SenderType::Player => NEW_PLAYER_MESSAGE,
        SenderType::Staff => MESSAGE_SENT,
    };
    let to_staff = told(message, &data, channels, channels.staff(), staff_hear);
    Ok(vec![to_staff, to_player(message, &data, channels)])
}

fn to_player(message: &Message, data: &str, channels: &Channels) -> PusherEvent {
    let channel = channels.player(message.player_id.as_str());
    told(message, data, channels, channel, MESSAGE_SENT)
}

fn told(
    message: &Message,
    data: &str,
    channels: &Channels,
    channel: String,
    name: &'static str,
) -> PusherEvent {
    PusherEvent {
        data: channels.seal(&channel, data).into_owned(),
        channel,
        name,
        socket_id: message.socket_id.as_ref().map(|id| id.as_str().to_owned()),
    }
}

fn of_session(
    session: &SessionState,
    channels: &Channels,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    let data = serde_json::to_string(session)?;
    let names = [channels.staff(), channels.player(session.player_id.as_str())];
    let event = |channel: String| PusherEvent {
        data: channels.seal(&channel, &data).into_owned(),
        channel,
        name: SESSION_UPDATED,
        socket_id: None,
    };
    Ok(names.into_iter().map(event).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::chat::{self, SessionStatus, StaffFacts};
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
}
