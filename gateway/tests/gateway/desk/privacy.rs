//! No player learns what staff keep.

use reqwest::Method;
use serde_json::json;
use test_support::System;
use uuid::Uuid;

use super::{Caller, assert_problem, bo, desk, queued_in_both, sessions};
use crate::tokens::{player, with_claim};

const PLANTED: &str = "planted-word";

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_to_a_player_has_what_staff_keep() {
    let system = System::new().await;
    let columns = format!(
        "assignee_id = '{PLANTED}', assignee_name = '{PLANTED}', assigned_at = 'epoch',
         team = '{PLANTED}', tags = ARRAY['{PLANTED}'], priority = 2, language = 'xx',
         actor_id = '{PLANTED}', actor_name = '{PLANTED}'"
    );
    sessions(&system, &[("p1", &columns)]).await;
    for statement in [
        format!(
            "INSERT INTO chat_notes (player_id, id, author_id, author_name, content, mentions,
                 accepted_at)
             SELECT 'p1', gen_random_uuid(), '{PLANTED}', '{PLANTED}', '{PLANTED}' || n,
                 ARRAY['{PLANTED}'], to_timestamp(n) FROM generate_series(1, 1000) AS n"
        ),
        format!(
            "INSERT INTO chat_staff (id, name, teams, status, seen_at)
             VALUES ('{PLANTED}', '{PLANTED}', ARRAY['{PLANTED}'], 'online', now())"
        ),
        format!(
            "INSERT INTO chat_canned_replies (id, shortcut, title, bodies, version, change_id,
                 updated_at) VALUES (gen_random_uuid(), '{PLANTED}', '{PLANTED}',
                 '{{\"en\": \"{PLANTED}\"}}', 1, gen_random_uuid(), now())"
        ),
    ] {
        system.database.run(&statement).await;
    }
    let settings = ["--read-marks=both", "--staff-names=hidden", "--audit-reads=true"];
    let gateway = desk(&system, &settings).await;
    let claims = with_claim(player("p1"), "lead", true);
    let claims = with_claim(claims, "teams", json!(["payments", PLANTED]));
    let id = Uuid::now_v7();
    let reply = json!({ "shortcut": "a", "title": "A", "bodies": { "en": "A" } });
    let own = "/api/unified-chat/conversations/p1";
    for bo in [bo(&gateway), Caller::new(&gateway, Some(&claims))] {
        for (method, path, body, status) in [
            (Method::GET, own.to_owned(), None, 200),
            (Method::GET, format!("{own}?after=0"), None, 200),
            (Method::GET, format!("{own}?before=99:{id}"), None, 200),
            (Method::GET, "/api/portal/config".to_owned(), None, 200),
            (Method::GET, "/api/unified-chat/conversations".to_owned(), None, 403),
            (Method::GET, format!("/api/unified-chat/conversations?tag={PLANTED}"), None, 403),
            (Method::GET, format!("{own}/notes"), None, 403),
            (Method::POST, format!("{own}/notes"), Some(json!({ "content": "a" })), 403),
            (Method::POST, format!("{own}/assignment"), Some(json!({ "action": "claim" })), 403),
            (Method::POST, format!("{own}/session"), Some(json!({ "priority": "low" })), 403),
            (Method::POST, format!("{own}/status"), Some(json!({ "status": "active" })), 403),
            (Method::GET, "/api/staff".to_owned(), None, 403),
            (
                Method::PUT,
                "/api/staff/availability".to_owned(),
                Some(json!({ "status": "online" })),
                403,
            ),
            (Method::GET, "/api/staff/canned-replies".to_owned(), None, 403),
            (Method::PUT, format!("/api/staff/canned-replies/{id}"), Some(reply.clone()), 403),
            (Method::DELETE, format!("/api/staff/canned-replies/{id}"), None, 403),
        ] {
            let answer = bo.call_with(method, &path, body.as_ref(), &[]).await;
            assert_eq!(answer.status, status, "{path}: {answer:?}");
            if status == 403 {
                assert_problem(&answer, 403, "forbidden");
            }
            let text = format!("{} {:?}", answer.json, answer.headers);
            for fact in [PLANTED, "assignee", "tags", "priority", "\"xx\""] {
                assert!(!text.contains(fact), "{path}: {text}");
            }
        }
    }
    assert!(queued_in_both(&system).await.is_empty());
}
