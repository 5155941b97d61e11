//! What staff keeps about a session: its assignee, its team, its tags and its priority.

use chat::{
    Intake, Priority, RequestedStatus, SenderType, SessionAction, SessionChange, SessionState,
    SessionStatus, StatusChange, Tag, event::Event,
};
use diesel_async::AsyncPgConnection;
use persister::{
    staff_facts::RepliesClaim,
    store::{Attempt, Outcome, persist},
};
use test_support::{Database, message_at, status_change};
use uuid::Uuid;

use crate::support::{assignee, change, event, session_change, staff};

use SenderType::{Player, Staff};

fn question(at: i64) -> Event {
    event(&message_at("p1", Player, "help", at))
}

fn answer(by: &str, at: i64) -> Event {
    let mut message = message_at("p1", Staff, "hello", at);
    message.sender_id = Some(staff(by));
    event(&message)
}

fn resolution(at: i64) -> Event {
    change(&status_change("p1", RequestedStatus::Resolved, at))
}

fn desk(change: &SessionChange) -> Event {
    Event::SessionChange(Box::new(change.clone()))
}

fn claim(by: &str, at: i64) -> SessionChange {
    session_change("p1", by, SessionAction::Claim(assignee(by)), at)
}

fn release(at: i64) -> SessionChange {
    session_change("p1", "lead", SessionAction::Release { team: None, from: None }, at)
}

fn tags(add: &[&str], remove: &[&str], at: i64) -> SessionChange {
    let tags = |names: &[&str]| {
        names.iter().map(|name| Tag::try_from((*name).to_owned()).unwrap()).collect()
    };
    let what = SessionAction::Tags { add: tags(add), remove: tags(remove) };
    session_change("p1", "ada", what, at)
}

/// Persists the events, in one batch, with replies that claim.
async fn write(connection: &mut AsyncPgConnection, events: &[Event]) -> Outcome {
    let attempt = Attempt::default().with_replies(RepliesClaim::Yes);
    persist(connection, events, &attempt).await.unwrap()
}

/// Persists the events, each in a batch of its own, and returns the last outcome.
async fn write_each(connection: &mut AsyncPgConnection, events: &[Event]) -> Outcome {
    let mut last = Outcome::default();
    for event in events {
        last = write(connection, std::slice::from_ref(event)).await;
    }
    last
}

/// The sessions by time, each as `status assignee since team tags priority`.
async fn sessions(database: &Database) -> Vec<String> {
    let query = "SELECT concat_ws(' ', status, assignee_id,
             (extract(epoch FROM assigned_at) * 1000000)::bigint, team,
             array_to_string(tags, ','), nullif(priority, 0)) AS text
         FROM chat_sessions ORDER BY opened_at";
    database.texts(query).await.iter().map(|session| session.trim_end().to_owned()).collect()
}

fn only(outcome: &Outcome) -> &SessionState {
    let [session] = outcome.session_updates.as_slice() else { panic!("{outcome:?}") };
    session
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_claims_the_one_that_was_accepted_first_assigns_the_session() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let claims: Vec<_> = (0..50).map(|n| desk(&claim(&format!("staff-{n}"), 100 - n))).collect();
    write(&mut connection, &[question(10)]).await;
    write(&mut connection, &claims[..20]).await;
    assert_eq!(sessions(&database).await, ["active staff-19 81"]);
    let outcome = write_each(&mut connection, &claims[20..]).await;
    assert_eq!(sessions(&database).await, ["active staff-49 51"]);
    // Each correction has a higher version: the opening, the first batch, and 30 earlier claims.
    assert_eq!(only(&outcome).version, 32);
    assert_eq!(only(&outcome).staff.assignee_name, assignee("staff-49").name);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_session_without_an_answer_is_pending_again() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let ada = desk(&claim("ada", 20));
    write_each(&mut connection, &[question(10), ada, desk(&release(30))]).await;
    assert_eq!(sessions(&database).await, ["pending"]);
    // The claim is later than the release, though it arrives first.
    let [late, early] = [desk(&claim("bo", 50)), desk(&release(40))];
    write_each(&mut connection, &[late, early]).await;
    assert_eq!(sessions(&database).await, ["active bo 50"]);
    let to_payments = SessionAction::Release {
        team: Some("payments".to_owned().try_into().unwrap()),
        from: Some(staff("bo")),
    };
    let others = SessionAction::Release { team: None, from: Some(staff("ada")) };
    write(&mut connection, &[desk(&session_change("p1", "lead", others, 60))]).await;
    assert_eq!(sessions(&database).await, ["active bo 50"]);
    write(&mut connection, &[desk(&session_change("p1", "lead", to_payments, 70))]).await;
    assert_eq!(sessions(&database).await, ["pending payments"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_resolved_session_is_stale() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let opened = write(&mut connection, &[question(10)]).await;
    write(&mut connection, &[resolution(20)]).await;
    for late in [
        claim("ada", 30),
        SessionChange { session_id: Some(only(&opened).id), ..claim("ada", 31) },
        SessionChange { session_id: Some(only(&opened).id), ..tags(&["refund"], &[], 32) },
    ] {
        for _ in 0..2 {
            // The second is a redelivery.
            let outcome = write(&mut connection, &[desk(&late)]).await;
            assert_eq!(only(&outcome).staff.stale_change_ids, [late.change_id]);
        }
    }
    assert_eq!(sessions(&database).await, ["resolved"]);
    // This one was accepted before the resolution.
    let outcome = write(&mut connection, &[desk(&claim("bo", 15))]).await;
    assert_eq!(only(&outcome).staff.stale_change_ids, [] as [Uuid; 0]);
    assert_eq!(sessions(&database).await, ["resolved bo 15"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_change_announces_its_session_and_another_of_its_id_is_not_written() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let ada = claim("ada", 20);
    let first = write_each(&mut connection, &[question(10), desk(&ada)]).await;
    let again = write(&mut connection, &[desk(&ada)]).await;
    assert_eq!((again.duplicates, again.audited), (1, 0));
    assert_eq!(again.session_updates, first.session_updates);
    let what = SessionAction::Priority(Priority::Urgent);
    let other = SessionChange { what, ..ada.clone() };
    let outcome = write(&mut connection, &[desk(&other)]).await;
    assert_eq!((outcome.conflicting_changes, outcome.duplicates), (1, 0));
    assert_eq!(sessions(&database).await, ["active ada 20"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_change_of_a_tag_and_of_the_priority_counts() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let priority =
        |priority, at| desk(&session_change("p1", "ada", SessionAction::Priority(priority), at));
    let events = [
        question(10),
        priority(Priority::Urgent, 40),
        desk(&tags(&["refund", "vip"], &[], 20)),
        desk(&tags(&["spam"], &["vip"], 50)),
        desk(&tags(&["vip"], &["refund"], 30)),
        priority(Priority::Low, 35),
    ];
    write_each(&mut connection, &events).await;
    assert_eq!(sessions(&database).await, ["pending spam 2"]);
    let many: Vec<_> = (0..25).map(|n| format!("tag-{n:02}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    write(&mut connection, &[desk(&tags(&many, &["spam"], 60))]).await;
    assert_eq!(database.number("SELECT cardinality(tags) FROM chat_sessions").await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_claims_a_session_that_has_no_assignee_at_that_point() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    write_each(&mut connection, &[question(10), answer("ada", 20), answer("bo", 30)]).await;
    assert_eq!(sessions(&database).await, ["active ada 20"]);
    // The release was accepted before bo's stored answer.
    write(&mut connection, &[desk(&release(25))]).await;
    assert_eq!(sessions(&database).await, ["active bo 30"]);
    write(&mut connection, &[desk(&claim("cy", 15))]).await;
    assert_eq!(sessions(&database).await, ["active bo 30"]);
    write(&mut connection, &[desk(&release(40))]).await;
    assert_eq!(sessions(&database).await, ["active"]);
    let claims = "SELECT concat_ws(' ', assignee_id, reason) AS text FROM chat_assignments
        WHERE action = 'claim' ORDER BY accepted_at";
    assert_eq!(database.texts(claims).await, ["cy claim", "ada reply", "bo reply"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_routes_the_session_that_its_message_opens() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let asks = |topic: &str, at| {
        let mut message = message_at("p1", Player, "help", at);
        message.intake = Some(Box::new(Intake {
            topic: Some(topic.to_owned().try_into().unwrap()),
            language: Some("de".to_owned().try_into().unwrap()),
        }));
        event(&message)
    };
    write_each(&mut connection, &[asks("payments", 20), asks("appeals", 30)]).await;
    assert_eq!(sessions(&database).await, ["pending payments"]);
    // This one was accepted first.
    let outcome = write(&mut connection, &[asks("appeals", 10)]).await;
    assert_eq!(sessions(&database).await, ["pending appeals"]);
    assert_eq!(only(&outcome).staff.language, Some("de".to_owned().try_into().unwrap()));
    let release =
        SessionAction::Release { team: Some("fraud".to_owned().try_into().unwrap()), from: None };
    write(&mut connection, &[desk(&session_change("p1", "lead", release, 15))]).await;
    assert_eq!(sessions(&database).await, ["pending fraud"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_resolution_divides_the_changes_between_the_two_sessions() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let events = [
        question(10),
        desk(&claim("ada", 20)),
        question(40),
        desk(&tags(&["refund"], &[], 45)),
        answer("bo", 50),
    ];
    write_each(&mut connection, &events).await;
    assert_eq!(sessions(&database).await, ["active ada 20 refund"]);
    write(&mut connection, &[resolution(30)]).await;
    assert_eq!(sessions(&database).await, ["resolved ada 20", "active bo 50 refund"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_to_active_claims_for_its_author_and_a_reopening_assigns() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let taken = |by: &str, at| StatusChange {
        actor_id: Some(staff(by)),
        ..status_change("p1", RequestedStatus::Active, at)
    };
    let opened = write(&mut connection, &[question(10)]).await;
    write_each(&mut connection, &[change(&taken("ada", 30)), change(&taken("bo", 20))]).await;
    assert_eq!(sessions(&database).await, ["active bo 20"]);
    let reopening = StatusChange { session_id: Some(only(&opened).id), ..taken("cy", 50) };
    let outcome = write_each(&mut connection, &[resolution(40), change(&reopening)]).await;
    assert_eq!(only(&outcome).status, SessionStatus::Active);
    assert_eq!(sessions(&database).await, ["active cy 50"]);
    // A late claim does not take it from the author of the reopening.
    write(&mut connection, &[desk(&claim("dee", 45))]).await;
    assert_eq!(sessions(&database).await, ["active cy 50"]);
}

/// The author of such a change is unknown: the session has no assignee, and stays active.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_taken_by_an_unknown_author_stays_active_when_it_is_released() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let taken = change(&status_change("p1", RequestedStatus::Active, 20));
    write_each(&mut connection, &[question(10), taken, desk(&claim("ada", 30))]).await;
    assert_eq!(sessions(&database).await, ["active ada 30"]);
    write(&mut connection, &[desk(&release(40))]).await;
    assert_eq!(sessions(&database).await, ["active"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redelivered_change_to_active_leaves_a_released_session_pending() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let taken = change(&StatusChange {
        actor_id: Some(staff("ada")),
        ..status_change("p1", RequestedStatus::Active, 20)
    });
    write_each(&mut connection, &[question(10), taken.clone(), desk(&release(30))]).await;
    write_each(&mut connection, &[taken, question(15)]).await;
    assert_eq!(sessions(&database).await, ["pending"]);
}
