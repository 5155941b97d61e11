//! Sessions that the system assigns.

use std::collections::HashMap;

use broker::ConsumerKind;
use chat::{
    Message, Priority, RequestedStatus, SenderType, SessionAction, SessionState, event::Event,
};
use database::connect_to_write;
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use persister::assigner::queries;
use test_support::{Api, Database, Proxy, System, eventually, message_at, status_change};

use crate::support::{
    assignee, change, event, publish_each, publish_together, session_change, staff, system,
};

const ON: &str = "--auto-assign=on";

/// `seconds` ago, in microseconds since the epoch.
fn ago(seconds: i64) -> i64 {
    chat::now().timestamp_micros() - seconds * 1_000_000
}

/// A player's message, which opens a session, `seconds` ago.
fn opening(player: &str, seconds: i64) -> Event {
    event(&message_at(player, SenderType::Player, "hello", ago(seconds)))
}

/// The event that gives a session to a member of the staff, or takes it away, and such changes.
fn desk(player: &str, what: SessionAction, seconds: i64) -> Event {
    Event::SessionChange(Box::new(session_change(player, "lead", what, ago(seconds))))
}

fn resolved(player: &str) -> Event {
    change(&status_change(player, RequestedStatus::Resolved, ago(0)))
}

/// Writes the events, before the system assigns.
async fn written(system: &System, events: impl IntoIterator<Item = Event>) {
    publish_together(system, events).await;
    system.work_off(1).await;
}

/// Adds a member of the staff who was seen `seconds` ago.
async fn add_member(system: &System, id: &str, teams: &str, status: &str, seconds: i64) {
    let member = format!(
        "INSERT INTO chat_staff (id, name, teams, status, seen_at)
         VALUES ('{id}', 'The name of {id}', '{teams}', '{status}',
                 now() - {seconds} * interval '1 second')"
    );
    system.database.run(&member).await;
}

/// The open sessions with an assignee, each as `player:assignee`.
async fn assigned(system: &System) -> Vec<String> {
    let sessions = "SELECT player_id || ':' || assignee_id AS text FROM chat_sessions
        WHERE resolved_at IS NULL AND assignee_id IS NOT NULL ORDER BY player_id";
    system.database.texts(sessions).await
}

async fn until_assigned(system: &System, expected: &[&str]) {
    eventually(&format!("{expected:?} are assigned"), async || {
        (assigned(system).await == expected).then_some(())
    })
    .await;
}

/// Waits until a persister holds the lock of those that assign.
async fn until_one_assigns(system: &System) {
    let locks = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted";
    eventually("a persister assigns", async || {
        (system.database.number(locks).await == 1).then_some(())
    })
    .await;
}

/// The last state of each session that was announced since the last call, by player.
async fn announced(system: &System) -> HashMap<String, SessionState> {
    let events = system.broker.drain_events(ConsumerKind::Broadcaster).await;
    let mut states: HashMap<String, SessionState> = HashMap::new();
    for event in events {
        let Event::SessionUpdated(state) = event else { continue };
        let player = state.player_id.to_string();
        if states.get(&player).is_none_or(|known| known.version <= state.version) {
            states.insert(player, *state);
        }
    }
    states
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_sessions_are_shared_among_the_free_and_the_next_one_follows_a_resolution() {
    let system = system().await;
    // The last one is the oldest.
    let player = |number: i64| format!("p{number:02}");
    written(&system, (1..=20).map(|number| opening(&player(number), 100 + number))).await;
    announced(&system).await;
    for id in ["ada", "bea", "grace"] {
        add_member(&system, id, "{}", "online", 0).await;
    }
    let persister = system.persister_with(&[ON]).ready().await;
    eventually("15 sessions are assigned", async || {
        (assigned(&system).await.len() == 15).then_some(())
    })
    .await;
    let assigned_now = assigned(&system).await;
    let players: Vec<_> = assigned_now.iter().map(|text| &text[..3]).collect();
    assert_eq!(players, (6..=20).map(player).collect::<Vec<_>>());
    for id in ["ada", "bea", "grace"] {
        let of_member = assigned_now.iter().filter(|text| text.ends_with(id)).count();
        assert_eq!(of_member, 5, "{id}: {assigned_now:?}");
    }
    let api = persister.api();
    let metric = r#"chat_persister_assigned_total{reason="auto"}"#;
    until_metric(&api, metric, 15).await;

    publish_each(&system, [resolved("p20")]).await;
    eventually("the oldest waiting session is assigned", async || {
        assigned(&system).await.iter().any(|text| text.starts_with("p05:")).then_some(())
    })
    .await;
    until_metric(&api, metric, 16).await;
    assert_eq!(assigned(&system).await.len(), 15);
    persister.stop().await;

    let states = announced(&system).await;
    for text in assigned(&system).await {
        let (player, id) = text.split_once(':').unwrap();
        let staff = &states[player].staff;
        assert_eq!(staff.assignee_id.as_ref().unwrap().as_str(), id);
        assert_eq!(staff.assignee_name.as_ref().unwrap().as_str(), format!("The name of {id}"));
    }
    let others = "SELECT count(*) FROM chat_assignments
        WHERE reason <> 'auto' OR by_id IS NOT NULL OR accepted_at > now()";
    assert_eq!(system.database.number(others).await, 0);
}

async fn until_metric(api: &Api, metric: &str, value: u64) {
    eventually(&format!("{metric} is {value}"), async || {
        (api.metric(metric).await == value).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn priority_team_and_the_last_session_decide_and_who_is_away_gets_nothing() {
    let system = system().await;
    let low = SessionAction::Priority(Priority::Low);
    let urgent = SessionAction::Priority(Priority::Urgent);
    let payments = SessionAction::Route("payments".to_owned().try_into().unwrap());
    written(
        &system,
        [
            // Grace had the last session of p1, and two others now.
            opening("p1", 500),
            desk("p1", SessionAction::Claim(assignee("grace")), 490),
            opening("p8", 500),
            desk("p8", SessionAction::Claim(assignee("grace")), 490),
            opening("p9", 500),
            desk("p9", SessionAction::Claim(assignee("grace")), 490),
            change(&status_change("p1", RequestedStatus::Resolved, ago(480))),
            opening("p1", 400),
            // The oldest has the lowest priority, and the youngest the highest.
            opening("p2", 300),
            desk("p2", low, 299),
            opening("p3", 200),
            opening("p4", 100),
            desk("p4", urgent, 99),
            // Only bea is of its team.
            opening("p5", 300),
            desk("p5", payments, 299),
        ],
    )
    .await;
    add_member(&system, "ada", "{}", "online", 0).await;
    add_member(&system, "bea", "{payments}", "online", 0).await;
    add_member(&system, "grace", "{}", "online", 0).await;
    add_member(&system, "away", "{payments}", "away", 0).await;
    add_member(&system, "unseen", "{payments}", "online", 200).await;
    // Ada takes two, bea one of her team; grace keeps two and takes p1.
    let capacities = "UPDATE chat_staff SET capacity = CASE id
        WHEN 'ada' THEN 2 WHEN 'bea' THEN 1 WHEN 'grace' THEN 3 ELSE 9 END";
    system.database.run(capacities).await;
    // A session of bea's team is the only one that she can take.
    let persister = system.persister_with(&[ON]).ready().await;
    let api = persister.api();
    until_metric(&api, r#"chat_persister_assigned_total{reason="sticky"}"#, 1).await;
    until_metric(&api, r#"chat_persister_assigned_total{reason="auto"}"#, 3).await;
    // Urgent first: p4 to ada (by id), then p5 to bea, then p1 to grace, then p3 to ada.
    let expected = ["p1:grace", "p3:ada", "p4:ada", "p5:bea", "p8:grace", "p9:grace"];
    until_assigned(&system, &expected).await;
    until_metric(&api, "chat_persister_pile_sessions", 1).await;
    persister.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_wait_for_who_left_go_to_others_and_answered_ones_stay() {
    let system = system().await;
    let answer = |player: &str| {
        let by_staff = message_at(player, SenderType::Staff, "hello", ago(80));
        event(&Message { sender_id: Some(staff("ada")), ..by_staff })
    };
    written(
        &system,
        ["p1", "p2", "p3", "p4"].into_iter().flat_map(|player| {
            let id = if player < "p3" { "ada" } else { "bea" };
            [opening(player, 100), desk(player, SessionAction::Assign(assignee(id)), 90)]
        }),
    )
    .await;
    written(&system, [answer("p2"), answer("p4")]).await;
    add_member(&system, "ada", "{}", "online", 271).await;
    add_member(&system, "bea", "{}", "reassign", 0).await;
    add_member(&system, "grace", "{}", "online", 0).await;
    announced(&system).await;
    let persister = system.persister_with(&[ON]).ready().await;
    until_assigned(&system, &["p1:grace", "p2:ada", "p3:grace", "p4:bea"]).await;
    until_metric(&persister.api(), r#"chat_persister_assigned_total{reason="gone"}"#, 2).await;
    persister.stop().await;
    let released = "SELECT assignee_id || ':' || player_id AS text FROM chat_assignments
        WHERE action = 'release' AND reason = 'gone' AND by_id IS NULL ORDER BY 1";
    assert_eq!(system.database.texts(released).await, ["ada:p1", "bea:p3"]);
    let states = announced(&system).await;
    assert_eq!(states["p1"].staff.assignee_id, Some(staff("grace")));
    assert!(!states.contains_key("p2"), "{states:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_persister_assigns_and_after_it_was_killed_another_one_goes_on() {
    let system = system().await;
    written(&system, [opening("p1", 100)]).await;
    let first = system.persister_with(&[ON]).ready().await;
    until_metric(&first.api(), "chat_persister_pile_sessions", 1).await;
    let second = system.persister_with(&[ON]).ready().await;
    add_member(&system, "ada", "{}", "online", 0).await;
    until_assigned(&system, &["p1:ada"]).await;
    until_metric(&first.api(), r#"chat_persister_assigned_total{reason="auto"}"#, 1).await;
    until_one_assigns(&system).await;
    first.kill().await;
    publish_each(&system, [opening("p2", 50)]).await;
    until_assigned(&system, &["p1:ada", "p2:ada"]).await;
    until_metric(&second.api(), r#"chat_persister_assigned_total{reason="auto"}"#, 1).await;
    second.stop().await;
    let claims = "SELECT count(*) FROM chat_assignments";
    assert_eq!(system.database.number(claims).await, 2);
}

/// It died between its commit and the confirm of its announcement.
#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_that_was_not_announced_is_announced_by_the_next_assigner() {
    let system = system().await;
    written(&system, [opening("p1", 100), opening("p2", 90)]).await;
    announced(&system).await;
    add_member(&system, "ada", "{}", "online", 0).await;
    let proxy = Proxy::start(&system.broker.server(), false).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let persister = system.persister_with(&[ON, &through, "--shutdown-timeout=1s"]);
    // It takes the next one only after the confirm.
    until_assigned(&system, &["p1:ada"]).await;
    persister.stop().await;
    assert_eq!(assigned(&system).await, ["p1:ada"]);
    let persister = system.persister_with(&[ON]).ready().await;
    until_assigned(&system, &["p1:ada", "p2:ada"]).await;
    persister.stop().await;
    let states = announced(&system).await;
    for player in ["p1", "p2"] {
        assert_eq!(states[player].staff.assignee_id, Some(staff("ada")), "{player}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn assigning_goes_on_after_an_outage_of_the_database() {
    let system = system().await;
    let proxy = Proxy::start(&system.database.server(), true).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let persister = system.persister_with(&[ON, &through]).ready().await;
    until_one_assigns(&system).await;
    proxy.take_away();
    let api = persister.api();
    eventually("the assigner reports the outage", async || {
        let ready = api.get("/health/ready").await;
        (ready.json["dependencies"]["assigner-database"] == "down").then_some(())
    })
    .await;
    publish_each(&system, [opening("p1", 100)]).await;
    add_member(&system, "ada", "{}", "online", 0).await;
    proxy.bring_back();
    until_assigned(&system, &["p1:ada"]).await;
    persister.stop().await;
}

#[derive(QueryableByName)]
struct PlanLine {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

/// 200,000 sessions, of which 60,000 are open: 50,000 of these wait in the pile of five teams and of
/// none, and 10,000 are those of 2,000 members.
#[tokio::test(flavor = "multi_thread")]
async fn the_assigner_reads_large_tables_by_their_indexes() {
    let database = Database::create().await;
    for statement in [
        "INSERT INTO chat_conversations (player_id, last_seq, counted_seq, session_id, waiting_since)
         SELECT 'p' || n, 1, 1, md5('session' || n)::uuid,
             CASE WHEN n % 2 = 0 THEN to_timestamp(n) END
         FROM generate_series(1, 60000) AS n",
        "INSERT INTO chat_sessions (id, player_id, status, opened_at, last_message_at, priority, team,
             assignee_id, assigned_at)
         SELECT session_id, player_id, 'pending', to_timestamp(n), to_timestamp(n), n % 3,
             CASE WHEN n % 6 > 0 THEN 'team' || n % 6 END,
             CASE WHEN n <= 10000 THEN 'staff' || n % 2000 END,
             CASE WHEN n <= 10000 THEN to_timestamp(n) END
         FROM chat_conversations, substr(player_id, 2) AS digits, CAST(digits AS int) AS n",
        "INSERT INTO chat_sessions (id, player_id, status, opened_at, last_message_at, resolved_at)
         SELECT gen_random_uuid(), 'p' || (n % 60000 + 1), 'resolved', 'epoch', 'epoch',
             to_timestamp(n / 1000000.0)
         FROM generate_series(1, 140000) AS n",
        "INSERT INTO chat_assignments (player_id, id, action, assignee_id, reason, accepted_at)
         SELECT 'p' || (n % 60000 + 1), gen_random_uuid(), 'claim', 'ada', 'auto', to_timestamp(n)
         FROM generate_series(1, 100000) AS n",
        "VACUUM ANALYZE chat_sessions",
        "ANALYZE",
    ] {
        database.run(statement).await;
    }
    let connection = &mut connect_to_write(&database.settings()).await.unwrap();
    let ids: Vec<_> = (0..200).map(|number| format!("staff{number}")).collect();
    let players: Vec<_> = (0..100).map(|number| format!("p{}", number * 500 + 1)).collect();
    let (pile, own) = ("chat_sessions_pile", "chat_sessions_assigned");
    for (statement, index) in [
        (queries::PILE_OF_TEAM, pile),
        (queries::PILE_OF_NO_TEAM, pile),
        (queries::COUNT_PILE, pile),
        (queries::RECENTLY_RELEASED, pile),
        (queries::OPEN_SESSIONS, own),
        (queries::SESSIONS_TO_RELEASE, own),
        (queries::RECENTLY_ASSIGNED, own),
        (queries::FORMER_ASSIGNEES, "chat_sessions_resolved"),
    ] {
        let plan = explain(connection, statement, &ids, &players).await;
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{statement}\n{plan}");
        let is_ordered = statement.contains("priority DESC");
        if is_ordered {
            // As many rows as are asked for, in the order of the index.
            assert!(!plan.contains("Sort"), "{statement}\n{plan}");
            assert!(plan.contains("actual rows=15"), "{statement}\n{plan}");
        }
    }
}

async fn explain(
    connection: &mut AsyncPgConnection,
    statement: &str,
    ids: &[String],
    players: &[String],
) -> String {
    let explained = format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement}");
    let query = sql_query(explained);
    let (count, since) = (15_i64, chat::now());
    let rows: Vec<PlanLine> = match statement {
        queries::PILE_OF_TEAM => {
            query.bind::<BigInt, _>(count).bind::<Text, _>("team1").load(connection).await
        }
        queries::PILE_OF_NO_TEAM => query.bind::<BigInt, _>(count).load(connection).await,
        queries::COUNT_PILE => query.load(connection).await,
        queries::RECENTLY_RELEASED => query.bind::<Timestamptz, _>(since).load(connection).await,
        queries::RECENTLY_ASSIGNED => {
            let query = query.bind::<Timestamptz, _>(since).bind::<Array<Text>, _>(ids);
            query.load(connection).await
        }
        queries::SESSIONS_TO_RELEASE => {
            query.bind::<Array<Text>, _>(ids).bind::<BigInt, _>(count).load(connection).await
        }
        queries::FORMER_ASSIGNEES => query.bind::<Array<Text>, _>(players).load(connection).await,
        _ => query.bind::<Array<Text>, _>(ids).load(connection).await,
    }
    .unwrap();
    rows.into_iter().map(|row| row.line + "\n").collect()
}
