use std::collections::BTreeSet;

use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};
use test_support::{Api, System, eventually};

async fn until_seq(api: &Api, player: &str, seq: i64) {
    eventually(&format!("seq {seq} of {player}"), async || {
        let answer = api.conversation(player, "limit=1").await;
        (answer.json["lastSeq"] == seq).then_some(())
    })
    .await;
}

fn contents(page: &Value) -> Vec<String> {
    let messages = page["messages"].as_array().unwrap().iter();
    messages.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn conversation_of_a_player_who_never_wrote_is_empty() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let answer = gateway.api().conversation("absent", "").await;
    assert_eq!(answer.status, 200);
    let expected = json!({
        "playerId": "absent", "session": null, "messages": [], "nextCursor": null, "lastSeq": 0
    });
    assert_eq!(answer.json, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn page_has_all_messages_in_order_with_the_session() {
    let system = System::new().await;
    let (gateway, _persister) = (system.gateway().await, system.persister().await);
    let api = gateway.api();
    let sent = api.send_as_player("p1", "hello").await;
    until_seq(&api, "p1", 1).await;
    let page = api.conversation("p1", "").await.json;
    assert_eq!(page["session"]["status"], "pending");
    let message = &page["messages"][0];
    assert_eq!(message["messageId"], sent.json["messageId"]);
    assert_eq!(message["acceptedAt"], sent.json["acceptedAt"]);
    assert_eq!(message["sessionId"], page["session"]["id"]);
    assert_eq!((&message["seq"], &message["senderType"]), (&json!(1), &json!("player")));

    api.send_as_staff("p1", "hi").await;
    until_seq(&api, "p1", 2).await;
    let page = api.conversation("p1", "").await.json;
    assert_eq!(page["session"]["status"], "active");
    assert_eq!(contents(&page), ["hello", "hi"]);
    assert_eq!(page["messages"][1]["senderName"], "Ada");

    api.change_status("p1", "resolved").await;
    let page = eventually("the session is resolved", async || {
        let page = api.conversation("p1", "").await.json;
        (page["session"]["status"] == "resolved").then_some(page)
    })
    .await;
    assert!(page["session"]["resolvedAt"].is_string());

    api.send_as_player("p1", "once more").await;
    until_seq(&api, "p1", 3).await;
    let next = api.conversation("p1", "").await.json;
    assert_eq!(next["session"]["status"], "pending");
    assert_ne!(next["session"]["id"], page["session"]["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_reach_the_first_message_backward_and_the_last_forward() {
    let system = System::new().await;
    let (gateway, _persister) = (system.gateway().await, system.persister().await);
    let api = gateway.api();
    for number in 0..7 {
        assert_eq!(api.send_as_player("p1", &format!("{number}")).await.status, 202);
    }
    until_seq(&api, "p1", 7).await;

    let mut pages = Vec::new();
    let mut query = "limit=3".to_owned();
    loop {
        let page = api.conversation("p1", &query).await.json;
        pages.push(contents(&page));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        query = format!("limit=3&before={cursor}");
    }
    assert_eq!(pages, [vec!["4", "5", "6"], vec!["1", "2", "3"], vec!["0"]]);

    let mut pages = Vec::new();
    let mut query = "limit=3&after=0".to_owned();
    loop {
        let page = api.conversation("p1", &query).await.json;
        pages.push((contents(&page), page["lastSeq"].as_i64().unwrap()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        query = format!("limit=3&after={cursor}");
    }
    let expected = [(vec!["0", "1", "2"], 3), (vec!["3", "4", "5"], 6), (vec!["6"], 7)]
        .map(|(page, seq)| (page.into_iter().map(ToOwned::to_owned).collect::<Vec<_>>(), seq));
    assert_eq!(pages, expected);
    let older = api.conversation("p1", "limit=3").await.json["nextCursor"].clone();
    let missed = format!("after=6&before={}", older.as_str().unwrap());
    let missed = api.conversation("p1", &missed).await.json;
    assert_eq!(contents(&missed), ["6"], "`after` takes precedence over `before`");
    let nothing_new = api.conversation("p1", "after=7").await.json;
    assert_eq!(
        (nothing_new["messages"].as_array().unwrap().len(), &nothing_new["lastSeq"]),
        (0, &json!(7))
    );
}

/// Several persisters write while the reader requests `after=<last seq>`.
#[tokio::test(flavor = "multi_thread")]
async fn reader_that_requests_after_last_seq_gets_every_message() {
    const MESSAGES: i64 = 300;
    let system = System::new().await;
    let gateway = system.gateway().await;
    let _persisters =
        (system.persister().await, system.persister().await, system.persister().await);
    let api = gateway.api();
    let writing = tokio::spawn({
        let api = api.clone();
        async move {
            for number in 0..MESSAGES {
                assert_eq!(api.send_as_player("p1", &format!("{number}")).await.status, 202);
            }
        }
    });
    let (mut seen, mut last_seq) = (BTreeSet::new(), 0);
    eventually("all are seen", async || {
        let page = api.conversation("p1", &format!("limit=7&after={last_seq}")).await.json;
        seen.extend(
            page["messages"].as_array()?.iter().map(|message| message["seq"].as_i64().unwrap()),
        );
        last_seq = page["lastSeq"].as_i64()?;
        assert_eq!(i64::try_from(seen.len()).unwrap(), last_seq, "one was missed");
        (last_seq == MESSAGES).then_some(())
    })
    .await;
    writing.await.unwrap();
}

/// A message that is committed between the two queries is on the page and not in its `lastSeq`.
#[tokio::test(flavor = "multi_thread")]
async fn message_committed_during_a_read_is_read_twice_rather_than_never() {
    const WAITING: &str = "SELECT count(*) FROM pg_locks
        WHERE NOT granted AND relation = 'chat_messages'::regclass
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    let mut writer = system.database.connect().await;
    writer.batch_execute("BEGIN; LOCK TABLE chat_messages IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let reading = tokio::spawn(async move { api.conversation("p1", "").await.json });
    eventually("the page waits for its messages", async || {
        (system.database.number(WAITING).await > 0).then_some(())
    })
    .await;
    writer
        .batch_execute(
            "INSERT INTO chat_conversations (player_id, last_seq) VALUES ('p1', 1);
             INSERT INTO chat_sessions (id, player_id, status, opened_at, last_message_at)
             VALUES (gen_random_uuid(), 'p1', 'pending', now(), now());
             INSERT INTO chat_messages
                 (id, session_id, player_id, seq, sender_type, content, accepted_at)
             SELECT gen_random_uuid(), id, 'p1', 1, 'player', 'hello', now() FROM chat_sessions;
             COMMIT",
        )
        .await
        .unwrap();
    let page = reading.await.unwrap();
    assert_eq!((contents(&page), &page["lastSeq"]), (vec!["hello".to_owned()], &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_message_has_no_content_and_no_sender_name() {
    let system = System::new().await;
    let (gateway, _persister) = (system.gateway().await, system.persister().await);
    let api = gateway.api();
    api.send_as_staff("p1", "the secret sword").await;
    until_seq(&api, "p1", 1).await;
    let before = api.conversation("p1", "").await.json;
    system.erase("p1").await;
    api.send_as_player("p1", "hello").await;
    until_seq(&api, "p1", 2).await;

    let after = api.conversation("p1", "").await.json;
    let mut expected = before["messages"][0].clone();
    expected["content"] = json!("");
    expected["senderName"] = Value::Null;
    expected["erased"] = json!(true);
    assert_eq!(after["messages"][0], expected);
    assert!(after["messages"][1].get("erased").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn view_of_a_player_has_the_names_of_staff_and_not_their_ids() {
    let system = System::new().await;
    let (gateway, _persister) = (system.guarded_gateway(&[]).await, system.persister().await);
    let player = gateway.api().with_token(&test_support::token("player", "p1"));
    let staff = gateway.api().with_token(&test_support::token("staff", "ada@example.com"));
    assert_eq!(player.send_as_player("p1", "help").await.status, 202);
    assert_eq!(staff.send_as_staff("p1", "gladly").await.status, 202);
    let ids = async |api: &Api| {
        eventually("both messages are persisted", async || {
            let page = api.conversation("p1", "").await.json;
            let messages = page["messages"].as_array()?;
            let ids: Vec<_> = messages.iter().map(|message| message["senderId"].clone()).collect();
            (ids.len() == 2).then_some(ids)
        })
        .await
    };
    assert_eq!(ids(&player).await, [json!("p1"), json!(null)]);
    assert_eq!(ids(&staff).await, [json!("p1"), json!("ada@example.com")]);
    let open = system.gateway().await;
    assert_eq!(ids(&open.api()).await, [json!("p1"), json!("ada@example.com")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn timestamps_have_six_decimal_digits_of_a_second() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    system
        .database
        .connect()
        .await
        .batch_execute(
            "INSERT INTO chat_conversations (player_id, last_seq) VALUES ('p1', 1);
             INSERT INTO chat_sessions
                 (id, player_id, status, opened_at, last_message_at, resolved_at)
             VALUES (gen_random_uuid(), 'p1', 'resolved', '2026-01-01 00:00:00Z',
                     '2026-01-01 00:00:00.25Z', '2026-01-01 00:00:00.5Z');
             INSERT INTO chat_messages
                 (id, session_id, player_id, seq, sender_type, content, accepted_at)
             SELECT gen_random_uuid(), id, 'p1', 1, 'player', 'hello', last_message_at
             FROM chat_sessions;
             UPDATE chat_conversations SET session_id = chat_sessions.id FROM chat_sessions",
        )
        .await
        .unwrap();
    let page = api.conversation("p1", "").await.json;
    assert_eq!(page["messages"][0]["acceptedAt"], "2026-01-01T00:00:00.250000Z");
    let session = &page["session"];
    assert_eq!(session["openedAt"], "2026-01-01T00:00:00.000000Z");
    assert_eq!(session["lastMessageAt"], "2026-01-01T00:00:00.250000Z");
    assert_eq!(session["resolvedAt"], "2026-01-01T00:00:00.500000Z");
    for answer in [api.send_as_player("p1", "hi").await, api.change_status("p1", "active").await] {
        let accepted_at = answer.json["acceptedAt"].as_str().unwrap();
        assert_eq!(accepted_at.len(), "2026-01-01T00:00:00.000000Z".len(), "{accepted_at}");
    }
}
