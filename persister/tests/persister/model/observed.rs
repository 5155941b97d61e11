//! The actual result of a case: the database, what a reader saw of it meanwhile, the announced
//! sessions and the rejected messages.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chat::{
    MessageRejected, Note, RequestedStatus, SenderType, SessionChange, SessionState, SessionStatus,
    StaffFacts, event::Event,
};
use chrono::{DateTime, Utc};
use database::{
    DatabaseSettings, connect, last_message_at,
    schema::{
        chat_assignments, chat_conversations, chat_messages, chat_notes, chat_sessions,
        chat_status_changes,
    },
};
use diesel::{
    ExpressionMethods, QueryDsl, QueryableByName, sql_query,
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::join;
use test_support::{Database, eventually};
use uuid::Uuid;

use super::{
    case::{LAST_SEQ, LATEST_SESSION, change_of, message_of, note_of},
    rules::{Conversation, Facts, Given, Session},
};
use crate::support::session_change;

/// The events that the persisters published.
#[derive(Debug, Default)]
pub struct Published {
    /// The announced sessions.
    pub sessions: Vec<SessionState>,
    /// The rejected messages.
    pub rejected: BTreeSet<Rejected>,
}

/// The id of a rejected message, and its player.
pub type Rejected = (Uuid, String);

pub fn rejected(message: &MessageRejected) -> Rejected {
    (message.message_id, message.player_id.as_str().to_owned())
}

impl Published {
    /// What was announced with the highest version of the session.
    fn latest(&self, session: Uuid) -> Vec<(SessionStatus, Option<i64>, Facts)> {
        let states = self.sessions.iter().filter(|state| state.id == session);
        let highest = states.clone().map(|state| state.version).max();
        let mut latest: Vec<_> = states
            .filter(|state| Some(state.version) == highest)
            .map(|state| {
                let resolved_at = state.resolved_at.map(|at| at.timestamp_micros());
                (state.status, resolved_at, facts(&state.staff))
            })
            .collect();
        latest.dedup();
        latest
    }
}

fn facts(facts: &StaffFacts) -> Facts {
    let since = facts.assigned_at.map(|at| at.timestamp_micros());
    Facts {
        assignee: facts.assignee_id.as_ref().map(|id| id.as_str().to_owned()).zip(since),
        team: facts.team.as_ref().map(|team| team.as_str().to_owned()),
        tags: facts.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
        priority: facts.priority.number(),
    }
}

/// Connects with a long timeout, so that a slow machine fails no test.
pub async fn connect_with_long_timeout(database: &Database) -> AsyncPgConnection {
    let settings =
        DatabaseSettings { database_timeout: Duration::from_secs(60), ..database.settings() };
    connect(&settings).await.unwrap()
}

/// Runs `work` while a reader polls the players' conversations, as a browser that asks for the
/// messages after its last `seq`. Returns with the result the order in which the reader saw the
/// `seq` of each player.
pub async fn while_reading<T>(
    reader: &mut AsyncPgConnection,
    players: &[String],
    work: impl Future<Output = T>,
) -> (T, BTreeMap<String, Vec<i64>>) {
    let mut seen: BTreeMap<_, Vec<_>> =
        players.iter().map(|player| (player.clone(), Vec::new())).collect();
    let done = Cell::new(false);
    let work = async {
        let result = work.await;
        done.set(true);
        result
    };
    let reading = eventually("everything is persisted, announced and read", async || {
        let is_last_poll = done.get();
        for (player, seq) in visible(reader, players).await {
            let seen = seen.entry(player).or_default();
            if seen.last().is_none_or(|last| *last < seq) {
                seen.push(seq);
            }
        }
        is_last_poll.then_some(())
    });
    let (result, ()) = join(work, reading).await;
    (result, seen)
}

/// The `seq` of every committed message.
async fn visible(reader: &mut AsyncPgConnection, players: &[String]) -> Vec<(String, i64)> {
    chat_messages::table
        .filter(chat_messages::player_id.eq_any(players))
        .order(chat_messages::seq)
        .select((chat_messages::player_id, chat_messages::seq))
        .load(reader)
        .await
        .unwrap()
}

/// The stored events.
pub async fn stored(reader: &mut AsyncPgConnection, players: &[String]) -> Vec<Event> {
    let messages: Vec<(Uuid, String, String, String, DateTime<Utc>)> = chat_messages::table
        .filter(chat_messages::player_id.eq_any(players))
        .select((
            chat_messages::id,
            chat_messages::player_id,
            chat_messages::sender_type,
            chat_messages::content,
            chat_messages::accepted_at,
        ))
        .load(reader)
        .await
        .unwrap();
    let changes: Vec<(Uuid, String, String, DateTime<Utc>)> = chat_status_changes::table
        .filter(chat_status_changes::player_id.eq_any(players))
        .select((
            chat_status_changes::id,
            chat_status_changes::player_id,
            chat_status_changes::status,
            chat_status_changes::accepted_at,
        ))
        .load(reader)
        .await
        .unwrap();
    let messages = messages.into_iter().map(|(id, player, sender, content, at)| {
        let staff = sender == SenderType::Staff.as_str();
        let sender = if staff { SenderType::Staff } else { SenderType::Player };
        let mut message = message_of(&player, sender, &content, at.timestamp_micros());
        message.message_id = id;
        Event::Message(Box::new(message))
    });
    let changes = changes.into_iter().map(|(id, player, status, at)| {
        let resolved = status == RequestedStatus::Resolved.as_str();
        let status = if resolved { RequestedStatus::Resolved } else { RequestedStatus::Active };
        let mut change = change_of(&player, status, at.timestamp_micros());
        change.change_id = id;
        Event::StatusChange(change)
    });
    let notes: Vec<(Uuid, String, DateTime<Utc>)> = chat_notes::table
        .filter(chat_notes::player_id.eq_any(players))
        .select((chat_notes::id, chat_notes::player_id, chat_notes::accepted_at))
        .load(reader)
        .await
        .unwrap();
    let notes = notes.into_iter().map(|(note_id, player, at)| {
        Event::Note(Box::new(Note { note_id, ..note_of(&player, at.timestamp_micros()) }))
    });
    let desk = session_changes(reader, players).await.into_iter();
    let desk = desk.map(|change| Event::SessionChange(Box::new(change)));
    messages.chain(changes).chain(notes).chain(desk).collect()
}

/// The stored changes of what staff keeps about sessions that were events, with what they name.
async fn session_changes(reader: &mut AsyncPgConnection, players: &[String]) -> Vec<SessionChange> {
    /// The change as JSON of an event.
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        what: String,
        #[diesel(sql_type = Text)]
        player_id: String,
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        session_id: Option<Uuid>,
        #[diesel(sql_type = Timestamptz)]
        accepted_at: DateTime<Utc>,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT json_build_object(action, CASE action
                 WHEN 'release' THEN json_build_object('team', team, 'from', assignee_id)
                 ELSE json_build_object('id', assignee_id, 'name', assignee_name, 'reason', reason)
             END)::text AS what, player_id, id, session_id, accepted_at
         FROM chat_assignments a
         WHERE player_id = ANY ($1) AND reason <> 'reply' AND NOT EXISTS (
             SELECT FROM chat_status_changes s WHERE s.player_id = a.player_id AND s.id = a.id)
         UNION ALL
         SELECT json_build_object(what, CASE what
                 WHEN 'priority' THEN to_json(('[\"low\",\"normal\",\"high\",\"urgent\"]'::json
                     ->> (1 + value::int)))
                 ELSE value::json
             END)::text, player_id, id, session_id, accepted_at
         FROM chat_session_changes c
         WHERE player_id = ANY ($1) AND NOT EXISTS (
             SELECT FROM chat_messages m WHERE m.player_id = c.player_id AND m.id = c.id)",
    )
    .bind::<Array<Text>, _>(players)
    .load(reader)
    .await
    .unwrap();
    let change = |row: Row| SessionChange {
        change_id: row.id,
        session_id: row.session_id,
        ..session_change(
            &row.player_id,
            "ada",
            serde_json::from_str(&row.what).unwrap(),
            row.accepted_at.timestamp_micros(),
        )
    };
    rows.into_iter().map(change).collect()
}

/// The changes to active that reopened a session for their author, and the ids of the sessions of
/// `player`, oldest first.
pub async fn given(reader: &mut AsyncPgConnection, player: &str) -> Given {
    let sessions = chat_sessions::table
        .filter(chat_sessions::player_id.eq(player))
        .order(chat_sessions::opened_at)
        .select(chat_sessions::id)
        .load(reader)
        .await
        .unwrap();
    let changes = chat_status_changes::table
        .filter(chat_status_changes::player_id.eq(player))
        .select(chat_status_changes::id);
    let reopenings: Vec<Uuid> = chat_assignments::table
        .filter(chat_assignments::player_id.eq(player))
        .filter(chat_assignments::id.eq_any(changes))
        .filter(chat_assignments::action.eq("assign"))
        .select(chat_assignments::id)
        .load(reader)
        .await
        .unwrap();
    Given { sessions, reopenings: reopenings.into_iter().collect() }
}

/// Replaces the placeholders of the changes among `events` by the current state of their
/// conversations.
pub async fn fill_in_names(connection: &mut AsyncPgConnection, events: &mut [Event]) {
    for event in events {
        let (player_id, named) = match event {
            Event::StatusChange(change) => (&change.player_id, &mut change.session_id),
            Event::SessionChange(change) => (&change.player_id, &mut change.session_id),
            _ => continue,
        };
        if *named != Some(LATEST_SESSION) {
            continue;
        }
        let row: Vec<(Option<Uuid>, i64)> = chat_conversations::table
            .filter(chat_conversations::player_id.eq(player_id.as_str()))
            .select((chat_conversations::session_id, chat_conversations::last_seq))
            .load(connection)
            .await
            .unwrap();
        let (session_id, last_seq) = row.into_iter().next().unwrap_or_default();
        *named = Some(session_id.unwrap_or_else(Uuid::now_v7));
        if let Event::StatusChange(change) = event
            && change.last_seq == Some(LAST_SEQ)
        {
            change.last_seq = Some(last_seq);
        }
    }
}

/// The changes that have no effect.
pub async fn ineffective(
    reader: &mut AsyncPgConnection,
    players: &[String],
) -> BTreeSet<(String, Uuid)> {
    let keys: Vec<(String, Uuid)> = chat_status_changes::table
        .filter(chat_status_changes::player_id.eq_any(players))
        .filter(chat_status_changes::effective.eq(false))
        .select((chat_status_changes::player_id, chat_status_changes::id))
        .load(reader)
        .await
        .unwrap();
    keys.into_iter().collect()
}

/// The number of players' messages in resolved latest sessions that the author of the resolution
/// had not seen.
pub async fn resolved_unseen(reader: &mut AsyncPgConnection, players: &[String]) -> i64 {
    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(sql_type = BigInt)]
        messages: i64,
    }
    let counted: Counted = sql_query(
        "SELECT count(*) AS messages
         FROM chat_conversations c
         JOIN chat_sessions s ON s.player_id = c.player_id AND s.id = c.session_id
         JOIN chat_status_changes change ON change.player_id = c.player_id
             AND change.accepted_at = s.resolved_at AND change.effective
             AND change.status = 'resolved'
         JOIN chat_messages m ON m.session_id = s.id AND m.sender_type = 'player'
         WHERE c.player_id = ANY ($1)
             AND (m.seq > change.last_seq
                 OR change.last_seq IS NULL AND change.session_id <> s.id)",
    )
    .bind::<Array<Text>, _>(players)
    .get_result(reader)
    .await
    .unwrap();
    counted.messages
}

/// The state of `player`'s conversation, with the `seen` messages and the `published` events.
pub async fn conversation(
    reader: &mut AsyncPgConnection,
    player: &str,
    seen: &[i64],
    published: &Published,
) -> Conversation {
    let messages: Vec<(Uuid, Uuid, DateTime<Utc>, i64)> = chat_messages::table
        .filter(chat_messages::player_id.eq(player))
        .order(chat_messages::seq)
        .select((
            chat_messages::session_id,
            chat_messages::id,
            chat_messages::accepted_at,
            chat_messages::seq,
        ))
        .load(reader)
        .await
        .unwrap();
    type FactsRow =
        (Option<String>, Option<DateTime<Utc>>, Option<String>, Vec<Option<String>>, i16);
    type SessionRow = (Uuid, String, DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>, FactsRow);
    let sessions: Vec<SessionRow> = chat_sessions::table
        .inner_join(chat_conversations::table)
        .filter(chat_sessions::player_id.eq(player))
        .order(chat_sessions::opened_at)
        .select((
            chat_sessions::id,
            chat_sessions::status,
            chat_sessions::opened_at,
            last_message_at(),
            chat_sessions::resolved_at,
            (
                chat_sessions::assignee_id,
                chat_sessions::assigned_at,
                chat_sessions::team,
                chat_sessions::tags,
                chat_sessions::priority,
            ),
        ))
        .load(reader)
        .await
        .unwrap();
    type ConversationRow = (
        i64,
        Option<Uuid>,
        Option<String>,
        Option<Uuid>,
        Option<DateTime<Utc>>,
        i16,
        Option<DateTime<Utc>>,
    );
    let row: Vec<ConversationRow> = chat_conversations::table
        .filter(chat_conversations::player_id.eq(player))
        .select((
            chat_conversations::last_seq,
            chat_conversations::session_id,
            chat_conversations::status,
            chat_conversations::last_message_id,
            chat_conversations::last_message_at,
            chat_conversations::unanswered,
            chat_conversations::waiting_since,
        ))
        .load(reader)
        .await
        .unwrap();
    // A player without stored events may or may not have a row.
    let (last_seq, latest, status, last_id, last_at, unanswered, waiting_since) =
        row.into_iter().next().unwrap_or_default();

    let messages_of = |session: Uuid| -> BTreeSet<_> {
        let messages = messages.iter().filter(|(session_id, ..)| *session_id == session);
        messages.map(|(_, id, at, _)| (at.timestamp_micros(), *id)).collect()
    };
    let sessions: Vec<_> = sessions
        .into_iter()
        .map(|(id, status, opened_at, last_message_at, resolved_at, facts)| {
            let (assignee, assigned_at, team, tags, priority) = facts;
            let since = assigned_at.map(|at| at.timestamp_micros());
            let tags = tags.into_iter().flatten().collect();
            let facts = Facts { assignee: assignee.zip(since), team, tags, priority };
            let session = Session {
                facts,
                messages: messages_of(id),
                status: SessionStatus::from_name(&status).unwrap(),
                opened_at: opened_at.timestamp_micros(),
                last_message_at: last_message_at.timestamp_micros(),
                resolved_at: resolved_at.map(|at| at.timestamp_micros()),
                announced: published.latest(id),
            };
            (id, session)
        })
        .collect();
    let latest = latest.map(|latest| sessions.iter().find(|(id, _)| *id == latest).unwrap());
    Conversation {
        latest: latest.map(|(_, session)| session.clone()),
        status: status.and_then(|status| SessionStatus::from_name(&status)),
        unanswered: unanswered.into(),
        waiting_since: waiting_since.map(|at| at.timestamp_micros()),
        last_message: last_at.map(|at| at.timestamp_micros()).zip(last_id),
        last_seq,
        seqs: messages.iter().map(|(.., seq)| *seq).collect(),
        seen: seen.to_vec(),
        sessions: sessions.into_iter().map(|(_, session)| session).collect(),
    }
}
