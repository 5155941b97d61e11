use serde_json::{Value, json};
use test_support::{Api, System, eventually};

async fn until_in_inbox(api: &Api, query: &str, players: &[&str]) -> Value {
    eventually(&format!("{players:?} in the inbox {query}"), async || {
        let page = api.inbox(query).await.json;
        let found: Vec<_> = page["conversations"]
            .as_array()?
            .iter()
            .map(|it| it["playerId"].as_str().unwrap().to_owned())
            .collect();
        (found == players).then_some(page)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_shows_each_conversation_once_the_latest_first() {
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
async fn the_inbox_is_read_page_by_page() {
    let system = System::new().await;
    let (gateway, _persister) = (system.gateway().await, system.persister().await);
    let api = gateway.api();
    let mut expected: Vec<_> = (0..7).map(|number| format!("p{number}")).collect();
    for player in &expected {
        assert_eq!(api.send_as_player(player, "hello").await.status, 202);
    }
    api.send_as_staff("p3", "hello").await;
    expected.retain(|it| it != "p3");
    expected.push("p3".to_owned());
    expected.reverse();
    let players: Vec<_> = expected.iter().map(String::as_str).collect();
    until_in_inbox(&api, "", &players).await;

    let (mut found, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page = api.inbox(&query).await.json;
        let conversations = page["conversations"].as_array().unwrap();
        assert!(conversations.len() <= 2);
        found.extend(conversations.iter().map(|it| it["playerId"].clone()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        query = format!("limit=2&cursor={cursor}");
    }
    assert_eq!(found, expected.iter().map(|it| json!(it)).collect::<Vec<_>>());
}
