//! A gateway without a desk.

use reqwest::Method;
use serde_json::{Value, json};
use test_support::System;
use uuid::Uuid;

use super::{Caller, TEAMS, assert_problem, queued_in_both, sessions};
use crate::tokens::{player, staff, with_claim};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_desk_each_of_its_routes_answers_404_to_every_caller() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[TEAMS]).await;
    let lead = with_claim(staff("grace"), "lead", true);
    let conversation = "/api/unified-chat/conversations/p1";
    let reply = format!("/api/staff/canned-replies/{}", Uuid::now_v7());
    for caller in [None, Some(player("p1")), Some(lead)] {
        let caller = Caller::new(&gateway, caller.as_ref());
        for (method, path) in [
            (Method::POST, format!("{conversation}/assignment")),
            (Method::POST, format!("{conversation}/session")),
            (Method::POST, format!("{conversation}/notes")),
            (Method::GET, format!("{conversation}/notes?limit=x")),
            (Method::PUT, "/api/staff/availability".to_owned()),
            (Method::GET, "/api/staff".to_owned()),
            (Method::GET, "/api/staff/canned-replies".to_owned()),
            (Method::PUT, reply.clone()),
            (Method::DELETE, reply.clone()),
        ] {
            let body = (method != Method::GET).then(|| json!({ "invalid": true }));
            let answer = caller.call_with(method, &path, body.as_ref(), &[]).await;
            assert_problem(&answer, 404, "team-desk-off");
            assert!(answer.json["detail"].as_str().unwrap().contains("TEAM_DESK"), "{answer:?}");
        }
    }
    assert!(queued_in_both(&system).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_desk_topics_are_ignored_and_no_answer_has_what_staff_keep() {
    let system = System::new().await;
    let gateway =
        system.guarded_gateway(&[TEAMS, "--staff-names=shown", "--teams-strict=on"]).await;
    let bo = Caller::new(&gateway, Some(&player("p1")));
    let ada = Caller::new(&gateway, Some(&staff("ada")));
    for topic in [json!("payments"), json!("fraud"), json!(["A b"])] {
        let body = json!({
            "playerId": "p1", "senderType": "player", "content": "hello", "topic": topic
        });
        let headers = [("accept-language", "de")];
        let path = "/api/staff-chat-integration/send";
        let answer = bo.call_with(Method::POST, path, Some(&body), &headers).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    let events = queued_in_both(&system).await;
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| event["message"].get("intake").is_none()));

    let columns = "assignee_id = 'ada', assignee_name = 'planted', assigned_at = 'epoch',
        team = 'planted', tags = ARRAY['planted'], priority = 2, language = 'de'";
    sessions(&system, &[("p1", columns), ("p2", "")]).await;
    for (caller, path) in [
        (&bo, "/api/unified-chat/conversations/p1"),
        (&ada, "/api/unified-chat/conversations/p1"),
        (&ada, "/api/unified-chat/conversations"),
        (&ada, "/api/unified-chat/conversations?order=waiting"),
    ] {
        let answer = caller.get(path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let text = answer.json.to_string();
        for fact in ["planted", "assign", "team", "tags", "priority", "language"] {
            assert!(!text.contains(fact), "{fact}: {text}");
        }
    }
    let waiting = ada.get("/api/unified-chat/conversations?order=waiting&limit=1").await.json;
    assert_eq!(waiting["nextCursor"].as_str().map(|cursor| cursor.starts_with('w')), Some(true));
    for (query, field) in [
        ("assignee=me", "assignee"),
        ("team=a", "team"),
        ("tag=a", "tag"),
        ("priority=low", "priority"),
    ] {
        let answer = ada.get(&format!("/api/unified-chat/conversations?{query}")).await;
        assert_eq!((answer.status, &answer.json["field"]), (400, &Value::from(field)));
    }
}
