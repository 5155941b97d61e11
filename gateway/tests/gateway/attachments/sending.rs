use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use broker::ConsumerKind;
use chat::event::Event;
use serde_json::json;
use test_support::{Proxy, System};
use uuid::Uuid;

use super::{ANY, Caller, Files, assert_problem, picture};
use crate::tokens::staff;

#[tokio::test(flavor = "multi_thread")]
async fn message_with_tokens_has_the_files_in_both_queues() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let bo = files.bo();
    let tokens = [bo.token("boss.png", picture(640, 480, 1)).await, bo.token("log.txt", "x").await];
    let sent = bo.send(json!({ "attachments": tokens })).await;
    assert_eq!(sent.status, 202, "{sent:?}");
    let captioned = bo.send(json!({ "attachments": [tokens[1]], "content": "see" })).await;
    assert_eq!(captioned.status, 202, "{captioned:?}");
    for worker in ConsumerKind::ALL {
        let events = system.broker.drain_events(worker).await;
        let [Event::Message(first), Event::Message(second)] = events.as_slice() else {
            panic!("{events:?}")
        };
        assert_eq!((first.content.as_str(), second.content.as_str()), ("boss.png", "see"));
        let [boss, log] = first.attachments.as_slice() else { panic!("{first:?}") };
        assert_eq!((boss.width, boss.height), (Some(640), Some(480)));
        assert_eq!((log.name.as_str(), log.content_type.as_str()), ("log.txt", "text/plain"));
        assert_eq!(second.attachments, std::slice::from_ref(log));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn token_that_proves_no_file_of_the_player_is_rejected_by_its_place() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let (bo, ada) = (files.bo(), files.ada());
    let good = bo.token("a.txt", "hello").await;
    let other = ada.upload_of("p2", Uuid::now_v7(), "b.txt", "hello").await.json["token"].clone();
    let foreign = bo.send(json!({ "attachments": [good, other] })).await;
    assert_problem(&foreign, 403, "forbidden-field");
    assert_eq!(foreign.json["field"], "attachments[1]");

    let [head, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let forged = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    let forged = BASE64_URL_SAFE_NO_PAD.encode(forged.replace("a.txt", "b.txt"));
    let unsigned = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    for token in [
        format!("{head}.{forged}.{signature}"),
        format!("{unsigned}.{claims}."),
        bo.token.clone().unwrap(),
        String::new(),
    ] {
        let sent = bo.send(json!({ "attachments": [good, token], "content": "x" })).await;
        assert_problem(&sent, 400, "invalid-field");
        assert_eq!(sent.json["field"], "attachments[1]", "{token}");
    }
    let twice = bo.send(json!({ "attachments": [good, good] })).await;
    assert_eq!((twice.status, &twice.json["field"]), (400, &json!("attachments[1]")));
    let number = |count: usize| json!({ "attachments": vec![&good; count], "content": "x" });
    for count in [0, 6] {
        let sent = bo.send(number(count)).await;
        assert_eq!((sent.status, &sent.json["field"]), (400, &json!("attachments")), "{count}");
    }
    for wrong in [json!("x"), json!([1]), json!({})] {
        let sent = bo.send(json!({ "attachments": wrong, "content": "x" })).await;
        assert_eq!(sent.status, 400, "{sent:?}");
        assert!(sent.json["field"].as_str().unwrap().starts_with("attachments"), "{sent:?}");
    }
    let nothing = bo.send(json!({})).await;
    assert_eq!((nothing.status, &nothing.json["field"]), (400, &json!("content")));
    assert_eq!(system.broker.drain_events(ConsumerKind::Persister).await.len(), 0);
}

/// The token alone proves the file: a send with files needs neither the database nor the store.
#[tokio::test(flavor = "multi_thread")]
async fn message_with_files_is_accepted_without_a_database_and_without_the_store() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.database.server(), true).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let files = Files::start(&system, &[ANY, &through]).await;
    let bo = files.bo();
    let token = bo.token("a.txt", "hello").await;
    proxy.take_away();
    std::fs::remove_dir_all(files.directory.path()).unwrap();
    let sent = bo.send(json!({ "attachments": [token] })).await;
    assert_eq!(sent.status, 202, "{sent:?}");
    assert_eq!(bo.send(json!({ "content": "hello" })).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_and_inbox_have_the_files_of_a_message() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let (bo, ada) = (files.bo(), Caller::new(&files.gateway, Some(&staff("ada"))));
    let id = Uuid::now_v7();
    let token = bo.upload(id, "boss.png", picture(640, 480, 1)).await.json["token"].clone();
    assert_eq!(bo.send(json!({ "content": "hello" })).await.status, 202);
    assert_eq!(bo.send(json!({ "attachments": [token] })).await.status, 202);
    system.work_off(1).await;
    let page = bo.get("/api/unified-chat/conversations/p1").await;
    assert_eq!(page.status, 200, "{page:?}");
    let [text, file] = page.json["messages"].as_array().unwrap().as_slice() else { panic!() };
    assert_eq!(text.get("attachments"), None);
    let stored = &file["attachments"][0];
    assert_eq!(stored["attachmentId"], id.to_string());
    assert_eq!((&stored["width"], &stored["height"]), (&json!(640), &json!(480)));
    assert_eq!(
        (&stored["name"], &stored["contentType"]),
        (&json!("boss.png"), &json!("image/png"))
    );
    assert!(stored["size"].is_u64() && stored["thumbnail"].is_boolean());
    assert_eq!(stored.as_object().unwrap().len(), 7, "{stored}");
    let inbox = ada.get("/api/unified-chat/conversations").await;
    assert_eq!(inbox.json["conversations"][0]["lastMessage"]["attachments"], file["attachments"]);

    system.erase("p1").await;
    let page = bo.get("/api/unified-chat/conversations/p1").await;
    for message in page.json["messages"].as_array().unwrap() {
        assert_eq!((message.get("attachments"), &message["erased"]), (None, &json!(true)));
    }
}
