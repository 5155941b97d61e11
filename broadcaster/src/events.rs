//! Maps chat events to Pusher events.

use chat::{
    CannedRepliesUpdated, Message, MessageRejected, Note, ReadState, SenderType, SessionState,
    StaffNames, event::Event,
};
use pusher::Channels;
use serde::Serialize;

use crate::payload;

/// One event of a batch call to Pusher.
///
/// Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/#post-batch-events-trigger-multiple-events>.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PusherEvent {
    /// The channel.
    pub channel: String,
    /// The event's name.
    pub name: &'static str,
    /// Data in JSON, encrypted for an encrypted channel.
    pub data: String,
    /// The connection that does not receive it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket_id: Option<String>,
}

/// To staff: a player's message.
const NEW_PLAYER_MESSAGE: &str = "new-player-message";

/// To staff: several players' messages and notes, coalesced.
pub const NEW_PLAYER_MESSAGES: &str = "new-player-messages";

/// A message of a conversation: to its player as the confirmation and for the player's other devices, and
/// to the other staff if staff sent it.
const MESSAGE_SENT: &str = "message-sent";

/// To both: a session was opened, taken or resolved.
const SESSION_UPDATED: &str = "session-updated";

/// To both: a message that was broadcast and that the persister dropped.
const MESSAGE_REJECTED: &str = "message-rejected";

/// On the player's channel: how far the player or a member of the staff has read.
const READ_UPDATED: &str = "read-updated";

/// To staff: an internal note.
const NOTE_ADDED: &str = "note-added";

/// To staff: the canned replies have a new version.
const CANNED_REPLIES_UPDATED: &str = "canned-replies-updated";

/// A channel that no portal subscribes to.
const PROBE_CHANNEL: &str = "broadcaster-probe";

/// The Pusher events of `event`. The player receives the assignee's name if `staff_names` are shown.
///
/// # Errors
/// None in practice: every event can be serialized.
pub fn pusher_events(
    event: &Event,
    channels: &Channels,
    staff_names: StaffNames,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    match event {
        Event::Message(message) => message_events(message, channels),
        Event::SessionUpdated(session) => session_events(session, channels, staff_names),
        // The portals receive the session's new state once the persister has committed it.
        Event::StatusChange(_) => Ok(Vec::new()),
        Event::MessageRejected(rejected) => rejection_events(rejected, channels),
        Event::ReadUpdated(state) => read_events(state, channels),
        Event::Note(note) => note_events(note, channels),
        Event::CannedRepliesUpdated(updated) => canned_replies_events(*updated, channels),
        // Only the persister needs them.
        Event::ConversationRead(_)
        | Event::ReadMark(_)
        | Event::SessionChange(_)
        | Event::StaffAvailability(_)
        | Event::CannedReplyChange(_) => Ok(Vec::new()),
    }
}

/// The body of a batch call with `events`.
///
/// # Errors
/// None in practice: every event can be serialized.
pub fn batch(events: &[&PusherEvent]) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Batch<'a> {
        batch: &'a [&'a PusherEvent],
    }
    serde_json::to_vec(&Batch { batch: events })
}

/// An event that no portal receives and that Pusher has no reason to reject.
pub fn probe() -> PusherEvent {
    let (channel, data) = (PROBE_CHANNEL.to_owned(), "{}".to_owned());
    PusherEvent { channel, name: "probe", data, socket_id: None }
}

/// The event for the player alone, of a message that is coalesced for staff.
///
/// # Errors
/// None in practice: every message can be serialized.
pub fn player_event(
    message: &Message,
    channels: &Channels,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    let data = payload::for_player(message, channels.max_data_bytes())?;
    Ok(vec![for_player(message, &data, channels)])
}

fn message_events(
    message: &Message,
    channels: &Channels,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    let max_bytes = channels.max_data_bytes();
    let staff_data = payload::for_staff(message, max_bytes)?;
    let (name, player_data) = match message.sender_type {
        // A player may see every field of its own message.
        SenderType::Player => (NEW_PLAYER_MESSAGE, None),
        SenderType::Staff => (MESSAGE_SENT, Some(payload::for_player(message, max_bytes)?)),
    };
    let player_data = player_data.as_ref().unwrap_or(&staff_data);
    let for_staff = excluding_sender(message, &staff_data, channels, channels.staff(), name);
    Ok(vec![for_staff, for_player(message, player_data, channels)])
}

fn for_player(message: &Message, data: &str, channels: &Channels) -> PusherEvent {
    let channel = channels.player(message.player_id.as_str());
    excluding_sender(message, data, channels, channel, MESSAGE_SENT)
}

/// An event that the sender's own connection does not receive.
fn excluding_sender(
    message: &Message,
    data: &str,
    channels: &Channels,
    channel: String,
    name: &'static str,
) -> PusherEvent {
    let socket_id = message.socket_id.as_ref().map(|id| id.as_str().to_owned());
    PusherEvent { socket_id, ..to_channel(channel, name, data, channels) }
}

fn session_events(
    session: &SessionState,
    channels: &Channels,
    staff_names: StaffNames,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    let for_staff = serde_json::to_string(session)?;
    let for_player = serde_json::to_string(&session.for_player(staff_names))?;
    let player = channels.player(session.player_id.as_str());
    Ok(vec![
        to_channel(channels.staff(), SESSION_UPDATED, &for_staff, channels),
        to_channel(player, SESSION_UPDATED, &for_player, channels),
    ])
}

fn rejection_events(
    rejected: &MessageRejected,
    channels: &Channels,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    let data = payload::rejection(rejected)?;
    let both = [channels.staff(), channels.player(rejected.player_id.as_str())];
    let event = |channel| to_channel(channel, MESSAGE_REJECTED, &data, channels);
    Ok(both.into_iter().map(event).collect())
}

/// For staff alone: no player ever receives a note.
fn note_events(note: &Note, channels: &Channels) -> Result<Vec<PusherEvent>, serde_json::Error> {
    let data = payload::note(note, channels.max_data_bytes())?;
    Ok(vec![to_channel(channels.staff(), NOTE_ADDED, &data, channels)])
}

fn canned_replies_events(
    updated: CannedRepliesUpdated,
    channels: &Channels,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    let data = serde_json::to_string(&updated)?;
    Ok(vec![to_channel(channels.staff(), CANNED_REPLIES_UPDATED, &data, channels)])
}

/// The staff's channel does not receive it, or each open desk would receive an event per read mark.
fn read_events(
    state: &ReadState,
    channels: &Channels,
) -> Result<Vec<PusherEvent>, serde_json::Error> {
    let data = payload::read(state)?;
    let channel = channels.player(state.player_id.as_str());
    Ok(vec![to_channel(channel, READ_UPDATED, &data, channels)])
}

/// An event for every subscriber of the channel.
fn to_channel(channel: String, name: &'static str, data: &str, channels: &Channels) -> PusherEvent {
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
            attachments: Vec::new(),
            intake: None,
            traceparent: None,
        }))
    }

    fn recipients(event: &Event, channels: &Channels) -> Vec<(String, &'static str)> {
        let events = pusher_events(event, channels, StaffNames::Hidden).unwrap();
        events.into_iter().map(|event| (event.channel, event.name)).collect()
    }

    #[test]
    fn a_players_message_goes_to_staff_and_to_the_player() {
        assert_eq!(
            recipients(&message(SenderType::Player), &Channels::Public),
            [
                ("staff-portal".to_owned(), "new-player-message"),
                ("player-p1".to_owned(), "message-sent"),
            ]
        );
    }

    #[test]
    fn a_staff_message_goes_to_the_player_and_the_other_staff() {
        assert_eq!(
            recipients(&message(SenderType::Staff), &Channels::Private),
            [
                ("private-staff-portal".to_owned(), "message-sent"),
                ("private-player-p1".to_owned(), "message-sent"),
            ]
        );
    }

    #[test]
    fn the_senders_own_connection_is_excluded() {
        let events =
            pusher_events(&message(SenderType::Player), &Channels::Public, StaffNames::Hidden)
                .unwrap();
        assert!(events.iter().all(|event| event.socket_id.as_deref() == Some("1.2")));
    }

    #[test]
    fn both_sides_receive_a_session() {
        let event = Event::SessionUpdated(Box::new(SessionState {
            id: Uuid::now_v7(),
            player_id: "p1".to_owned().try_into().unwrap(),
            player_name: None,
            status: SessionStatus::Pending,
            opened_at: chat::now(),
            last_message_at: chat::now(),
            resolved_at: None,
            version: 1,
            staff: StaffFacts::default(),
        }));
        assert_eq!(
            recipients(&event, &Channels::Public),
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
        let events = pusher_events(&event, &Channels::Private, StaffNames::Hidden).unwrap();
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
    fn a_read_state_goes_to_the_player_alone_without_the_id_of_staff() {
        let message_id = Uuid::now_v7();
        for (reader, reader_type) in [("player", "player"), ("staff:ada", "staff")] {
            let event = Event::ReadUpdated(ReadState {
                player_id: "p1".to_owned().try_into().unwrap(),
                reader: reader.to_owned().try_into().unwrap(),
                seq: 41,
                message_id,
                read_at: "2026-01-01T12:00:00.25Z".parse().unwrap(),
            });
            let data = format!(
                r#"{{"playerId":"p1","readerType":"{reader_type}","seq":41,"messageId":"{message_id}","readAt":"2026-01-01T12:00:00.250000Z"}}"#
            );
            let channel = "private-player-p1".to_owned();
            let expected = PusherEvent { channel, name: "read-updated", data, socket_id: None };
            assert_eq!(
                pusher_events(&event, &Channels::Private, StaffNames::Hidden).unwrap(),
                [expected]
            );
        }
    }

    #[test]
    fn a_probe_reaches_no_portal() {
        let probe = probe();
        assert!(!probe.channel.contains("staff-portal") && !probe.channel.contains("player-"));
    }
}
