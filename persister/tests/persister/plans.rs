use chat::event::Event;
use database::connect_to_write;
use diesel::{QueryableByName, sql_query, sql_types::BigInt};
use diesel_async::RunQueryDsl;
use persister::store::{Attempt, persist};
use test_support::{Database, message};

use crate::support::event;

/// A plan that is cached while the tables are nearly empty scans them whole until their next
/// analysis.
#[tokio::test(flavor = "multi_thread")]
async fn statements_are_planned_anew_while_the_tables_grow() {
    let database = Database::create().await;
    let mut connection = connect_to_write(&database.settings()).await.unwrap();
    // PostgreSQL may cache a plan from the sixth execution on.
    for _ in 0..12 {
        let events: Vec<Event> =
            (0..200).map(|number| event(&message(&format!("p{number}"), "hello"))).collect();
        persist(&mut connection, &events, &Attempt::default()).await.unwrap();
    }

    #[derive(QueryableByName)]
    struct Plans {
        #[diesel(sql_type = BigInt)]
        made: i64,
        #[diesel(sql_type = BigInt)]
        kept: i64,
    }
    let plans = "SELECT sum(custom_plans)::bigint AS made, sum(generic_plans)::bigint AS kept
        FROM pg_prepared_statements WHERE cardinality(parameter_types) > 0";
    let plans: Plans = sql_query(plans).get_result(&mut connection).await.unwrap();
    assert!(plans.made > 12, "statements are prepared once");
    assert_eq!(plans.kept, 0);
}
