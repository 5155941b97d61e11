//! `TEAMS_STRICT`.

use serde_json::{Value, json};
use test_support::{Answer, Proxy, System};

use super::{Caller, ON, TEAMS, assert_problem, bo, desk, lead, member, resolve, sessions};

const STRICT: &str = "--teams-strict=on";
const CONVERSATION: &str = "/api/unified-chat/conversations/p1";

async fn subscribe(caller: &Caller, channel: &str) -> Answer {
    let answer = caller
        .http
        .post(format!("{}/api/pusher/auth", caller.base))
        .bearer_auth(caller.token.as_deref().unwrap_or_default())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("socket_id=1.2&channel_name={channel}"))
        .send()
        .await
        .unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, json: answer.json().await.unwrap_or_default() }
}

async fn inbox(caller: &Caller, query: &str) -> Vec<String> {
    let page = caller.get(&format!("/api/unified-chat/conversations?{query}")).await;
    assert_eq!(page.status, 200, "{page:?}");
    let rows = page.json["conversations"].as_array().unwrap();
    let mut players: Vec<_> =
        rows.iter().map(|row: &Value| row["playerId"].as_str().unwrap().to_owned()).collect();
    players.sort();
    players
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_teams_keep_other_staff_from_a_conversation_its_notes_and_its_channels() {
    let system = System::new().await;
    sessions(&system, &[("p1", "team = 'payments'"), ("p2", "")]).await;
    let gateway = desk(&system, &[STRICT]).await;
    let outsider = member(&gateway, "ada", "appeals");
    let notes = format!("{CONVERSATION}/notes");
    for path in [CONVERSATION, &notes] {
        assert_problem(&outsider.get(path).await, 403, "forbidden");
    }
    let channels = ["private-player-p1", "presence-conversation-p1"];
    for channel in channels {
        assert_problem(&subscribe(&outsider, channel).await, 403, "forbidden-channel");
    }
    for (caller, path) in [
        (&outsider, "/api/unified-chat/conversations/p2"),
        (&outsider, "/api/unified-chat/conversations/p9"),
        (&member(&gateway, "bea", "payments"), CONVERSATION),
        (&lead(&gateway), &*notes),
        (&bo(&gateway), CONVERSATION),
    ] {
        assert_eq!(caller.get(path).await.status, 200, "{path}");
    }
    for channel in channels {
        assert_eq!(subscribe(&member(&gateway, "bea", "payments"), channel).await.status, 200);
        assert_eq!(subscribe(&lead(&gateway), channel).await.status, 200);
        assert_eq!(subscribe(&bo(&gateway), channel).await.status, 200);
    }
    assert_eq!(subscribe(&outsider, "private-player-p2").await.status, 200);
    assert_eq!(subscribe(&outsider, "private-staff-portal").await.status, 200);
    // Not restricted: sending and assigning touch no database.
    assert_eq!(outsider.on_p1("assignment", &json!({ "action": "claim" })).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_teams_leave_conversations_of_other_teams_out_of_the_inbox() {
    let system = System::new().await;
    sessions(
        &system,
        &[
            ("p1", "team = 'payments'"),
            ("p2", "team = 'appeals'"),
            ("p3", ""),
            ("p4", "team = 'payments'"),
            ("p5", "team = 'appeals'"),
        ],
    )
    .await;
    resolve(&system, "p4").await;
    resolve(&system, "p5").await;
    let gateway = desk(&system, &[STRICT]).await;
    let ada = member(&gateway, "ada", "appeals");
    for (query, own, all) in [
        ("", vec!["p2", "p3", "p5"], vec!["p1", "p2", "p3", "p4", "p5"]),
        ("status=resolved", vec!["p5"], vec!["p4", "p5"]),
        ("status=pending,active", vec!["p2", "p3"], vec!["p1", "p2", "p3"]),
        ("order=waiting", vec!["p2", "p3", "p5"], vec!["p1", "p2", "p3", "p4", "p5"]),
        ("assignee=none", vec!["p2", "p3"], vec!["p1", "p2", "p3"]),
        ("team=payments", vec![], vec!["p1"]),
    ] {
        assert_eq!(inbox(&ada, query).await, own, "{query}");
        assert_eq!(inbox(&lead(&gateway), query).await, all, "{query}");
    }
    let lax = desk(&system, &[]).await;
    assert_eq!(inbox(&member(&lax, "ada", "appeals"), "status=resolved").await, ["p4", "p5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_teams_sign_no_channel_of_a_player_while_the_database_is_away() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.database.server(), false).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let gateway = system.guarded_gateway(&[ON, TEAMS, STRICT, &through]).await;
    let ada = member(&gateway, "ada", "appeals");
    let answer = subscribe(&ada, "private-player-p1").await;
    assert_problem(&answer, 503, "history-unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(subscribe(&ada, "private-staff-portal").await.status, 200);
    assert_eq!(subscribe(&lead(&gateway), "private-player-p1").await.status, 200);
    assert_eq!(subscribe(&bo(&gateway), "private-player-p1").await.status, 200);
}
