use chat::{Mark, Priority, ReadMark, Reader, SenderType, SessionAction, event::Event};
use database::connect_to_write;
use diesel::{QueryableByName, sql_query, sql_types::BigInt};
use diesel_async::RunQueryDsl;
use persister::{
    staff_facts::RepliesClaim,
    store::{Attempt, persist},
};
use test_support::{Database, message, message_at};

use crate::support::{event, note, session_change, staff};

/// A plan that is cached while the tables are empty must not scan them once they have grown.
#[tokio::test(flavor = "multi_thread")]
async fn kept_plans_scan_no_table() {
    let database = Database::create().await;
    let mut connection = connect_to_write(&database.settings()).await.unwrap();
    let attempt = Attempt::default().with_replies(RepliesClaim::Yes);
    let mut released_at = None;
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
        let staff_events = messages.iter().flat_map(|message| {
            let (player, at) = (message.player_id.as_str(), message.accepted_at.timestamp_micros());
            let mut answer = message_at(player, SenderType::Staff, "hello", at + 1);
            answer.sender_id = Some(staff("ada"));
            let noted = Event::Note(Box::new(note(player, "ada", "asked again", at)));
            // The release was accepted before stored answers and changes.
            let release = SessionAction::Release { team: None, from: None };
            let release = session_change(player, "ada", release, released_at.unwrap_or(at));
            let priority = SessionAction::Priority(Priority::High);
            let priority = session_change(player, "ada", priority, at + 1);
            let changes = [release, priority].map(Box::new).map(Event::SessionChange);
            [event(&answer), noted].into_iter().chain(changes)
        });
        let staff_events: Vec<_> = staff_events.collect();
        let events: Vec<_> = messages.iter().map(event).chain(marks).chain(staff_events).collect();
        persist(&mut connection, &events, &attempt).await.unwrap();
        released_at.get_or_insert_with(|| chat::now().timestamp_micros());
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
