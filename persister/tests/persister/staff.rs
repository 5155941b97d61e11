//! The members of the staff at their desks.

use chat::{Availability, StaffAvailability, event::Event};
use chrono::DateTime;
use diesel_async::AsyncPgConnection;
use persister::store::{Attempt, persist};
use test_support::Database;

/// An availability that was accepted `micros` after the epoch.
fn availability(id: &str, availability: Availability, micros: i64) -> StaffAvailability {
    StaffAvailability {
        staff_id: id.to_owned().try_into().unwrap(),
        name: Some(format!("{id} at {micros}").try_into().unwrap()),
        teams: Vec::new(),
        capacity: None,
        availability,
        accepted_at: DateTime::from_timestamp_micros(micros).unwrap(),
    }
}

async fn write(connection: &mut AsyncPgConnection, availabilities: &[StaffAvailability]) {
    let event =
        |availability: &StaffAvailability| Event::StaffAvailability(Box::new(availability.clone()));
    let events: Vec<_> = availabilities.iter().map(event).collect();
    persist(connection, &events, &Attempt::default()).await.unwrap();
}

/// The members, each as `name:status:teams:capacity`.
async fn members(database: &Database) -> Vec<String> {
    let members =
        "SELECT concat_ws(':', name, status, array_to_string(teams, '+'), capacity) AS text
        FROM chat_staff ORDER BY id";
    database.texts(members).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_availability_counts_in_any_order_of_arrival() {
    let (early, late) = (
        availability("ada", Availability::Online, 10),
        availability("ada", Availability::Away, 20),
    );
    let grace = availability("grace", Availability::Reassign, 15);
    for batches in [
        vec![vec![early.clone(), late.clone(), grace.clone()]],
        vec![vec![grace.clone(), late.clone(), early.clone()]],
        vec![vec![late.clone()], vec![early.clone()], vec![grace.clone(), early.clone()]],
    ] {
        let database = Database::create().await;
        let connection = &mut database.connect().await;
        for batch in &batches {
            write(connection, batch).await;
        }
        assert_eq!(members(&database).await, ["ada at 20:away:", "grace at 15:reassign:"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_and_capacity_are_stored_and_a_time_ahead_becomes_the_databases() {
    let database = Database::create().await;
    let connection = &mut database.connect().await;
    let ahead = chat::now() + chrono::TimeDelta::hours(1);
    let teams = ["appeals", "payments"].map(|team| team.to_owned().try_into().unwrap());
    let ada = StaffAvailability {
        name: None,
        teams: teams.to_vec(),
        capacity: Some(u16::MAX),
        ..availability("ada", Availability::Online, ahead.timestamp_micros())
    };
    write(connection, &[ada]).await;
    assert_eq!(members(&database).await, ["online:appeals+payments:32767"]);
    let ahead = "SELECT count(*) FROM chat_staff WHERE seen_at > clock_timestamp()";
    assert_eq!(database.number(ahead).await, 0);
    // The next one counts.
    let away = availability("ada", Availability::Away, chat::now().timestamp_micros());
    write(connection, &[away]).await;
    assert!(members(&database).await[0].contains(":away:"));
}
