use chat::{PlayerId, SessionStatus};
use chrono::{DateTime, Utc};
use diesel::{
    QueryResult, SelectableHelper,
    dsl::AsSelect,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Nullable, SmallInt, Text, Timestamptz},
};

use super::{
    super::{
        HistoryMessage, LatestCursor, Session, Urgency, UrgencyCursor, VisibleReads, WaitingCursor,
    },
    InboxFilters, InboxOrder,
};

/// The inbox as one statement, and so from one snapshot. It takes the first rows of each status,
/// the first of all of these, and only then reads their sessions and messages.
///
/// Resolved conversations are read from an index in their order. Open ones are few, and sorted: an
/// index in their order would be written by each message.
pub struct InboxQuery<'a> {
    statuses: Vec<SessionStatus>,
    /// `None` when some of the statuses are not open.
    filters: Option<&'a InboxFilters>,
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
            filters: None,
            order,
            limit,
            session: Session::as_select(),
            message: HistoryMessage::as_select(),
        }
    }

    /// Those of the conversations that `filters` choose. Filters concern open sessions: with the status
    /// `resolved` they have no effect.
    pub fn with_filters(mut self, filters: &'a InboxFilters) -> Self {
        let has_resolved = self.statuses.contains(&SessionStatus::Resolved);
        self.filters = Some(filters).filter(|filters| !has_resolved && !filters.is_empty());
        self
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
        out.push_sql(match self.order {
            InboxOrder::Latest(_) | InboxOrder::Waiting(_) => "(SELECT *",
            // After every open one.
            InboxOrder::Urgency(_) => "(SELECT *, -2::smallint AS urgency",
        });
        out.push_sql(" FROM chat_conversations WHERE status = '");
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
            (InboxOrder::Urgency(_), true) => " ORDER BY player_id",
            (order, false) => order.order_by(),
        });
        self.limit(out)?;
        out.push_sql(")");
        Ok(())
    }

    /// Whether open conversations are found by their sessions: the filters and the order of urgency
    /// need what sessions have.
    fn reads_sessions(&self) -> bool {
        self.filters.is_some() || matches!(self.order, InboxOrder::Urgency(_))
    }

    /// The first rows of the open statuses, after the cursor if there is one.
    fn first_of_open<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(SELECT of_player.*");
        if matches!(self.order, InboxOrder::Urgency(_)) {
            out.push_sql(", of_session.priority AS urgency");
        }
        // Every condition of a partial index of open sessions is literal, so that every plan can use
        // that index.
        out.push_sql(
            " FROM chat_sessions AS of_session JOIN chat_conversations AS of_player \
             ON of_player.player_id = of_session.player_id \
             AND of_player.session_id = of_session.id \
             WHERE of_session.resolved_at IS NULL AND of_player.status IN (",
        );
        let mut separator = "'";
        for status in self.statuses.iter().filter(|status| **status != SessionStatus::Resolved) {
            out.push_sql(separator);
            out.push_sql(status.as_str());
            separator = "', '";
        }
        out.push_sql(if separator == "'" { "NULL)" } else { "')" });
        if let Some(filters) = self.filters {
            filters.walk(out)?;
        }
        self.after_cursor(out)?;
        out.push_sql(self.order.order_by());
        self.limit(out)?;
        out.push_sql(")");
        Ok(())
    }

    /// The condition that an open conversation comes after the cursor.
    fn after_cursor<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self.order {
            InboxOrder::Latest(None) | InboxOrder::Waiting(None) | InboxOrder::Urgency(None) => {}
            InboxOrder::Latest(Some(LatestCursor { last_message_at, player_id })) => {
                out.push_sql(" AND (of_player.last_message_at, of_player.player_id) < (");
                out.push_bind_param::<Timestamptz, _>(last_message_at)?;
                out.push_sql(", ");
                out.push_bind_param::<Text, _>(player_id.as_str())?;
                out.push_sql(")");
            }
            InboxOrder::Waiting(Some(cursor)) => {
                out.push_sql(" AND ");
                after_waiting(cursor, out)?;
            }
            InboxOrder::Urgency(Some(UrgencyCursor { urgency: Urgency::Resolved, .. })) => {
                out.push_sql(" AND false");
            }
            InboxOrder::Urgency(Some(UrgencyCursor {
                urgency: Urgency::Open(priority),
                waiting,
            })) => {
                let number = priority.number().to_string();
                out.push_sql(" AND (of_session.priority < ");
                out.push_sql(&number);
                out.push_sql(" OR of_session.priority = ");
                out.push_sql(&number);
                out.push_sql(" AND ");
                after_waiting(waiting, out)?;
                out.push_sql(")");
            }
        }
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
            InboxOrder::Urgency(cursor) => {
                let resolved = cursor.as_ref().filter(|cursor| cursor.urgency == Urgency::Resolved);
                vec![resolved.map_or(Scan::All, |c| Scan::NotWaiting(Some(&c.waiting.player_id)))]
            }
        }
    }
}

/// The condition that an open conversation comes after `cursor` in the order of waiting.
fn after_waiting<'b>(cursor: &'b WaitingCursor, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
    match &cursor.waiting_since {
        Some(since) => {
            out.push_sql("(of_player.waiting_since IS NULL OR (of_player.waiting_since, of_player.player_id) > (");
            out.push_bind_param::<Timestamptz, _>(since)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(cursor.player_id.as_str())?;
            out.push_sql("))");
        }
        None => {
            out.push_sql("(of_player.waiting_since IS NULL AND of_player.player_id > ");
            out.push_bind_param::<Text, _>(cursor.player_id.as_str())?;
            out.push_sql(")");
        }
    }
    Ok(())
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
        let reads_sessions = self.reads_sessions();
        if reads_sessions {
            self.first_of_open(&mut out)?;
            separator = " UNION ALL ";
        }
        let is_scanned = |status: &&_| !reads_sessions || **status == SessionStatus::Resolved;
        for status in self.statuses.iter().filter(is_scanned) {
            for scan in self.scans(*status) {
                out.push_sql(separator);
                self.first_of_status(*status, scan, &mut out)?;
                separator = " UNION ALL ";
            }
        }
        out.push_sql(") AS of_each_status");
        out.push_sql(self.order.order_by());
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
        out.push_sql(self.order.qualified_order_by());
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
