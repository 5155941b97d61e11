//! What staff change, as the queues receive it.

use serde_json::{Value, json};
use test_support::{Answer, System};
use uuid::Uuid;

use super::{Caller, TEAMS, ada, assert_problem, bo, desk, lead, queued_in_both};
use crate::tokens::{staff, with_claim};

/// Asserts that `answer` accepts `change_id`, and returns when.
fn accepted(answer: &Answer, change_id: Uuid) -> Value {
    assert_eq!(answer.status, 202, "{answer:?}");
    let at = answer.json["acceptedAt"].clone();
    assert!(at.is_string(), "{answer:?}");
    assert_eq!(
        answer.json,
        json!({
            "success": true, "changeId": change_id, "acceptedAt": at, "status": "accepted"
        })
    );
    at
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_is_in_both_queues_with_its_author_when_it_is_accepted() {
    let system = System::new().await;
    let gateway = desk(&system, &[]).await;
    let ada = ada(&gateway);
    system
        .database
        .run("INSERT INTO chat_staff (id, status, seen_at) VALUES ('bea', 'online', now())")
        .await;
    let session = Uuid::now_v7();
    for (request, what) in [
        (
            json!({ "action": "claim", "actorId": "forged" }),
            json!({ "claim": { "id": "ada", "name": "Ada", "reason": "claim" } }),
        ),
        (
            json!({ "action": "assign", "assigneeId": "bea", "assigneeName": "Bea" }),
            json!({ "assign": { "id": "bea", "name": "Bea" } }),
        ),
        (json!({ "action": "release" }), json!({ "release": {} })),
        (
            json!({ "action": "release", "team": "appeals", "sessionId": session }),
            json!({ "release": { "team": "appeals" } }),
        ),
    ] {
        let change_id = Uuid::now_v7();
        let body = with_claim(request, "changeId", change_id.to_string().to_uppercase());
        let at = accepted(&ada.on_p1("assignment", &body).await, change_id);
        let mut expected = json!({
            "changeId": change_id, "playerId": "p1", "what": what, "by": "ada", "byName": "Ada",
            "acceptedAt": at
        });
        if let Some(session) = body.get("sessionId") {
            expected["sessionId"] = session.clone();
        }
        assert_eq!(queued_in_both(&system).await, [json!({ "sessionChange": expected })]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_tags_and_priority_is_one_event_each_and_a_repeat_has_the_same_ids() {
    let system = System::new().await;
    let gateway = desk(&system, &[]).await;
    let ada = ada(&gateway);
    let change_id = Uuid::now_v7();
    let tags = json!({ "tags": { "add": ["refund"], "remove": ["spam"] } });
    for (request, expected) in [
        (json!({ "tags": { "add": ["refund"], "remove": ["spam"] } }), vec![tags.clone()]),
        (json!({ "priority": "urgent" }), vec![json!({ "priority": "urgent" })]),
        (
            json!({ "tags": { "add": ["refund"], "remove": ["spam"] }, "priority": "low" }),
            vec![tags.clone(), json!({ "priority": "low" })],
        ),
    ] {
        let mut ids = Vec::new();
        for _ in 0..2 {
            let body = with_claim(request.clone(), "changeId", change_id.to_string());
            accepted(&ada.on_p1("session", &body).await, change_id);
            let events = queued_in_both(&system).await;
            let changes: Vec<_> = events.iter().map(|event| &event["sessionChange"]).collect();
            let found: Vec<_> = changes.iter().map(|change| change["what"].clone()).collect();
            assert_eq!(found, expected);
            assert_eq!(changes[0]["changeId"], json!(change_id));
            assert!(changes.iter().all(|change| change["by"] == "ada"));
            ids.push(changes.iter().map(|change| change["changeId"].clone()).collect::<Vec<_>>());
        }
        assert_eq!(ids[0], ids[1]);
        assert!(ids[0].len() < 2 || ids[0][0] != ids[0][1], "{ids:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_in_both_queues_with_its_mentions_when_it_is_accepted() {
    let system = System::new().await;
    let gateway = desk(&system, &[]).await;
    let (note, session) = (Uuid::now_v7(), Uuid::now_v7());
    let content = "@bea, ask @bo@example.com. Not x@example.com";
    let body = json!({ "noteId": note, "sessionId": session, "content": content });
    let answer = ada(&gateway).on_p1("notes", &body).await;
    let at = answer.json["acceptedAt"].clone();
    let expected =
        json!({ "success": true, "noteId": note, "acceptedAt": at, "status": "accepted" });
    assert_eq!((answer.status, answer.json), (202, expected));
    let expected = json!({ "note": {
        "noteId": note, "playerId": "p1", "sessionId": session, "authorId": "ada",
        "authorName": "Ada", "content": content, "mentions": ["bea", "bo@example.com"],
        "acceptedAt": at
    }});
    assert_eq!(queued_in_both(&system).await, [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn availability_has_the_teams_of_the_token_and_the_capacity_of_the_body_or_the_token() {
    let system = System::new().await;
    let gateway = desk(&system, &[]).await;
    let claims = with_claim(with_claim(staff("ada"), "teams", json!(["payments"])), "capacity", 7);
    let ada = Caller::new(&gateway, Some(&claims));
    for (body, capacity) in [
        (json!({ "status": "online", "capacity": 3.0 }), 3),
        (json!({ "status": "reassign", "capacity": 0 }), 0),
        (json!({ "status": "away", "actorId": "forged" }), 7),
    ] {
        let answer = ada.put("/api/staff/availability", &body).await;
        let at = answer.json["acceptedAt"].clone();
        let expected = json!({ "success": true, "acceptedAt": at, "status": "accepted" });
        assert_eq!((answer.status, answer.json), (202, expected));
        let expected = json!({ "staffAvailability": {
            "staffId": "ada", "name": "Ada", "teams": ["payments"], "capacity": capacity,
            "availability": body["status"], "acceptedAt": at
        }});
        assert_eq!(queued_in_both(&system).await, [expected]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_reports_availability_four_times_at_once_and_then_gets_a_429() {
    let system = System::new().await;
    let gateway = desk(&system, &[]).await;
    let ada = ada(&gateway);
    let body = json!({ "status": "online" });
    for _ in 0..4 {
        assert_eq!(ada.put("/api/staff/availability", &body).await.status, 202);
    }
    let answer = ada.put("/api/staff/availability", &body).await;
    assert_problem(&answer, 429, "too-many-calls");
    assert!(answer.headers.contains_key("retry-after"));
    let grace = lead(&gateway);
    assert_eq!(grace.put("/api/staff/availability", &body).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_staff_count_towards_the_limit_of_senders() {
    let system = System::new().await;
    let gateway = desk(&system, &["--staff-sender-limit=1", "--staff-sender-burst=4"]).await;
    let grace = lead(&gateway);
    let reply = format!("/api/staff/canned-replies/{}", Uuid::now_v7());
    let text = json!({ "shortcut": "a", "title": "A", "bodies": { "en": "A" } });
    let calls = async || {
        [
            grace.on_p1("assignment", &json!({ "action": "claim" })).await.status,
            grace.on_p1("session", &json!({ "priority": "high" })).await.status,
            grace.on_p1("notes", &json!({ "content": "a" })).await.status,
            grace.put(&reply, &text).await.status,
        ]
    };
    assert_eq!(calls().await, [202; 4]);
    assert_eq!(calls().await, [429; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_not_confirmed_is_answered_with_its_id_and_retry_after() {
    let system = System::new().await;
    let proxy = test_support::Proxy::start(&system.broker.server(), false).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let gateway = system.gateway_with(&[super::ON, TEAMS, &through]);
    let api = gateway.api();
    let id = Uuid::now_v7();
    let actor = json!({ "actorId": "ada", "changeId": id, "noteId": id });
    let with = |body: Value| {
        let mut all = actor.clone();
        all.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        all
    };
    let both = json!({ "tags": { "add": ["a"] }, "priority": "low" });
    for (path, body, field) in [
        ("assignment", json!({ "action": "claim" }), "changeId"),
        ("session", both, "changeId"),
        ("notes", json!({ "content": "a" }), "noteId"),
    ] {
        let path = format!("/api/unified-chat/conversations/p1/{path}");
        let answer = api.post(&path, &with(body)).await;
        assert_problem(&answer, 503, "not-accepted");
        assert_eq!(answer.json[field], json!(id), "{answer:?}");
        assert_eq!(answer.headers["retry-after"], "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tokens_the_body_names_the_member_who_acts() {
    let system = System::new().await;
    let gateway = system.gateway_with(&[super::ON, TEAMS]).ready().await;
    let anyone = Caller::new(&gateway, None);
    let body = json!({ "action": "claim", "actorId": "ada", "actorName": "Ada" });
    assert_eq!(anyone.on_p1("assignment", &body).await.status, 202);
    let event = queued_in_both(&system).await.remove(0);
    assert_eq!(event["sessionChange"]["what"]["claim"]["id"], "ada");
    assert_eq!(event["sessionChange"]["by"], "ada");
    let answer = anyone.on_p1("assignment", &json!({ "action": "claim" })).await;
    assert_eq!((answer.status, &answer.json["field"]), (400, &json!("actorId")));
    let answer = anyone.put("/api/staff/availability", &json!({ "status": "away" })).await;
    assert_eq!((answer.status, &answer.json["field"]), (400, &json!("actorId")));
    let answer = anyone.get("/api/unified-chat/conversations?assignee=me").await;
    assert_eq!((answer.status, &answer.json["field"]), (400, &json!("assignee")));
    let path = format!("/api/staff/canned-replies/{}", Uuid::now_v7());
    assert_eq!(anyone.delete(&path).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_players_message_carries_its_topic_and_the_preferred_language() {
    let system = System::new().await;
    let gateway = desk(&system, &[]).await;
    let bo = bo(&gateway);
    for (topic, language, intake) in [
        (Some("payments"), "", json!({ "topic": "payments" })),
        (None, "de-AT, de;q=0.9, en;q=0.8", json!({ "language": "de" })),
        (Some("appeals"), "*, en;q=0.2, fr;q=0.5", json!({ "topic": "appeals", "language": "fr" })),
        (None, "de;q=0, x-klingon", Value::Null),
        (None, "", Value::Null),
    ] {
        let mut body = json!({ "playerId": "p1", "senderType": "player", "content": "hello" });
        if let Some(topic) = topic {
            body["topic"] = topic.into();
        }
        let headers = [("accept-language", language)];
        let path = "/api/staff-chat-integration/send";
        let answer = bo.call_with(reqwest::Method::POST, path, Some(&body), &headers).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let event = queued_in_both(&system).await.remove(0);
        assert_eq!(event["message"]["intake"], intake, "{topic:?} {language}");
    }
    let answer = ada(&gateway)
        .post(
            "/api/staff-chat-integration/send",
            &json!({ "playerId": "p1", "senderType": "staff", "content": "hi", "topic": "payments" }),
        )
        .await;
    assert_eq!(answer.status, 202);
    assert_eq!(queued_in_both(&system).await[0]["message"].get("intake"), None);
}
