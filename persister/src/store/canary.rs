//! A canary: events of a player that does not exist, written and rolled back, to see whether the
//! database accepts any.

use std::fmt::Write as _;

use chat::{
    Assignee, AssignmentReason, Availability, CannedReplyChange, Content, ConversationRead, Mark,
    Message, Note, PlayerId, Priority, ReadMark, Reader, RequestedStatus, SenderId, SenderType,
    SessionAction, SessionChange, StaffAvailability, StatusChange, ValidationError, event::Event,
    now,
};
use diesel::{result::Error, sql_query};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{attempt::Attempt, error::StoreError, persist::persist};

/// Why the canary's writes are rolled back.
#[derive(Debug, thiserror::Error)]
enum RolledBack {
    #[error("everything was written")]
    Written,
    #[error("{0}")]
    Failed(#[from] StoreError),
}

impl From<Error> for RolledBack {
    fn from(error: Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Proves that the database accepts events of every kind: opens a session of a player that does not
/// exist, cuts it by a late resolution, through the statements of a batch, and rolls all of it
/// back. The outer transaction is committed, so that the commit is proven as well.
///
/// # Errors
/// When the database accepts no events.
pub async fn prove_writable(connection: &mut AsyncPgConnection) -> Result<(), StoreError> {
    let events = events().map_err(|error| StoreError::Unavailable(error.to_string()))?;
    connection
        .transaction(async |connection| {
            let written = connection
                .transaction::<(), RolledBack, _>(async |connection| {
                    for part in events {
                        persist(connection, &part, &Attempt::default()).await?;
                    }
                    // Deferred constraints are checked before the rollback.
                    sql_query("SET CONSTRAINTS ALL IMMEDIATE").execute(connection).await?;
                    Err(RolledBack::Written)
                })
                .await;
            match written {
                Ok(()) | Err(RolledBack::Written) => Ok(()),
                Err(RolledBack::Failed(error)) => Err(error),
            }
        })
        .await
}

/// Two messages, of which the second is as long as one can be; then a resolution between
/// them, a read, a mark, a claim, a priority, a note, and the events of no conversation.
fn events() -> Result<[Vec<Event>; 2], ValidationError> {
    let player_id = PlayerId::try_from(format!("persister-canary-{}", Uuid::new_v4()))?;
    let now = now();
    let second = chrono::TimeDelta::seconds(1);
    let mut noise = String::new();
    while noise.len() < Content::MAX_CHARACTERS {
        // Writing to a String cannot fail.
        if write!(noise, "{}", Uuid::new_v4().simple()).is_err() {
            break;
        }
    }
    noise.truncate(Content::MAX_CHARACTERS);
    let opening_id = Uuid::now_v7();
    let message = |message_id, content: &str, accepted_at| {
        Ok::<_, ValidationError>(Event::Message(Box::new(Message {
            message_id,
            player_id: player_id.clone(),
            player_name: None,
            sender_type: SenderType::Player,
            sender_id: None,
            sender_name: None,
            content: content.to_owned().try_into()?,
            accepted_at,
            socket_id: None,
            attachments: Vec::new(),
            intake: None,
            traceparent: None,
        })))
    };
    let resolution = Event::StatusChange(StatusChange {
        change_id: Uuid::now_v7(),
        player_id: player_id.clone(),
        status: RequestedStatus::Resolved,
        accepted_at: now - second,
        session_id: None,
        last_seq: None,
        actor_id: None,
        actor_name: None,
        traceparent: None,
    });
    let opening = message(opening_id, "canary", now - second * 2)?;
    let later = message(Uuid::now_v7(), &noise, now)?;
    let read = Event::ConversationRead(ConversationRead {
        read_id: Uuid::now_v7(),
        player_id: player_id.clone(),
        actor_id: "persister".to_owned().try_into()?,
        actor_name: None,
        accepted_at: now,
    });
    let mark = Event::ReadMark(ReadMark {
        player_id: player_id.clone(),
        reader: Reader::Player,
        mark: Mark::Read,
        message_ids: vec![opening_id],
        accepted_at: now,
        staff_only: false,
    });
    let availability = Event::StaffAvailability(Box::new(StaffAvailability {
        staff_id: player_id.clone().into(),
        name: None,
        teams: Vec::new(),
        capacity: None,
        availability: Availability::Away,
        accepted_at: now,
    }));
    let canned = Event::CannedReplyChange(Box::new(CannedReplyChange {
        change_id: Uuid::now_v7(),
        reply_id: Uuid::now_v7(),
        reply: None,
        by: None,
        accepted_at: now,
    }));
    let session_change = |what| {
        Event::SessionChange(Box::new(SessionChange {
            change_id: Uuid::now_v7(),
            player_id: player_id.clone(),
            session_id: None,
            what,
            by: None,
            by_name: None,
            accepted_at: now,
            traceparent: None,
        }))
    };
    let persister = SenderId::try_from("persister".to_owned())?;
    let assignee = Assignee { id: persister, name: None, reason: AssignmentReason::Auto };
    let claim = session_change(SessionAction::Claim(assignee));
    let priority = session_change(SessionAction::Priority(Priority::Low));
    let note = Event::Note(Box::new(Note {
        note_id: Uuid::now_v7(),
        player_id: player_id.clone(),
        session_id: None,
        author_id: None,
        author_name: None,
        content: "canary".to_owned().try_into()?,
        mentions: Vec::new(),
        accepted_at: now,
        traceparent: None,
    }));
    let of_conversation = [resolution, read, mark, claim, priority, note];
    let second = of_conversation.into_iter().chain([availability, canned]).collect();
    Ok([vec![opening, later], second])
}
