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
use futures_util::TryStreamExt;

use super::{
    HistoryMessage, InboxCursor, LatestCursor, Session, VisibleReads, WaitingCursor,
    bounded::bounded,
};

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
    /// What is unread, where marks are kept.
    pub unread: Option<Unread>,
}

/// What is unread in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The player's messages beyond the caller's mark, or, without one, after the last message of
    /// staff; at most 100.
    ///
    /// `None` without a token, since the caller may be any member of the staff.
    pub count: Option<i64>,
    /// The `seq` of the last message that the player has read.
    pub player_read_seq: Option<i64>,
}

/// At most `limit` of the conversations whose latest session has one of `statuses`, each once, from
/// one snapshot. Fewer when they exceed [`PAGE_BYTES`](crate::answers::PAGE_BYTES) of JSON.
/// `visible` are the marks by which unread messages are counted; `None` counts none.
///
/// # Errors
/// When the database fails.
pub async fn inbox(
    connection: &mut AsyncPgConnection,
    statuses: &[SessionStatus],
    order: &InboxOrder,
    limit: i64,
    visible: Option<&VisibleReads>,
) -> QueryResult<Inbox> {
    let query = InboxQuery::new(statuses, order, limit + 1);
    let bytes = |(row, _): &(Row, _)| json_bytes(row);
    let (rows, has_more) = match visible {
        None => {
            let rows = query.load_stream::<Row>(connection).await?;
            bounded(rows.map_ok(|row| (row, None)), limit, bytes).await?
        }
        Some(visible) => {
            let query = InboxWithReadsQuery::new(query, visible);
            let rows = query.load_stream::<RowWithReads>(connection).await?;
            let rows = rows.map_ok(|(player, at, count, since, session, message, number, read)| {
                let known = visible.own.is_some().then_some(number);
                let unread = Unread { count: known, player_read_seq: read };
                ((player, at, count, since, session, message), Some(unread))
            });
            bounded(rows, limit, bytes).await?
        }
    };
    let next = rows.last().filter(|_| has_more).and_then(|(row, _)| cursor_after(row, order));
    let entry = |(row, unread): (Row, Option<Unread>)| {
        let (player_id, _, unanswered, waiting_since, session, last_message) = row;
        let is_open = session.resolved_at.is_none();
        InboxEntry {
            player_id,
            unanswered_count: if is_open { unanswered.into() } else { 0 },
            waiting_since: waiting_since.filter(|_| is_open),
            session,
            last_message,
            unread,
        }
    };
    Ok(Inbox { entries: rows.into_iter().map(entry).collect(), next })
}

type Row = (String, Option<DateTime<Utc>>, i16, Option<DateTime<Utc>>, Session, HistoryMessage);

/// A [`Row`] with the columns of [`InboxWithReadsQuery`].
type RowWithReads = (
    String,
    Option<DateTime<Utc>>,
    i16,
    Option<DateTime<Utc>>,
    Session,
    HistoryMessage,
    i64,
    Option<i64>,
);

/// An upper bound of the size of a row as JSON, in bytes.
fn json_bytes((.., session, last_message): &Row) -> usize {
    /// Field names, ids, numbers and timestamps.
    const OTHERS: usize = 700;
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

impl InboxQuery<'_> {
    /// The statement, with further columns `columns` and the joins that they need.
    fn walk<'b>(
        &'b self,
        mut out: AstPass<'_, 'b, Pg>,
        columns: &str,
        joins: impl FnOnce(&mut AstPass<'_, 'b, Pg>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        // The aliases are the table names that the selections of a session and a message use.
        out.push_sql(
            "SELECT chat_conversations.player_id, chat_conversations.last_message_at, \
             chat_conversations.unanswered, chat_conversations.waiting_since, ",
        );
        self.session.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        self.message.walk_ast(out.reborrow())?;
        out.push_sql(columns);
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
        joins(&mut out)?;
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

impl QueryFragment<Pg> for InboxQuery<'_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.walk(out, "", |_| Ok(()))
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

/// The inbox with what is unread, as one statement.
///
/// Of each conversation on the page it reads at most the last 100 messages from the index by `seq`,
/// which has no gaps.
pub struct InboxWithReadsQuery<'a> {
    inbox: InboxQuery<'a>,
    /// The caller's name as a reader.
    own: Option<String>,
}

impl<'a> InboxWithReadsQuery<'a> {
    /// `inbox`, with what is unread for the caller of `visible`.
    pub fn new(inbox: InboxQuery<'a>, visible: &VisibleReads) -> Self {
        Self { inbox, own: visible.own.as_ref().map(ToString::to_string) }
    }

    fn join<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // Aggregates, so that the rows of each conversation on the page are looked up, and no table is
        // read whole. They refer to the session and not to the page, which is a limited subquery: Citus
        // rejects aggregates that refer to one.
        out.push_sql(
            " CROSS JOIN LATERAL (SELECT max(extent.last_seq) AS seq FROM chat_conversations AS extent \
             WHERE extent.player_id = chat_sessions.player_id) AS newest \
             CROSS JOIN LATERAL (SELECT max(of_player.seq) AS seq FROM chat_reads AS of_player \
             WHERE of_player.player_id = chat_sessions.player_id \
             AND of_player.reader = 'player') AS player_read \
             CROSS JOIN LATERAL (SELECT max(own.seq) AS seq FROM chat_reads AS own \
             WHERE own.player_id = chat_sessions.player_id AND own.reader = ",
        );
        out.push_bind_param::<Nullable<Text>, _>(&self.own)?;
        out.push_sql(
            ") AS own_read \
             CROSS JOIN LATERAL (SELECT max(answer.seq) AS seq FROM chat_messages AS answer \
             WHERE answer.player_id = chat_sessions.player_id \
             AND answer.seq > newest.seq - 100 AND answer.sender_type = 'staff' \
             AND own_read.seq IS NULL) AS answered \
             CROSS JOIN LATERAL (SELECT count(*) AS number FROM chat_messages AS recent \
             WHERE recent.player_id = chat_sessions.player_id \
             AND recent.seq > greatest(newest.seq - 100, own_read.seq, answered.seq) \
             AND recent.sender_type = 'player') AS unread",
        );
        Ok(())
    }
}

impl QueryFragment<Pg> for InboxWithReadsQuery<'_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.inbox.walk(out, ", unread.number, player_read.seq", |out| self.join(out))
    }
}

/// The text of the SQL is the key of the prepared statement.
impl QueryId for InboxWithReadsQuery<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for InboxWithReadsQuery<'_> {
    type SqlType = (
        Text,
        Nullable<Timestamptz>,
        SmallInt,
        Nullable<Timestamptz>,
        AsSelect<Session, Pg>,
        AsSelect<HistoryMessage, Pg>,
        BigInt,
        Nullable<BigInt>,
    );
}
