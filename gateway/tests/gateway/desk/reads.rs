//! What staff read.

use broker::ConsumerKind;
use chat::event::Event;
use serde_json::{Value, json};
use test_support::{System, eventually};

use super::{ada, bo, desk, sessions};

const NOTES: &str = "/api/unified-chat/conversations/p1/notes";

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_complete_over_their_pages_and_an_erased_one_has_no_text() {
    let system = System::new().await;
    let gateway = desk(&system, &["--audit-reads=true"]).await;
    let ada = ada(&gateway);
    let nothing = ada.get(NOTES).await;
    assert_eq!(nothing.json, json!({ "notes": [], "nextCursor": null }));
    sessions(&system, &[("p1", ""), ("p2", "")]).await;
    for statement in [
        // Pairs of notes of one microsecond.
        "INSERT INTO chat_notes (player_id, id, session_id, author_id, author_name, content,
             mentions, accepted_at)
         SELECT 'p1', md5(n::text)::uuid, md5('sessionp1')::uuid, 'ada', 'Ada', 'note ' || n,
             ARRAY['bea'], to_timestamp(n / 2) FROM generate_series(1, 7) AS n",
        "INSERT INTO chat_notes (player_id, id, content, accepted_at)
         VALUES ('p1', gen_random_uuid(), '', to_timestamp(100)),
                ('p2', gen_random_uuid(), 'of another player', to_timestamp(3))",
    ] {
        system.database.run(statement).await;
    }
    let order =
        "SELECT content AS text FROM chat_notes WHERE player_id = 'p1' ORDER BY accepted_at, id";
    let expected = system.database.texts(order).await;
    let (mut found, mut query) = (Vec::new(), "limit=3".to_owned());
    loop {
        let page = ada.get(&format!("{NOTES}?{query}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        let notes = page.json["notes"].as_array().unwrap().clone();
        assert!((1..=3).contains(&notes.len()));
        found.splice(..0, notes);
        let Some(cursor) = page.json["nextCursor"].as_str() else { break };
        query = format!("limit=3&before={cursor}");
    }
    let contents: Vec<_> =
        found.iter().map(|note| note["content"].as_str().unwrap().to_owned()).collect();
    assert_eq!(contents, expected);
    let id = found[0]["noteId"].clone();
    let session = found[0]["sessionId"].clone();
    assert!(id.is_string() && session.is_string());
    assert_eq!(
        found[0],
        json!({
            "noteId": id, "sessionId": session, "authorId": "ada", "authorName": "Ada",
            "content": "note 1", "mentions": ["bea"], "acceptedAt": "1970-01-01T00:00:00.000000Z"
        })
    );
    let erased = found.last().unwrap();
    assert_eq!(erased["erased"], true);
    assert_eq!(erased.get("authorName"), None);

    eventually("the reads of notes are recorded as one read of the conversation", async || {
        let events = system.broker.drain_events(ConsumerKind::Persister).await;
        let reads: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::ConversationRead(read) => Some(read.actor_id.as_str().to_owned()),
                _ => None,
            })
            .collect();
        (reads == ["ada"]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_are_listed_with_their_open_sessions_and_count_as_away_when_unseen() {
    let system = System::new().await;
    let gateway = desk(&system, &["--staff-tags=refund"]).await;
    let of_ada = "assignee_id = 'ada'";
    sessions(&system, &[("p1", of_ada), ("p2", of_ada), ("p3", of_ada), ("p4", "")]).await;
    super::resolve(&system, "p3").await;
    system
        .database
        .run(
            "INSERT INTO chat_staff (id, name, teams, capacity, status, seen_at) VALUES
                 ('ada', 'Ada', ARRAY['payments'], 5, 'online', now()),
                 ('bea', NULL, '{}', NULL, 'reassign', now() - interval '140 seconds'),
                 ('cleo', NULL, '{}', NULL, 'online', now() - interval '160 seconds')",
        )
        .await;
    let mut list = ada(&gateway).get("/api/staff").await.json;
    for member in list["staff"].as_array_mut().unwrap() {
        assert!(member.as_object_mut().unwrap().remove("seenAt").unwrap().is_string());
    }
    assert_eq!(
        list,
        json!({
            "staff": [
                {
                    "id": "ada", "name": "Ada", "teams": ["payments"], "status": "online",
                    "open": 2, "capacity": 5
                },
                { "id": "bea", "teams": [], "status": "reassign", "open": 0 },
                { "id": "cleo", "teams": [], "status": "away", "open": 0 }
            ],
            "teams": ["payments", "appeals"],
            "tags": ["refund"]
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_see_what_they_keep_about_a_session_and_the_player_only_a_shown_name() {
    let system = System::new().await;
    let columns = "assignee_id = 'ada', assignee_name = 'Ada', assigned_at = 'epoch',
        team = 'payments', tags = ARRAY['refund', 'vip'], priority = 2, language = 'de',
        actor_id = 'ada', actor_name = 'Ada'";
    sessions(&system, &[("p1", columns), ("p2", "")]).await;
    let facts = json!({
        "assigneeId": "ada", "assigneeName": "Ada", "assignedAt": "1970-01-01T00:00:00.000000Z",
        "team": "payments", "tags": ["refund", "vip"], "priority": "urgent", "language": "de",
        "actorId": "ada", "actorName": "Ada"
    });
    let only = |session: &Value| {
        let known = session.as_object().unwrap().iter();
        let known = known.filter(|(name, _)| facts.get(name.as_str()).is_some());
        known.map(|(name, value)| (name.clone(), value.clone())).collect::<Value>()
    };
    for (names, shown) in [("hidden", json!({})), ("shown", json!({ "assigneeName": "Ada" }))] {
        let gateway = desk(&system, &[&format!("--staff-names={names}")]).await;
        let path = "/api/unified-chat/conversations/p1";
        let read = ada(&gateway).get(path).await.json;
        assert_eq!(only(&read["session"]), facts);
        let inbox = ada(&gateway).get("/api/unified-chat/conversations").await.json;
        assert_eq!(only(&inbox["conversations"][1]["session"]), facts);
        assert_eq!(only(&inbox["conversations"][0]["session"]), json!({}));
        assert_eq!(only(&bo(&gateway).get(path).await.json["session"]), shown);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_of_the_pages_says_whether_there_is_a_desk_and_which_topics() {
    let system = System::new().await;
    let config = "/api/portal/config";
    let on = desk(&system, &[]).await.api().get(config).await.json;
    assert_eq!((&on["teamDesk"], &on["topics"]), (&json!(true), &json!(["payments", "appeals"])));
    let off = system.gateway_with(&[super::TEAMS]).ready().await.api().get(config).await.json;
    assert_eq!((&off["teamDesk"], &off["topics"]), (&json!(false), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_of_the_desk_are_answered_with_a_503_while_the_database_is_away() {
    let system = System::new().await;
    let proxy = test_support::Proxy::start(&system.database.server(), false).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let gateway = system.gateway_with(&[super::ON, &through]);
    let gateway = gateway.ready().await;
    let api = gateway.api();
    for path in [NOTES, "/api/staff", "/api/staff/canned-replies"] {
        let answer = api.get(path).await;
        super::assert_problem(&answer, 503, "history-unavailable");
        assert!(answer.headers.contains_key("retry-after"));
    }
}
