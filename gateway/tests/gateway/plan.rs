use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::Text,
};
use diesel_async::RunQueryDsl;
use gateway::reads::{MessageCursor, Page, messages_of_page};
use test_support::Database;
use uuid::Uuid;

const MESSAGES: i64 = 100_000;

/// Deep in a conversation of 100,000 messages, a page reads as many rows as it shows, straight off
/// the index in its order.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_deep_in_a_long_conversation_is_read_off_the_index() {
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

/// A query whose plan is asked for instead of its rows.
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
