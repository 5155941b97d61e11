//! Canned replies.

use reqwest::Method;
use serde_json::{Value, json};
use test_support::System;
use uuid::Uuid;

use super::{ada, assert_problem, desk, lead, queued_in_both};

const LIST: &str = "/api/staff/canned-replies";

#[tokio::test(flavor = "multi_thread")]
async fn only_a_lead_changes_canned_replies_and_each_change_is_in_both_queues() {
    let system = System::new().await;
    let gateway = desk(&system, &[]).await;
    let (ada, grace) = (ada(&gateway), lead(&gateway));
    let (id, change) = (Uuid::now_v7(), Uuid::now_v7());
    let path = format!("{LIST}/{id}");
    let reply = json!({
        "shortcut": "refund", "title": "Refund", "team": "payments",
        "bodies": { "de": "Kommt {playerName}.", "en": "It is coming, {playerName}." }
    });
    let mut body = reply.clone();
    body["changeId"] = json!(change);
    for answer in [ada.put(&path, &body).await, ada.delete(&path).await] {
        assert_problem(&answer, 403, "forbidden");
        assert!(answer.json["detail"].as_str().unwrap().contains("lead"), "{answer:?}");
    }
    let written = grace.put(&path, &body).await;
    let deleted = grace.delete(&format!("{path}?changeId={change}")).await;
    let mut expected = Vec::new();
    for (answer, reply) in [(written, Some(reply)), (deleted, None)] {
        let at = answer.json["acceptedAt"].clone();
        let accepted = json!({
            "success": true, "id": id, "changeId": change, "acceptedAt": at, "status": "accepted"
        });
        assert_eq!((answer.status, answer.json), (202, accepted));
        let mut event =
            json!({ "changeId": change, "replyId": id, "by": "grace", "acceptedAt": at });
        if let Some(reply) = reply {
            event["reply"] = reply;
        }
        expected.push(json!({ "cannedReplyChange": event }));
    }
    assert_eq!(queued_in_both(&system).await, expected);
    let answer = grace.delete(&format!("{path}?changeId=7")).await;
    assert_eq!((answer.status, &answer.json["field"]), (400, &json!("changeId")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_of_64_kib_is_published_beside_other_events() {
    let system = System::new().await;
    let gateway = desk(&system, &["--queue-partitions=1"]).await;
    let (ada, grace) = (ada(&gateway), lead(&gateway));
    let text = "a".repeat(4_000);
    let mut reply = json!({ "shortcut": "long", "title": "Long", "bodies": {} });
    for language in ["aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh", "ii", "jj"] {
        reply["bodies"][language] = json!(text);
    }
    let notes = (0..40).map(|_| {
        let (ada, body) = (ada.clone(), json!({ "content": text }));
        tokio::spawn(async move { ada.on_p1("notes", &body).await.status })
    });
    let mut requests: Vec<_> = notes.collect();
    for _ in 0..4 {
        let (grace, reply) = (grace.clone(), reply.clone());
        let path = format!("{LIST}/{}", Uuid::now_v7());
        requests.push(tokio::spawn(async move { grace.put(&path, &reply).await.status }));
    }
    for request in requests {
        assert_eq!(request.await.unwrap(), 202);
    }
    let queue = system.broker.names().queue(broker::ConsumerKind::Persister);
    let bodies = system.broker.drain(&queue).await;
    assert!(bodies.iter().all(|body| body.len() <= 128 * 1024), "a body is too large");
}

async fn insert(system: &System, shortcut: &str, version: i64, deleted: bool) {
    let statement = format!(
        "INSERT INTO chat_canned_replies (id, shortcut, title, team, bodies, version, change_id,
             updated_at, updated_by, deleted_at)
         VALUES (md5('{shortcut}')::uuid, '{shortcut}', 'Title', 'payments',
             '{{\"en\": \"Hello\", \"de\": \"Hallo\"}}', {version}, gen_random_uuid(), 'epoch', 'grace',
             CASE WHEN {deleted} THEN now() END)"
    );
    system.database.run(&statement).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_has_the_version_as_its_etag_and_a_304_for_a_client_that_has_it() {
    let system = System::new().await;
    let gateway = desk(&system, &[]).await;
    let ada = ada(&gateway);
    let empty = ada.get(LIST).await;
    assert_eq!(empty.json, json!({ "version": 0, "replies": [] }));
    assert_eq!(empty.headers["etag"], "\"0\"");

    insert(&system, "refund", 16, false).await;
    insert(&system, "gone", 17, true).await;
    insert(&system, "appeal", 12, false).await;
    let list = ada.get(LIST).await;
    assert_eq!(list.headers["etag"], "\"17\"");
    assert_eq!(list.json["version"], 17);
    let shortcuts: Vec<_> = list.json["replies"].as_array().unwrap().iter().collect();
    assert_eq!(shortcuts.len(), 2);
    assert_eq!(shortcuts[0]["shortcut"], "appeal");
    let id = shortcuts[1]["id"].clone();
    assert_eq!(
        *shortcuts[1],
        json!({
            "id": id, "shortcut": "refund", "title": "Title", "team": "payments",
            "bodies": { "en": "Hello", "de": "Hallo" }, "updatedAt": "1970-01-01T00:00:00.000000Z",
            "updatedBy": "grace"
        })
    );
    for (known, status) in
        [("\"17\"", 304), ("W/\"17\"", 304), ("\"3\", \"17\"", 304), ("*", 304), ("\"16\"", 200)]
    {
        let headers = [("if-none-match", known)];
        let answer = ada.call_with(Method::GET, LIST, None, &headers).await;
        assert_eq!(answer.status, status, "{known}");
        assert_eq!(answer.headers["etag"], "\"17\"");
        assert_eq!(answer.json == Value::Null, status == 304);
    }
    insert(&system, "new", 18, false).await;
    let headers = [("if-none-match", "\"17\"")];
    let changed = ada.call_with(Method::GET, LIST, None, &headers).await;
    assert_eq!((changed.status, changed.json["replies"].as_array().unwrap().len()), (200, 3));
}

/// Runs `gateway canned import` on a file with `content`: the exit status, and both outputs together.
async fn import(system: &System, content: &str) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("replies.json");
    std::fs::write(&file, content).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gateway"));
    command
        .env_clear()
        .env("AMQP_URL", system.broker.url_through(system.broker.server()))
        .env("QUEUE_PREFIX", &system.broker.prefix)
        .env("TEAM_DESK", "on")
        .env("STAFF_TEAMS", "payments")
        .args(["canned", "import"])
        .arg(file);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_publishes_each_reply_with_the_same_id_each_time() {
    let system = System::new().await;
    let _gateway = desk(&system, &[]).await;
    let id = Uuid::now_v7();
    let replies = json!([
        { "id": id, "shortcut": "a", "title": "A", "bodies": { "en": "A" }, "updatedBy": "ada" },
        { "shortcut": "b", "title": "B", "team": "payments", "bodies": { "de": "B" } },
    ]);
    let mut found = Vec::new();
    for file in [replies.clone(), json!({ "version": 3, "replies": replies })] {
        let (status, output) = import(&system, &file.to_string()).await;
        assert_eq!(status, Some(0), "{output}");
        assert!(output.contains(&format!("{id} a\n")), "{output}");
        assert!(output.ends_with("2 replies are imported\n"), "{output}");
        let events = queued_in_both(&system).await;
        let changes = events.iter().map(|event| event["cannedReplyChange"].clone());
        found.push(changes.map(|c| (c["replyId"].clone(), c["reply"].clone())).collect::<Vec<_>>());
    }
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0][0].0, json!(id));
    let expected =
        json!({ "shortcut": "b", "title": "B", "team": "payments", "bodies": { "de": "B" } });
    assert_eq!(found[0][1].1, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_with_an_invalid_entry_names_it_and_publishes_nothing() {
    let system = System::new().await;
    let _gateway = desk(&system, &[]).await;
    let good = r#"{ "shortcut": "a", "title": "A", "bodies": { "en": "A" } }"#;
    for (content, named) in [
        (format!("[{good},\n {{ \"shortcut\": \"B c\" }}]"), vec!["[1].shortcut", "line 2"]),
        (format!("[{good},\n{{}}]"), vec!["[1]", "shortcut", "line 2"]),
        (format!("[{good}, {good}]"), vec!["[1].id", "earlier"]),
        (good.replace("\"title\"", "\"team\": \"fraud\", \"title\""), vec!["replies"]),
        (
            format!("[{}]", good.replace("\"title\"", "\"team\": \"fraud\", \"title\"")),
            vec!["[0].team", "payments"],
        ),
        ("[".to_owned(), vec!["EOF", "line 1"]),
    ] {
        let (status, output) = import(&system, &content).await;
        assert_eq!(status, Some(2), "{output}");
        for text in named {
            assert!(output.contains(text), "{text}: {output}");
        }
    }
    assert!(queued_in_both(&system).await.is_empty());
}
