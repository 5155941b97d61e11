//! Locks conversations, before anything else of them is read or written.

use chat::PlayerId;
use chrono::{DateTime, Utc};
use database::schema::{chat_conversations, chat_sessions};
use diesel::{
    OptionalExtension, QueryDsl, QueryableByName, SelectableHelper,
    dsl::sql,
    sql_types::{Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join_all;

use super::{attempt::Locks, error::StoreError, rows::ConversationRow, statement::Statement};

/// Conversations that this transaction has locked until it ends.
#[derive(Debug, Default)]
pub(super) struct LockedConversations {
    /// By player id. Those that did not exist are created.
    pub rows: Vec<ConversationRow>,
    /// The database's clock right after the last of them was locked.
    pub clock: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct LockedRow {
    #[diesel(embed)]
    conversation: ConversationRow,
    #[diesel(sql_type = Timestamptz)]
    clock: DateTime<Utc>,
}

/// Locks the conversations, which are in the order of their player ids. With [`Locks::Skip`] it
/// leaves out those that another transaction has locked, or whose latest session is locked.
pub(super) async fn lock_conversations(
    connection: &mut AsyncPgConnection,
    players: &[&PlayerId],
    locks: Locks,
) -> Result<LockedConversations, StoreError> {
    let locked = match locks {
        Locks::Wait => lock_all(connection, players).await?,
        Locks::Skip => {
            create(connection, players).await?;
            let connection: &AsyncPgConnection = connection;
            let locked = players.iter().map(|player| lock_free(connection, player));
            try_join_all(locked).await?.into_iter().flatten().collect()
        }
    };
    let clock = locked.iter().map(|locked| locked.clock).max();
    Ok(LockedConversations {
        rows: locked.into_iter().map(|locked| locked.conversation).collect(),
        clock,
    })
}

/// Locks and creates in one statement. An update, and not `SELECT … FOR UPDATE`, since a
/// distributed database locks rows of several players in no other way.
async fn lock_all(
    connection: &mut AsyncPgConnection,
    players: &[&PlayerId],
) -> Result<Vec<LockedRow>, StoreError> {
    let locked = Statement::new(
        "INSERT INTO chat_conversations AS c (player_id) SELECT player_id FROM unnest(",
        ") AS new (player_id) ORDER BY player_id COLLATE \"C\"
         ON CONFLICT (player_id) DO UPDATE SET last_seq = c.last_seq
         RETURNING c.player_id, c.last_seq, c.session_id, c.status, c.last_message_id,
             c.last_message_at, c.erased_through, c.unanswered, c.waiting_since, c.answered_at,
             c.desk_changed_at, clock_timestamp() AS clock",
    )
    .column::<Text, _, _>(players, |player| player.as_str())
    .load(connection)
    .await?;
    Ok(locked)
}

/// Inserts the conversations that do not exist yet, by player id.
async fn create(
    connection: &mut AsyncPgConnection,
    players: &[&PlayerId],
) -> Result<(), StoreError> {
    Statement::new(
        "INSERT INTO chat_conversations (player_id) SELECT player_id FROM unnest(",
        ") AS new (player_id) ORDER BY player_id COLLATE \"C\" ON CONFLICT DO NOTHING",
    )
    .column::<Text, _, _>(players, |player| player.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Locks one conversation and its latest session, if no other transaction has locked them.
async fn lock_free(
    mut connection: &AsyncPgConnection,
    player: &PlayerId,
) -> Result<Option<LockedRow>, StoreError> {
    let locked: Option<(ConversationRow, DateTime<Utc>)> = chat_conversations::table
        .find(player.as_str())
        .select((ConversationRow::as_select(), sql::<Timestamptz>("clock_timestamp()")))
        .for_no_key_update()
        .skip_locked()
        .first(&mut connection)
        .await
        .optional()?;
    let Some((conversation, clock)) = locked else { return Ok(None) };
    if let Some(session_id) = conversation.session_id {
        let session: Option<uuid::Uuid> = chat_sessions::table
            .find((player.as_str(), session_id))
            .select(chat_sessions::id)
            .for_no_key_update()
            .skip_locked()
            .first(&mut connection)
            .await
            .optional()?;
        if session.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(LockedRow { conversation, clock }))
}
