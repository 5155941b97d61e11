use diesel::sql_query;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use test_support::{Api, System, eventually};

async fn until_in_inbox(api: &Api, query: &str, players: &[&str]) -> Value {
    eventually(&format!("{players:?} in the inbox {query}"), async || {
        let page = api.inbox(query).await.json;
        let found: Vec<_> = page["conversations"]
            .as_array()?
            .iter()
            .map(|conversation| conversation["playerId"].as_str().unwrap().to_owned())
            .collect();
        (found == players).then_some(page)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn inbox_lists_each_conversation_once_and_the_latest_first() {
    let system = System::new().await;
    let (gateway, _persister) = (system.gateway().await, system.persister().await);
    let api = gateway.api();
    for (player, content) in [("p1", "a"), ("p2", "b"), ("p3", "c"), ("p1", "d")] {
        assert_eq!(api.send_as_player(player, content).await.status, 202);
    }
    let page = until_in_inbox(&api, "", &["p1", "p3", "p2"]).await;
    let first = &page["conversations"][0];
    assert_eq!(first["lastMessage"]["content"], "d");
    assert_eq!(first["unansweredCount"], 2);
    assert_eq!(first["session"]["status"], "pending");

    api.send_as_staff("p1", "answer").await;
    api.send_as_player("p1", "thanks").await;
    api.change_status("p2", "resolved").await;
    let page = until_in_inbox(&api, "status=active", &["p1"]).await;
    assert_eq!(page["conversations"][0]["session"]["status"], "active");
    eventually("one is unanswered", async || {
        let page = api.inbox("status=active").await.json;
        (page["conversations"][0]["unansweredCount"] == 1).then_some(())
    })
    .await;
    let resolved = until_in_inbox(&api, "status=resolved", &["p2"]).await;
    assert_eq!(resolved["conversations"][0]["unansweredCount"], 0);
    until_in_inbox(&api, "status=pending,active", &["p1", "p3"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inbox_is_complete_over_its_pages() {
    let system = System::new().await;
    let (gateway, _persister) = (system.gateway().await, system.persister().await);
    let api = gateway.api();
    let mut expected: Vec<_> = (0..7).map(|number| format!("p{number}")).collect();
    for player in &expected {
        assert_eq!(api.send_as_player(player, "hello").await.status, 202);
    }
    api.send_as_staff("p3", "hello").await;
    expected.retain(|player| player != "p3");
    expected.push("p3".to_owned());
    expected.reverse();
    let players: Vec<_> = expected.iter().map(String::as_str).collect();
    until_in_inbox(&api, "", &players).await;

    let (mut found, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page = api.inbox(&query).await.json;
        let conversations = page["conversations"].as_array().unwrap();
        assert!(conversations.len() <= 2);
        found.extend(conversations.iter().map(|conversation| conversation["playerId"].clone()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        query = format!("limit=2&cursor={cursor}");
    }
    assert_eq!(found, expected.iter().map(|player| json!(player)).collect::<Vec<_>>());
}

/// Creates `count` pending conversations in random order, the n-th of which has waited since n
/// seconds after the epoch.
async fn fill(system: &System, count: i64) {
    let (session, message) = ("md5('session' || n)::uuid", "md5('message' || n)::uuid");
    let numbers = format!("FROM generate_series(1, {count}) AS n ORDER BY md5(n::text)");
    for statement in [
        format!(
            "INSERT INTO chat_conversations (player_id, last_seq, counted_seq, session_id, status,
                 last_message_id, last_message_at, unanswered, waiting_since)
             SELECT 'p' || n, 1, 1, {session}, 'pending', {message}, now(), 1, to_timestamp(n)
             {numbers}"
        ),
        format!(
            "INSERT INTO chat_sessions (id, player_id, status, opened_at, last_message_at)
             SELECT {session}, 'p' || n, 'pending', to_timestamp(n), now() {numbers}"
        ),
        format!(
            "INSERT INTO chat_messages
                 (id, session_id, player_id, seq, sender_type, content, accepted_at)
             SELECT {message}, {session}, 'p' || n, 1, 'player', 'hello', to_timestamp(n) {numbers}"
        ),
    ] {
        system.database.run(&statement).await;
    }
}

/// The players of all pages, in order.
async fn all_pages(api: &Api, query: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.inbox(&format!("{query}{cursor}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        let conversations = page.json["conversations"].as_array().unwrap();
        found.extend(
            conversations
                .iter()
                .map(|conversation| conversation["playerId"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page.json["nextCursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn inbox_lists_2500_waiting_players_the_longest_waiting_first() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    fill(&system, 2_500).await;
    for statement in [
        "UPDATE chat_conversations SET status = 'active' WHERE player_id IN ('p2', 'p4', 'p6')",
        "UPDATE chat_conversations SET unanswered = 0, waiting_since = NULL
         WHERE player_id IN ('p4', 'p5', 'p6')",
    ] {
        system.database.run(statement).await;
    }
    let mut expected: Vec<_> = (1..=2_500).map(|number| format!("p{number}")).collect();
    // Conversations in which no player waits come last.
    let idle: Vec<_> = expected.drain(3..6).collect();
    expected.extend(idle);
    let query = "status=pending,active&order=waiting&limit=";
    let api = gateway.api();
    for limit in [200, 137] {
        assert_eq!(all_pages(&api, &format!("{query}{limit}")).await, expected);
    }
    let first = &api.inbox(&format!("{query}1")).await.json["conversations"][0];
    let since = first["waitingSince"].as_str().unwrap();
    assert!(since.starts_with("1970-01-01T00:00:01"), "{since}");
    // The pages go on through conversations in which no player waits.
    system.database.run("UPDATE chat_conversations SET unanswered = 0, waiting_since = NULL").await;
    expected.sort();
    assert_eq!(all_pages(&api, &format!("{query}200")).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_since_is_set_by_a_players_message_and_cleared_by_an_answer() {
    let system = System::new().await;
    let (gateway, _persister) = (system.gateway().await, system.persister().await);
    let api = gateway.api();
    for player in ["p1", "p2", "p3", "p1"] {
        assert_eq!(api.send_as_player(player, "hello").await.status, 202);
    }
    let order = "status=pending,active&order=waiting";
    until_in_inbox(&api, order, &["p1", "p2", "p3"]).await;
    api.send_as_staff("p1", "answer").await;
    let page = until_in_inbox(&api, order, &["p2", "p3", "p1"]).await;
    assert_eq!(page["conversations"][2]["waitingSince"], json!(null));
    api.send_as_player("p1", "thanks").await;
    api.change_status("p2", "resolved").await;
    until_in_inbox(&api, order, &["p3", "p1"]).await;
    let page = until_in_inbox(&api, "status=resolved", &["p2"]).await;
    assert_eq!(page["conversations"][0]["waitingSince"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn cursor_determines_the_order_of_the_next_page() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    fill(&system, 3).await;
    let api = gateway.api();
    for (order, other) in [("latest", "waiting"), ("waiting", "latest")] {
        let page = api.inbox(&format!("order={order}&limit=1")).await;
        let cursor = page.json["nextCursor"].as_str().unwrap().to_owned();
        let next = api.inbox(&format!("order={order}&cursor={cursor}")).await;
        assert_eq!(next.status, 200);
        let other = api.inbox(&format!("order={other}&cursor={cursor}")).await;
        assert_eq!((other.status, other.json), (200, next.json));
    }
    assert_eq!(api.inbox("order=oldest").await.json["field"], "order");
}

#[tokio::test(flavor = "multi_thread")]
async fn inbox_lists_each_conversation_once_while_sessions_change() {
    const CONVERSATIONS: i64 = 12;
    let system = System::new().await;
    let gateway = system.gateway().await;
    fill(&system, CONVERSATIONS).await;
    let changing = async |seed: i64| {
        let mut connection = system.database.connect().await;
        loop {
            for number in (1..=CONVERSATIONS).filter(|number| number % 2 == seed) {
                let change = format!(
                    "UPDATE chat_conversations SET last_message_at = clock_timestamp(),
                         waiting_since = clock_timestamp(),
                         status = CASE status WHEN 'pending' THEN 'active' WHEN 'active'
                             THEN 'resolved' ELSE 'pending' END WHERE player_id = 'p{number}'"
                );
                sql_query(change).execute(&mut connection).await.unwrap();
            }
        }
    };
    let api = gateway.api();
    let asking = async |order: &str| {
        for _ in 0..250 {
            let page = api.inbox(&format!("order={order}&limit=200")).await.json;
            let found = page["conversations"].as_array().unwrap().iter();
            let players: std::collections::BTreeSet<_> = found
                .clone()
                .map(|conversation| conversation["playerId"].as_str().unwrap())
                .collect();
            assert_eq!((players.len(), found.len()), (12, 12), "{page}");
        }
    };
    let both_orders = async { tokio::join!(asking("latest"), asking("waiting")) };
    tokio::select! {
        () = changing(0) => {}
        () = changing(1) => {}
        ((), ()) = both_orders => {}
    }
}
