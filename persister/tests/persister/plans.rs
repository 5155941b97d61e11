use chat::{Mark, ReadMark, Reader, event::Event};
use database::connect_to_write;
use diesel::{QueryableByName, sql_query, sql_types::BigInt};
use diesel_async::RunQueryDsl;
use persister::store::{Attempt, persist};
use test_support::{Database, message};

use crate::support::event;

/// A plan that is cached while the tables are empty must not scan them once they have grown.
#[tokio::test(flavor = "multi_thread")]
async fn kept_plans_scan_no_table() {
    let database = Database::create().await;
    let mut connection = connect_to_write(&database.settings()).await.unwrap();
    for _ in 0..12 {
        let messages: Vec<_> =
            (0..200).map(|number| message(&format!("p{number}"), "hello")).collect();
        let marks = messages.iter().map(|message| {
            Event::ReadMark(ReadMark {
                player_id: message.player_id.clone(),
                reader: Reader::Player,
                mark: Mark::Read,
                message_ids: vec![message.message_id],
                accepted_at: message.accepted_at,
                staff_only: false,
            })
        });
        let events: Vec<_> = messages.iter().map(event).chain(marks).collect();
        persist(&mut connection, &events, &Attempt::default()).await.unwrap();
    }

    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(sql_type = BigInt)]
        generic_plans: i64,
        #[diesel(sql_type = BigInt)]
        scans: i64,
    }
    sql_query("SELECT pg_stat_force_next_flush()").execute(&mut connection).await.unwrap();
    let counted = "SELECT
            (SELECT sum(generic_plans)::bigint FROM pg_prepared_statements
             WHERE cardinality(parameter_types) > 0) AS generic_plans,
            (SELECT sum(seq_scan)::bigint FROM pg_stat_user_tables
             WHERE relname LIKE 'chat\\_%') AS scans";
    let counted: Counted = sql_query(counted).get_result(&mut connection).await.unwrap();
    assert!(counted.generic_plans > 12, "no plan was kept");
    assert_eq!(counted.scans, 0);
}
