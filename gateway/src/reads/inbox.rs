use chat::{PlayerId, SessionStatus};
use chrono::{DateTime, Utc};
use diesel::{
    QueryResult, SelectableHelper,
    dsl::AsSelect,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Nullable, SmallInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{HistoryMessage, InboxCursor, LatestCursor, Session, WaitingCursor, bounded::bounded};

/// The order of conversations, and the cursor after which the page begins.
#[derive(Clone, Debug)]
pub enum InboxOrder {
    /// The latest message first.
    Latest(Option<LatestCursor>),
    /// The longest waiting player first; conversations in which no player waits last.
    Waiting(Option<WaitingCursor>),
}

/// A page of the staff's inbox.
#[derive(Debug)]
pub struct Inbox {
    /// In the requested order.
    pub entries: Vec<InboxEntry>,
    /// The cursor of the next page, if there is one.
    pub next: Option<InboxCursor>,
}

/// One conversation in the inbox.
#[derive(Debug)]
pub struct InboxEntry {
    /// The player whose conversation it is.
    pub player_id: String,
    /// Its latest session.
    pub session: Session,
    /// Its last message.
    pub last_message: HistoryMessage,
    /// The player's messages in the open session since the last answer of staff, at most 100.
    pub unanswered_count: i64,
    /// When the first of these was accepted.
    pub waiting_since: Option<DateTime<Utc>>,
}

/// At most `limit` of the conversations whose latest session has one of `statuses`, each once, from
/// one snapshot. Fewer when they exceed [`PAGE_BYTES`](crate::answers::PAGE_BYTES) of JSON.
///
/// # Errors
/// When the database fails.
pub async fn inbox(
    connection: &mut AsyncPgConnection,
    statuses: &[SessionStatus],
    order: &InboxOrder,
    limit: i64,
) -> QueryResult<Inbox> {
    let query = InboxQuery::new(statuses, order, limit + 1);
    let rows = query.load_stream::<Row>(connection).await?;
    let (rows, has_more) = bounded(rows, limit, json_bytes).await?;
    let next = rows.last().filter(|_| has_more).and_then(|row| cursor_after(row, order));
    let entry = |(player_id, _, unanswered, waiting_since, session, last_message): Row| {
        let is_open = session.resolved_at.is_none();
        InboxEntry {
            player_id,
            unanswered_count: if is_open { unanswered.into() } else { 0 },
            waiting_since: waiting_since.filter(|_| is_open),
            session,
            last_message,
        }
    };
    Ok(Inbox { entries: rows.into_iter().map(entry).collect(), next })
}

type Row = (String, Option<DateTime<Utc>>, i16, Option<DateTime<Utc>>, Session, HistoryMessage);

/// An upper bound of the size of a row as JSON, in bytes.
fn json_bytes((.., session, last_message): &Row) -> usize {
    /// Field names, ids, numbers and timestamps.
    const OTHERS: usize = 600;
    /// A name has at most 128 characters, each of at most six bytes.
    const NAME: usize = 128 * 6;
    let name = session.player_name.as_ref().map_or(0, |_| NAME);
    OTHERS + name + last_message.json_bytes()
}

fn cursor_after(row: &Row, order: &InboxOrder) -> Option<InboxCursor> {
    let (player_id, last_message_at, _, waiting_since, ..) = row;
    let player_id = PlayerId::try_from(player_id.clone()).ok()?;
    Some(match order {
        InboxOrder::Latest(_) => {
            InboxCursor::Latest(LatestCursor { last_message_at: (*last_message_at)?, player_id })
        }
        InboxOrder::Waiting(_) => {
            InboxCursor::Waiting(WaitingCursor { waiting_since: *waiting_since, player_id })
        }
    })
}

/// The inbox as one statement, and so from one snapshot. It takes the first rows of each status,
/// the first of all of these, and only then reads their sessions and messages.
///
/// Resolved conversations are read from an index in their order. Open ones are few, and sorted: an
/// index in their order would be written by each message.
pub struct InboxQuery<'a> {
    statuses: Vec<SessionStatus>,
    order: &'a InboxOrder,
    limit: i64,
    session: AsSelect<Session, Pg>,
    message: AsSelect<HistoryMessage, Pg>,
}

impl<'a> InboxQuery<'a> {
    /// The first `limit` conversations whose latest session has one of `statuses`.
    pub fn new(statuses: &[SessionStatus], order: &'a InboxOrder, limit: i64) -> Self {
        Self {
            statuses: statuses.to_vec(),
            order,
            limit,
            session: Session::as_select(),
            message: HistoryMessage::as_select(),
        }
    }

    /// The first rows of one status, after the cursor if there is one.
    fn first_of_status<'b>(
        &'b self,
        status: SessionStatus,
        scan: Scan<'b>,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        let is_resolved = status == SessionStatus::Resolved;
        // The status is no parameter, so that every plan can use the index of its conversations.
        out.push_sql("(SELECT * FROM chat_conversations WHERE status = '");
        out.push_sql(status.as_str());
        out.push_sql("'");
        match scan {
            Scan::All => {}
            Scan::Before(LatestCursor { last_message_at, player_id }) => {
                out.push_sql(match is_resolved {
                    true => " AND (inbox_at, player_id) < (",
                    false => " AND (last_message_at, player_id) < (",
                });
                out.push_bind_param::<Timestamptz, _>(last_message_at)?;
                out.push_sql(", ");
                out.push_bind_param::<Text, _>(player_id.as_str())?;
                out.push_sql(")");
            }
            Scan::WaitingAfter(since, player_id) => {
                out.push_sql(" AND (waiting_since, player_id) > (");
                out.push_bind_param::<Timestamptz, _>(since)?;
                out.push_sql(", ");
                out.push_bind_param::<Text, _>(player_id.as_str())?;
                out.push_sql(")");
            }
            Scan::NotWaiting(after) => {
                if !is_resolved {
                    out.push_sql(" AND waiting_since IS NULL");
                }
                if let Some(player_id) = after {
                    out.push_sql(" AND player_id > ");
                    out.push_bind_param::<Text, _>(player_id.as_str())?;
                }
            }
        }
        out.push_sql(match (self.order, is_resolved) {
            (InboxOrder::Latest(_), true) => " ORDER BY inbox_at DESC, player_id DESC",
            (InboxOrder::Waiting(_), true) => " ORDER BY player_id",
            (order, false) => order_by(order),
        });
        self.limit(out)?;
        out.push_sql(")");
        Ok(())
    }

    fn limit<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }

    /// What is read of a status. No player waits in a resolved conversation.
    fn scans(&self, status: SessionStatus) -> Vec<Scan<'_>> {
        let is_resolved = status == SessionStatus::Resolved;
        match self.order {
            InboxOrder::Latest(None) | InboxOrder::Waiting(None) => vec![Scan::All],
            InboxOrder::Latest(Some(cursor)) => vec![Scan::Before(cursor)],
            InboxOrder::Waiting(Some(WaitingCursor { waiting_since: Some(_), .. }))
                if is_resolved =>
            {
                vec![Scan::All]
            }
            InboxOrder::Waiting(Some(WaitingCursor { waiting_since: Some(since), player_id })) => {
                vec![Scan::WaitingAfter(since, player_id), Scan::NotWaiting(None)]
            }
            InboxOrder::Waiting(Some(WaitingCursor { waiting_since: None, player_id })) => {
                vec![Scan::NotWaiting(Some(player_id))]
            }
        }
    }
}

fn order_by(order: &InboxOrder) -> &'static str {
    match order {
        InboxOrder::Latest(_) => " ORDER BY last_message_at DESC, player_id DESC",
        InboxOrder::Waiting(_) => " ORDER BY waiting_since, player_id",
    }
}

/// The conversations of a status that are read.
#[derive(Clone, Copy)]
enum Scan<'a> {
    All,
    Before(&'a LatestCursor),
    WaitingAfter(&'a DateTime<Utc>, &'a PlayerId),
    NotWaiting(Option<&'a PlayerId>),
}

impl QueryFragment<Pg> for InboxQuery<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // The aliases are the table names that the selections of a session and a message use.
        out.push_sql(
            "SELECT chat_conversations.player_id, chat_conversations.last_message_at, \
             chat_conversations.unanswered, chat_conversations.waiting_since, ",
        );
        self.session.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        self.message.walk_ast(out.reborrow())?;
        out.push_sql(" FROM (SELECT * FROM (");
        let mut separator = "";
        for status in &self.statuses {
            for scan in self.scans(*status) {
                out.push_sql(separator);
                self.first_of_status(*status, scan, &mut out)?;
                separator = " UNION ALL ";
            }
        }
        out.push_sql(") AS of_each_status");
        out.push_sql(order_by(self.order));
        self.limit(&mut out)?;
        out.push_sql(
            ") AS chat_conversations \
             JOIN chat_sessions ON chat_sessions.player_id = chat_conversations.player_id \
             AND chat_sessions.id = chat_conversations.session_id \
             JOIN chat_messages ON chat_messages.player_id = chat_conversations.player_id \
             AND chat_messages.id = chat_conversations.last_message_id",
        );
        // Qualified, since the session and the message have columns of the same names.
        out.push_sql(match self.order {
            InboxOrder::Latest(_) => {
                " ORDER BY chat_conversations.last_message_at DESC, chat_conversations.player_id DESC"
            }
            InboxOrder::Waiting(_) => {
                " ORDER BY chat_conversations.waiting_since, chat_conversations.player_id"
            }
        });
        Ok(())
    }
}

/// The text of the SQL is the key of the prepared statement.
impl QueryId for InboxQuery<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for InboxQuery<'_> {
    type SqlType = (
        Text,
        Nullable<Timestamptz>,
        SmallInt,
        Nullable<Timestamptz>,
        AsSelect<Session, Pg>,
        AsSelect<HistoryMessage, Pg>,
    );
}
