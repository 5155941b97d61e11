//! What a batch must know before it is written, but for sessions.

use std::collections::{HashMap, HashSet};

use chat::{Message, Name, RequestedStatus, SenderId, SenderType, SessionStatus, StatusChange};
use chrono::{DateTime, Utc};
use database::schema::{
    chat_archived_messages, chat_conversations, chat_messages, chat_sessions, chat_status_changes,
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, QueryDsl, Queryable, QueryableByName, Selectable,
    SelectableHelper,
    dsl::sql,
    sql_query,
    sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{
    Attempt, Locks, StoreError,
    identity::Identity,
    plan::{NeededMessages, SeenUntil},
};
use crate::timeline::{Actor, Change, Need, PlacedMessage};

/// A conversation as it is stored.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = chat_conversations)]
pub(super) struct Conversation {
    pub player_id: String,
    pub last_seq: i64,
    pub session_id: Option<Uuid>,
    pub status: Option<String>,
    pub last_message_id: Option<Uuid>,
    pub last_message_at: Option<DateTime<Utc>>,
    pub erased_through: Option<DateTime<Utc>>,
    pub unanswered: i16,
    pub waiting_since: Option<DateTime<Utc>>,
    pub answered_at: Option<DateTime<Utc>>,
    pub counted_seq: Option<i64>,
}

impl Conversation {
    /// The status that the inbox shows, where its latest session is `status`. A conversation is in no
    /// inbox while there is no message to show: all are archived, or erased.
    pub fn shown(&self, status: SessionStatus) -> Option<&'static str> {
        let is_erased = self.erased_through >= self.last_message_at;
        (self.last_message_id.is_some() && !is_erased).then(|| status.as_str())
    }
}

/// A message of the batch that is stored already.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = chat_messages)]
pub(super) struct KeptMessage {
    id: Uuid,
    player_id: String,
    session_id: Uuid,
    sender_type: String,
    content: String,
}

/// What has the id of a message of the batch already.
#[derive(Debug)]
pub(super) enum StoredMessage {
    Kept(KeptMessage),
    /// A message of this player's conversation that was archived.
    Archived(String),
}

impl StoredMessage {
    /// What is known of the message.
    pub fn identity(&self) -> Identity<'_> {
        match self {
            Self::Kept(KeptMessage { player_id, sender_type, content, .. }) => Identity {
                player_id,
                sender_type: Some(sender_type),
                // That of an erased message is empty.
                content: Some(content.as_str()).filter(|content| !content.is_empty()),
            },
            Self::Archived(player_id) => Identity { player_id, sender_type: None, content: None },
        }
    }

    /// The session that it belongs to, while it is kept.
    pub fn session_id(&self) -> Option<Uuid> {
        match self {
            Self::Kept(kept) => Some(kept.session_id),
            Self::Archived(_) => None,
        }
    }
}

/// A status change as it is stored.
#[derive(Debug)]
pub(super) struct StoredChange {
    pub player_id: String,
    pub change: Change,
    /// Whether it has an effect.
    pub effective: bool,
}

impl StoredChange {
    /// Whether `change` is this change asked for again.
    pub fn is(&self, change: &StatusChange) -> bool {
        self.player_id == change.player_id.as_str() && self.change.status == change.status
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = chat_status_changes)]
struct ChangeRow {
    id: Uuid,
    player_id: String,
    status: String,
    accepted_at: DateTime<Utc>,
    session_id: Option<Uuid>,
    last_seq: Option<i64>,
    actor_id: Option<String>,
    actor_name: Option<String>,
    effective: bool,
}

impl ChangeRow {
    fn known(self) -> Option<StoredChange> {
        let statuses = [RequestedStatus::Active, RequestedStatus::Resolved];
        let status = statuses.into_iter().find(|it| it.as_str() == self.status)?;
        let change = Change {
            id: self.id,
            status,
            accepted_at: self.accepted_at,
            session_id: self.session_id,
            last_seq: self.last_seq,
            actor: Actor {
                id: self.actor_id.and_then(|id| SenderId::try_from(id).ok()),
                name: self.actor_name.and_then(|name| Name::try_from(name).ok()),
            },
        };
        Some(StoredChange { player_id: self.player_id, change, effective: self.effective })
    }
}

/// Whether there are rows of all the conversations, none of which ever goes again.
pub(super) async fn are_all_there(
    connection: &mut AsyncPgConnection,
    players: &[&str],
) -> Result<bool, StoreError> {
    let there: i64 = chat_conversations::table
        .filter(chat_conversations::player_id.eq_any(players))
        .count()
        .get_result(connection)
        .await?;
    Ok(usize::try_from(there) == Ok(players.len()))
}

/// Conversations that are locked until the transaction ends.
#[derive(Debug, Default)]
pub(super) struct LockedConversations {
    pub rows: Vec<Conversation>,
    /// The database's clock right after the last of them was locked.
    pub clock: Option<DateTime<Utc>>,
}

/// Locks the conversations, in the order of their ids, until the transaction ends. With
/// [`Locks::Skip`] those that another transaction holds are left out.
pub(super) async fn lock_conversations(
    connection: &mut AsyncPgConnection,
    players: &[&str],
    locks: Locks,
) -> Result<LockedConversations, StoreError> {
    let select = chat_conversations::table
        .filter(chat_conversations::player_id.eq_any(players))
        .order(chat_conversations::player_id)
        .select((Conversation::as_select(), sql::<Timestamptz>("clock_timestamp()")))
        .for_no_key_update();
    let rows: Vec<(Conversation, DateTime<Utc>)> = match locks {
        Locks::Wait => select.load(connection).await?,
        Locks::Skip => select.skip_locked().load(connection).await?,
    };
    let clock = rows.iter().map(|(_, clock)| *clock).max();
    let rows = rows.into_iter().map(|(conversation, _)| conversation).collect();
    Ok(LockedConversations { rows, clock })
}

/// The players among those of `conversations` whose latest session another transaction has locked.
/// The others' sessions are locked until the transaction ends.
pub(super) async fn with_locked_sessions(
    connection: &mut AsyncPgConnection,
    conversations: &[Conversation],
) -> Result<HashSet<String>, StoreError> {
    let latest: Vec<_> =
        conversations.iter().filter_map(|conversation| conversation.session_id).collect();
    let free: HashSet<Uuid> = chat_sessions::table
        .filter(chat_sessions::id.eq_any(latest))
        .order(chat_sessions::id)
        .select(chat_sessions::id)
        .for_no_key_update()
        .skip_locked()
        .load(connection)
        .await?
        .into_iter()
        .collect();
    let is_locked = |conversation: &&Conversation| {
        conversation.session_id.is_some_and(|session| !free.contains(&session))
    };
    let locked = conversations.iter().filter(is_locked);
    Ok(locked.map(|conversation| conversation.player_id.clone()).collect())
}

/// What is stored or archived under the ids of the messages.
pub(super) async fn messages_by_id(
    connection: &mut AsyncPgConnection,
    messages: &[&Message],
) -> Result<HashMap<Uuid, StoredMessage>, StoreError> {
    let ids: Vec<_> = messages.iter().map(|it| it.message_id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    // Both are asked at once, and PostgreSQL answers one connection in turn: one that is archived in
    // between, out of a conversation that nobody holds here, is found by both rather than by neither.
    let mut connection: &AsyncPgConnection = connection;
    let mut again = connection;
    let kept = chat_messages::table
        .filter(chat_messages::id.eq_any(&ids))
        .select(KeptMessage::as_select())
        .load(&mut connection);
    let archived = chat_archived_messages::table
        .filter(chat_archived_messages::id.eq_any(&ids))
        .select((chat_archived_messages::id, chat_archived_messages::player_id))
        .load::<(Uuid, String)>(&mut again);
    let (kept, archived) = tokio::try_join!(biased; kept, archived)?;
    let archived = archived.into_iter().map(|(id, player)| (id, StoredMessage::Archived(player)));
    let mut existing: HashMap<_, _> = archived.collect();
    existing.extend(kept.into_iter().map(|message| (message.id, StoredMessage::Kept(message))));
    Ok(existing)
}

/// The status changes of the conversations that were accepted at `earliest` or later and have an
/// effect, without the `new` ones.
pub(super) async fn changes_since(
    connection: &mut AsyncPgConnection,
    players: &[&str],
    earliest: DateTime<Utc>,
    new: &HashSet<Uuid>,
) -> Result<Vec<StoredChange>, StoreError> {
    let rows: Vec<ChangeRow> = chat_status_changes::table
        .filter(chat_status_changes::player_id.eq_any(players))
        .filter(chat_status_changes::accepted_at.ge(earliest))
        .filter(chat_status_changes::effective)
        .select(ChangeRow::as_select())
        .load(connection)
        .await?;
    let stored = rows.into_iter().filter(|row| !new.contains(&row.id));
    Ok(stored.filter_map(ChangeRow::known).collect())
}

/// The status changes with these ids, by id.
pub(super) async fn changes_by_id(
    connection: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, StoredChange>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<ChangeRow> = chat_status_changes::table
        .filter(chat_status_changes::id.eq_any(ids))
        .select(ChangeRow::as_select())
        .load(connection)
        .await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.id, row.known()?))).collect())
}

/// Those of the changes whose authors had not seen all that the player had written to the session by
/// the time of the change.
pub(super) async fn outdated(
    connection: &mut AsyncPgConnection,
    seen: &[SeenUntil<'_>],
) -> Result<HashSet<Uuid>, StoreError> {
    if seen.is_empty() {
        return Ok(HashSet::new());
    }
    #[derive(QueryableByName)]
    struct Outdated {
        #[diesel(sql_type = SqlUuid)]
        change_id: Uuid,
    }
    // Backwards: the newest are those of the open session, and there are few that were not seen.
    let outdated: Vec<Outdated> = sql_query(
        "SELECT seen.change_id
         FROM unnest($1, $2, $3, $4, $5)
             AS seen (change_id, player_id, session_id, last_seq, accepted_at)
         CROSS JOIN LATERAL (
             SELECT FROM chat_messages m
             WHERE m.player_id = seen.player_id AND m.seq > seen.last_seq
                 AND m.session_id = seen.session_id AND m.sender_type = 'player'
                 AND m.accepted_at <= seen.accepted_at
             ORDER BY m.seq DESC LIMIT 1
         ) AS unseen",
    )
    .bind::<Array<SqlUuid>, _>(seen.iter().map(|change| change.change_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(seen.iter().map(|change| change.player_id).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(seen.iter().map(|change| change.session_id).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(seen.iter().map(|change| change.last_seq).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(seen.iter().map(|change| change.accepted_at).collect::<Vec<_>>())
    .load(connection)
    .await?;
    Ok(outdated.into_iter().map(|change| change.change_id).collect())
}

/// The most messages that one statement reads, so that none takes as long as a statement may.
const READ_TOGETHER: i64 = 5_000;

/// The messages that are needed of the sessions, by session, read in steps, each of which counts as
/// progress of the `attempt`.
pub(super) async fn needed_messages(
    connection: &mut AsyncPgConnection,
    needs: &[NeededMessages],
    attempt: &Attempt,
) -> Result<HashMap<Uuid, Vec<PlacedMessage>>, StoreError> {
    let mut by_session: HashMap<Uuid, Vec<PlacedMessage>> = HashMap::new();
    let Some(since) = needs.iter().map(|need| need.since).min() else {
        return Ok(by_session);
    };
    let needed: HashMap<Uuid, &NeededMessages> =
        needs.iter().map(|need| (need.session_id, need)).collect();
    let mut players: Vec<_> = needs.iter().map(|need| need.player_id.as_str()).collect();
    players.sort_unstable();
    players.dedup();
    let ids: Vec<_> = needed.keys().collect();
    for player in players {
        let mut after = (since, Uuid::nil());
        loop {
            // The index is by player, time and id, which makes this the next of those.
            let rows: Vec<(Uuid, Uuid, DateTime<Utc>, String, i64)> = chat_messages::table
                .filter(chat_messages::player_id.eq(player))
                .filter(chat_messages::accepted_at.ge(after.0))
                .filter(chat_messages::accepted_at.gt(after.0).or(chat_messages::id.gt(after.1)))
                .filter(chat_messages::session_id.eq_any(&ids))
                .order((chat_messages::accepted_at, chat_messages::id))
                .limit(READ_TOGETHER)
                .select((
                    chat_messages::session_id,
                    chat_messages::id,
                    chat_messages::accepted_at,
                    chat_messages::sender_type,
                    chat_messages::seq,
                ))
                .load(connection)
                .await?;
            attempt.advance();
            let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            for (session_id, id, accepted_at, sender_type, seq) in rows {
                after = (accepted_at, id);
                let is_needed = needed.get(&session_id).is_some_and(|needed| match needed.need {
                    Need::All => true,
                    Need::AfterResolution => accepted_at > needed.since,
                });
                let staff = sender_type == SenderType::Staff.as_str();
                let sender_type = if staff { SenderType::Staff } else { SenderType::Player };
                if is_needed {
                    let message = PlacedMessage { id, accepted_at, sender_type, seq };
                    by_session.entry(session_id).or_default().push(message);
                }
            }
            if count < READ_TOGETHER {
                break;
            }
        }
    }
    Ok(by_session)
}
