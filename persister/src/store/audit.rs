//! The audit: who of the staff changed or read a conversation. Rows are inserted and never changed.

use std::collections::HashSet;

use chat::{
    ConversationRead, Name, Note, PlayerId, RequestedStatus, SenderId, SessionAction, SessionState,
    SessionStatus, StatusChange,
};
use chrono::{DateTime, Utc};
use database::schema::chat_audit;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, QueryDsl, QueryResult, Queryable, Selectable,
    SelectableHelper, sql_query,
    sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

use super::{
    error::StoreError,
    plan::{NewSessionChange, Plan},
    rows::key_of,
    session_changes::is_of_system,
    statement::Statement,
};
use crate::staff_facts::Source;

/// Rows that one transaction deletes.
const PURGED_TOGETHER: i64 = 1_000;

/// One action of a member of the staff.
#[derive(Debug, PartialEq, Queryable, Selectable, Serialize)]
#[diesel(table_name = chat_audit)]
#[serde(rename_all = "camelCase")]
pub struct AuditRow {
    /// The player whose conversation it concerns.
    pub player_id: String,
    /// The id of the change, of the note, of the message that claimed the session, or of the read.
    pub id: Uuid,
    /// `taken`, `resolved`, `read`, `claimed`, `assigned`, `released`, `tagged`, `prioritized` or
    /// `noted`.
    pub action: String,
    /// Whether it changed a session when it was persisted; `true` for a read and a note.
    pub effective: bool,
    /// The portal's id of the member of the staff; `None` where the gateway does not know it.
    pub actor_id: Option<String>,
    /// The name of that member of the staff.
    pub actor_name: Option<String>,
    /// The session that changed, or else the one that the change named.
    pub session_id: Option<Uuid>,
    /// The id of the change; `None` for a read and a note.
    pub change_id: Option<Uuid>,
    /// When the gateway accepted it.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    pub accepted_at: DateTime<Utc>,
    /// When it was persisted.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    pub persisted_at: DateTime<Utc>,
}

/// The subject of a query.
#[derive(Clone, Debug)]
pub enum Auditee {
    /// The actions on a player's conversation.
    Player(PlayerId),
    /// The actions of a member of the staff.
    Staff(SenderId),
}

/// A row to insert.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewRow<'a> {
    player_id: &'a PlayerId,
    id: Uuid,
    action: &'static str,
    effective: bool,
    actor_id: Option<&'a SenderId>,
    actor_name: Option<&'a Name>,
    session_id: Option<Uuid>,
    change_id: Option<Uuid>,
    accepted_at: DateTime<Utc>,
}

/// The rows of the new changes of `plan`.
pub(super) fn status_changes<'a>(plan: &Plan<'a>) -> Vec<NewRow<'a>> {
    let ineffective: HashSet<_> = plan.ineffective.iter().collect();
    let row = |change: &&'a StatusChange| {
        let is_ineffective = ineffective.contains(&key_of(change));
        let changed = plan.sessions.iter().find(|session| is_changed_by(session, change));
        let changed = changed.filter(|_| !is_ineffective);
        NewRow {
            player_id: &change.player_id,
            id: change.change_id,
            action: match change.status {
                RequestedStatus::Active => "taken",
                RequestedStatus::Resolved => "resolved",
            },
            effective: changed.is_some(),
            actor_id: change.actor_id.as_ref(),
            actor_name: change.actor_name.as_ref(),
            session_id: changed.map(|session| session.id).or(change.session_id),
            change_id: Some(change.change_id),
            accepted_at: change.accepted_at,
        }
    };
    plan.status_changes.iter().map(row).collect()
}

/// The rows of the changes of what staff keeps about sessions, except those of the system.
pub(super) fn session_changes(changes: &[NewSessionChange]) -> Vec<NewRow<'_>> {
    changes.iter().filter_map(session_change_row).collect()
}

fn session_change_row(new: &NewSessionChange) -> Option<NewRow<'_>> {
    let change = &new.change;
    let action = match change.what {
        SessionAction::Claim(_) => "claimed",
        SessionAction::Assign(_) => "assigned",
        SessionAction::Release { .. } => "released",
        SessionAction::Tags { .. } => "tagged",
        SessionAction::Priority(_) => "prioritized",
        SessionAction::Route(_) => return None,
    };
    // A change to active has a row already, and a topic is the player's.
    let is_of_staff = matches!(new.source, Source::Event | Source::Reply) && !is_of_system(change);
    is_of_staff.then_some(NewRow {
        player_id: &change.player_id,
        id: change.change_id,
        action,
        effective: new.is_effective,
        actor_id: change.by.as_ref(),
        actor_name: change.by_name.as_ref(),
        session_id: new.session_id.or(change.session_id),
        change_id: Some(change.change_id),
        accepted_at: change.accepted_at,
    })
}

/// The rows of the new notes.
pub(super) fn notes<'a>(notes: &[&'a Note]) -> Vec<NewRow<'a>> {
    let row = |note: &&'a Note| NewRow {
        player_id: &note.player_id,
        id: note.note_id,
        action: "noted",
        effective: true,
        actor_id: note.author_id.as_ref(),
        actor_name: note.author_name.as_ref(),
        session_id: note.session_id,
        change_id: None,
        accepted_at: note.accepted_at,
    };
    notes.iter().map(row).collect()
}

/// The rows of the `reads`.
pub(super) fn reads<'a>(reads: &[&'a ConversationRead]) -> Vec<NewRow<'a>> {
    let row = |read: &&'a ConversationRead| NewRow {
        player_id: &read.player_id,
        id: read.read_id,
        action: "read",
        effective: true,
        actor_id: Some(&read.actor_id),
        actor_name: read.actor_name.as_ref(),
        session_id: None,
        change_id: None,
        accepted_at: read.accepted_at,
    };
    reads.iter().map(row).collect()
}

/// Inserts the rows whose key is not stored yet, by key, and returns their number. Of several rows
/// with one key it inserts the first.
pub(super) async fn insert(
    connection: &mut AsyncPgConnection,
    rows: &[NewRow<'_>],
) -> Result<usize, StoreError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| (row.player_id, row.id));
    let inserted = Statement::new(
        "INSERT INTO chat_audit
             (player_id, id, action, effective, actor_id, actor_name, session_id, change_id,
              accepted_at)
         SELECT * FROM unnest(",
        ") ON CONFLICT DO NOTHING",
    )
    .column::<Text, _, _>(&rows, |row| row.player_id.as_str())
    .column::<SqlUuid, _, _>(&rows, |row| row.id)
    .column::<Text, _, _>(&rows, |row| row.action)
    .column::<Bool, _, _>(&rows, |row| row.effective)
    .column::<Nullable<Text>, _, _>(&rows, |row| row.actor_id.map(SenderId::as_str))
    .column::<Nullable<Text>, _, _>(&rows, |row| row.actor_name.map(Name::as_str))
    .column::<Nullable<SqlUuid>, _, _>(&rows, |row| row.session_id)
    .column::<Nullable<SqlUuid>, _, _>(&rows, |row| row.change_id)
    .column::<Timestamptz, _, _>(&rows, |row| row.accepted_at)
    .execute(connection)
    .await?;
    Ok(inserted)
}

/// The first `limit` rows of `auditee` that were accepted at `since` or later and come after the
/// row `after`, oldest first.
///
/// # Errors
/// When the database cannot be used.
pub async fn audit_rows(
    connection: &mut AsyncPgConnection,
    auditee: &Auditee,
    since: DateTime<Utc>,
    after: Option<&AuditRow>,
    limit: i64,
) -> QueryResult<Vec<AuditRow>> {
    let mut query = chat_audit::table
        .select(AuditRow::as_select())
        .into_boxed()
        .filter(chat_audit::accepted_at.ge(since))
        .order((chat_audit::accepted_at, chat_audit::player_id, chat_audit::id))
        .limit(limit);
    if let Some(AuditRow { accepted_at, player_id, id, .. }) = after {
        let later_id = chat_audit::player_id.eq(player_id).and(chat_audit::id.gt(id));
        let later_key = chat_audit::player_id.gt(player_id).or(later_id);
        let same_time = chat_audit::accepted_at.eq(accepted_at).and(later_key);
        query = query.filter(chat_audit::accepted_at.ge(accepted_at));
        query = query.filter(chat_audit::accepted_at.gt(accepted_at).or(same_time));
    }
    let query = match auditee {
        Auditee::Player(player) => query.filter(chat_audit::player_id.eq(player.as_str())),
        Auditee::Staff(actor) => query.filter(chat_audit::actor_id.eq(actor.as_str())),
    };
    query.load(connection).await
}

/// Deletes the rows that were accepted before `before`, in several transactions, and returns their
/// number.
///
/// # Errors
/// When the database cannot be used; a part may be deleted then.
pub async fn purge_audit(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let mut purged = 0;
    loop {
        let deleted = connection
            .transaction(async |connection| {
                // A trigger refuses every other DELETE, on each server of a distributed database.
                for setting in [
                    "SET LOCAL citus.propagate_set_commands = 'local'",
                    "SET LOCAL chat.audit_purge = 'on'",
                ] {
                    sql_query(setting).execute(connection).await?;
                }
                sql_query(
                    "DELETE FROM chat_audit WHERE (player_id, id) IN (
                         SELECT player_id, id FROM chat_audit
                         WHERE accepted_at < $1 ORDER BY accepted_at LIMIT $2)",
                )
                .bind::<Timestamptz, _>(before)
                .bind::<BigInt, _>(PURGED_TOGETHER)
                .execute(connection)
                .await
            })
            .await?;
        purged += deleted;
        if i64::try_from(deleted) != Ok(PURGED_TOGETHER) {
            return Ok(purged);
        }
    }
}

fn is_changed_by(session: &SessionState, change: &StatusChange) -> bool {
    let at = change.accepted_at;
    session.player_id == change.player_id
        && match change.status {
            RequestedStatus::Resolved => session.resolved_at == Some(at),
            RequestedStatus::Active => {
                session.opened_at <= at
                    && session.resolved_at.is_none_or(|resolved_at| resolved_at >= at)
                    && session.status != SessionStatus::Pending
            }
        }
}
