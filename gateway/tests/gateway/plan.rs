use chat::{PlayerId, Priority, SessionStatus};
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::Text,
};
use diesel_async::RunQueryDsl;
use gateway::reads::{
    AssigneeFilter, InboxFilters, InboxOrder, InboxQuery, InboxWithReadsQuery, LatestCursor,
    MessageCursor, Page, Urgency, UrgencyCursor, VisibleReads, WaitingCursor, messages_of_page,
};
use test_support::Database;
use uuid::Uuid;

const SHOWN: i64 = 11;
const MESSAGES: i64 = 100_000;

/// Deep in a conversation of 100,000 messages, a page reads as many rows as it has, from the index
/// in its order.
#[tokio::test(flavor = "multi_thread")]
async fn page_deep_in_a_long_conversation_is_read_from_the_index() {
    let database = Database::create().await;
    for statement in [
        "INSERT INTO chat_conversations (player_id, last_seq) VALUES ('p1', 100000)",
        "INSERT INTO chat_sessions (id, player_id, status, opened_at, last_message_at)
         VALUES (gen_random_uuid(), 'p1', 'pending', 'epoch', now())",
        "INSERT INTO chat_messages (id, session_id, player_id, seq, sender_type, content, accepted_at)
         SELECT gen_random_uuid(), (SELECT id FROM chat_sessions), 'p1', n, 'player', 'hello',
                to_timestamp(n) FROM generate_series(1, 100000) AS n",
        "ANALYZE chat_messages",
    ] {
        database.run(statement).await;
    }
    let player = "p1".to_owned().try_into().unwrap();
    let deep = MessageCursor {
        accepted_at: chrono::DateTime::from_timestamp(MESSAGES / 2, 0).unwrap(),
        message_id: Uuid::max(),
    };
    for (page, index) in [
        (Page::Before(deep), "Index Scan Backward using chat_messages_order"),
        (Page::Newest, "Index Scan Backward using chat_messages_order"),
        (Page::After(MESSAGES / 2), "Index Scan using chat_messages_seq"),
    ] {
        let plan = explain(&database, messages_of_page(&player, page, 51)).await;
        assert!(plan.contains(index), "{plan}");
        assert!(!plan.contains("Sort") && !plan.contains("Seq Scan"), "{plan}");
        assert!(plan.contains("rows=51 loops=1"), "{plan}");
    }
}

/// The inbox reads the open conversations or one page of the resolved ones, and a session and a
/// message for each entry, however many messages its players sent.
#[tokio::test(flavor = "multi_thread")]
async fn inbox_reads_one_message_an_entry_whatever_the_length_of_sessions() {
    const OPEN: i64 = 500;
    let database = Database::create().await;
    // Ten players with a day's messages, among many resolved and some open conversations.
    for statement in [
        "INSERT INTO chat_conversations (player_id, last_seq, counted_seq, session_id, status,
             last_message_id, last_message_at, inbox_at, unanswered, waiting_since)
         SELECT 'p' || n, 1, 1, md5('session' || n)::uuid,
             CASE WHEN n <= 500 THEN CASE WHEN n % 2 = 0 THEN 'pending' ELSE 'active' END
                  ELSE 'resolved' END,
             md5('message' || n)::uuid, to_timestamp(n), CASE WHEN n > 500 THEN to_timestamp(n) END, 100,
             CASE WHEN n <= 400 THEN to_timestamp(n) END
         FROM generate_series(1, 20000) AS n",
        "INSERT INTO chat_sessions (id, player_id, status, opened_at, last_message_at, resolved_at)
         SELECT session_id, player_id, status, 'epoch', last_message_at,
             CASE WHEN status = 'resolved' THEN last_message_at END FROM chat_conversations",
        "INSERT INTO chat_messages (id, session_id, player_id, seq, sender_type, content, accepted_at)
         SELECT last_message_id, session_id, player_id, 1, 'player', 'hello', last_message_at
         FROM chat_conversations",
        "INSERT INTO chat_messages (id, session_id, player_id, seq, sender_type, content, accepted_at)
         SELECT gen_random_uuid(), session_id, player_id, n, 'player', 'hello', to_timestamp(n)
         FROM chat_conversations, generate_series(2, 10000) AS n
         WHERE player_id IN ('p1','p2','p3','p4','p5','p6','p7','p8','p9','p10')",
        "INSERT INTO chat_reads (player_id, reader, seq, read_at)
         SELECT player_id, reader, 1, now() FROM chat_conversations,
             (VALUES ('player'), ('staff:ada'), ('staff:bea')) AS readers (reader)
         WHERE player_id <> 'p3'",
        "UPDATE chat_conversations SET last_seq = 10000
         WHERE player_id IN ('p1','p2','p3','p4','p5','p6','p7','p8','p9','p10')",
        "ANALYZE",
    ] {
        database.run(statement).await;
    }
    let time = |seconds| chrono::DateTime::from_timestamp(seconds, 0).unwrap();
    let player_id = || PlayerId::try_from("p200".to_owned()).unwrap();
    let waiting = |since| {
        InboxOrder::Waiting(Some(WaitingCursor { waiting_since: since, player_id: player_id() }))
    };
    let latest = LatestCursor { last_message_at: time(200), player_id: player_id() };
    let open = [SessionStatus::Pending, SessionStatus::Active];
    let ada = chat::Reader::Staff("ada".to_owned().try_into().unwrap());
    let visible = VisibleReads { own: Some(ada), of_staff: true };
    for order in [
        InboxOrder::Latest(None),
        InboxOrder::Latest(Some(latest)),
        InboxOrder::Waiting(None),
        waiting(Some(time(200))),
        waiting(None),
    ] {
        for (statuses, conversations) in [(&open[..], OPEN), (&[SessionStatus::Resolved], SHOWN)] {
            let plan = explain(&database, InboxQuery::new(statuses, &order, SHOWN)).await;
            assert!(!plan.contains("Seq Scan"), "{order:?} {plan}");
            let read = |index: &str| -> i64 {
                plan.lines().filter(|line| line.contains(index)).map(rows).sum()
            };
            let read_conversations = read("using chat_conversations");
            assert!(read_conversations <= conversations, "{order:?} {plan}");
            assert!(read("using chat_sessions") <= SHOWN, "{order:?} {plan}");
            assert!(read("using chat_messages") <= SHOWN, "{order:?} {plan}");

            let query = InboxQuery::new(statuses, &order, SHOWN);
            let plan = explain(&database, InboxWithReadsQuery::new(query, &visible)).await;
            assert!(!plan.contains("Seq Scan"), "{order:?} {plan}");
            let read = |index: &str| -> i64 {
                plan.lines().filter(|line| line.contains(index)).map(rows).sum()
            };
            assert!(read("using chat_reads") <= 2 * SHOWN, "{order:?} {plan}");
            // 100 messages to count, 100 to find the last answer, and the last message.
            let read_messages = read("using chat_messages") + read("on chat_messages_seq");
            assert!(read_messages <= 201 * SHOWN, "{order:?} {plan}");
        }
    }
}

const TEAM_OPEN: i64 = 10_000;

/// With 10,000 open sessions in a table of many more, a page of a desk reads no resolved session, no
/// session twice, and by a filter no more sessions than the filter's index has.
#[tokio::test(flavor = "multi_thread")]
async fn a_desks_inbox_reads_the_open_sessions_that_its_filters_choose_from_their_indexes() {
    let database = Database::create().await;
    for statement in [
        "INSERT INTO chat_conversations (player_id, last_seq, session_id, status, last_message_id,
             last_message_at, inbox_at, waiting_since)
         SELECT 'p' || n, 1, md5('session' || n)::uuid,
             CASE WHEN n <= 10000 THEN CASE WHEN n % 2 = 0 THEN 'pending' ELSE 'active' END
                  ELSE 'resolved' END,
             md5('message' || n)::uuid, to_timestamp(n), CASE WHEN n > 10000 THEN to_timestamp(n) END,
             CASE WHEN n <= 9000 THEN to_timestamp(n) END
         FROM generate_series(1, 100000) AS n",
        "INSERT INTO chat_sessions (id, player_id, status, opened_at, last_message_at, resolved_at,
             assignee_id, team, tags, priority)
         SELECT session_id, player_id, status, 'epoch', last_message_at,
             CASE WHEN status = 'resolved' THEN last_message_at END,
             CASE WHEN n % 2 = 0 THEN 'ada' || n % 1000 END,
             CASE WHEN n % 4 = 1 THEN 'payments' END,
             CASE WHEN n % 100 = 0 THEN ARRAY['refund', 'vip'] ELSE '{}' END, n % 4 - 1
         FROM chat_conversations, LATERAL (SELECT substr(player_id, 2)::int AS n) AS number",
        "INSERT INTO chat_messages (id, session_id, player_id, seq, sender_type, content, accepted_at)
         SELECT last_message_id, session_id, player_id, 1, 'player', 'hello', last_message_at
         FROM chat_conversations",
        "ANALYZE",
    ] {
        database.run(statement).await;
    }
    let open = [SessionStatus::Pending, SessionStatus::Active];
    let ada = AssigneeFilter::Member("ada8".to_owned().try_into().unwrap());
    let all = InboxFilters::default;
    let team = || vec!["payments".to_owned()];
    let after = UrgencyCursor {
        urgency: Urgency::Open(Priority::Normal),
        waiting: WaitingCursor {
            waiting_since: chrono::DateTime::from_timestamp(5_000, 0),
            player_id: "p5000".to_owned().try_into().unwrap(),
        },
    };
    let waiting = [InboxOrder::Urgency(None), InboxOrder::Urgency(Some(after))];
    let every = [&waiting[..], &[InboxOrder::Latest(None)]].concat();
    for (filters, orders, sessions, index) in [
        (all(), &waiting[..], TEAM_OPEN, "chat_sessions"),
        (InboxFilters { assignee: Some(ada), ..all() }, &every, 10, "chat_sessions_assigned"),
        (
            InboxFilters { assignee: Some(AssigneeFilter::None), teams: team(), ..all() },
            &every,
            TEAM_OPEN / 4,
            "chat_sessions_pile",
        ),
        (
            InboxFilters { tag: Some("vip".to_owned().try_into().unwrap()), ..all() },
            &every,
            TEAM_OPEN / 100,
            "chat_sessions_tags",
        ),
        (
            InboxFilters { readable_teams: Some(team()), ..all() },
            &every,
            TEAM_OPEN,
            "chat_sessions",
        ),
    ] {
        for order in orders {
            let query = InboxQuery::new(&open, order, SHOWN).with_filters(&filters);
            let plan = explain(&database, query).await;
            assert!(!plan.contains("Seq Scan"), "{filters:?} {order:?} {plan}");
            assert!(plan.contains(index), "{index} {filters:?} {order:?} {plan}");
            let read = |table: &str| -> i64 {
                let of_table = plan.lines().filter(|line| line.contains(table));
                of_table.filter(|line| line.contains("Scan")).map(rows).sum()
            };
            // A bitmap is a scan of the index and one of the table.
            assert!(read("chat_sessions") <= 2 * sessions + SHOWN, "{filters:?} {order:?} {plan}");
            assert!(read("chat_conversations") <= 2 * TEAM_OPEN, "{filters:?} {order:?} {plan}");
            assert!(read("chat_messages") <= SHOWN, "{filters:?} {order:?} {plan}");
        }
    }
}

/// The number of rows in a line of a plan.
fn rows(line: &str) -> i64 {
    let number = |name: &str| {
        let (_, rest) = line.rsplit_once(name).unwrap();
        let digits = rest.split([' ', ')']).next().unwrap();
        digits.parse::<f64>().unwrap() as i64
    };
    if line.contains("never executed") { 0 } else { number("rows=") * number("loops=") }
}

/// A query that returns its plan.
#[derive(QueryId)]
struct Explain<Q>(Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Explain<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ");
        self.0.walk_ast(out.reborrow())
    }
}

impl<Q: Query> Query for Explain<Q> {
    type SqlType = Text;
}

async fn explain<Q>(database: &Database, query: Q) -> String
where
    Q: Query + QueryFragment<Pg> + QueryId + Send,
{
    let lines: Vec<String> = Explain(query).load(&mut database.connect().await).await.unwrap();
    lines.join("\n")
}
