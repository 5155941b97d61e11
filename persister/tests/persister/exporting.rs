//! Exporting a player's data.

use std::io::Write;

use chat::{
    Mark, Priority, ReadMark, RequestedStatus, SenderType, SessionAction, StatusChange,
    event::Event,
};
use chrono::{DateTime, Utc};
use persister::commands::export;
use serde_json::{Value, json};
use test_support::{Database, System, message, message_at, status_change};

use crate::support::{
    assignee, change, contents, event, named, note, publish_each, publish_together, session_change,
    system,
};

/// A writer that runs a statement in the database before it accepts the first bytes.
struct InterferingWriter {
    database: String,
    statement: Option<&'static str>,
    written: Vec<u8>,
}

impl Write for InterferingWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Some(statement) = self.statement.take() {
            let database = Database { url: self.database.clone() };
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let run = move || runtime.block_on(database.run(statement));
            std::thread::spawn(run).join().unwrap();
        }
        self.written.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn exported(system: &System, id: &str, statement: Option<&'static str>) -> Value {
    let (player, database) = (id.to_owned().try_into().unwrap(), system.database.url.clone());
    let mut out = InterferingWriter { database, statement, written: Vec::new() };
    export(&mut system.database.connect().await, &player, &mut out).await.unwrap();
    serde_json::from_slice(&out.written).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_all_data_of_one_player_and_of_no_other() {
    let system = system().await;
    let message = named("p1", "My \"sword\"\nis gone 😀", "Bo");
    let resolved = message.accepted_at.timestamp_micros();
    let change_of = StatusChange {
        actor_id: Some("ada@example.com".to_owned().try_into().unwrap()),
        actor_name: Some("Ada".to_owned().try_into().unwrap()),
        ..status_change("p1", RequestedStatus::Resolved, resolved)
    };
    let other = named("p2", "not theirs", "Cy");
    publish_each(&system, [event(&message), change(&change_of), event(&other)]).await;
    system.work_off(1).await;

    let mut export = exported(&system, "p1", None).await;
    let session = export["sessions"][0].clone();
    let accepted_at = json!(message.accepted_at);
    assert_eq!(
        (&session["playerName"], &session["status"], &session["resolvedAt"]),
        (&json!("Bo"), &json!("resolved"), &accepted_at)
    );
    let persisted_at = export["messages"][0]["persistedAt"].take();
    assert!(serde_json::from_value::<DateTime<Utc>>(persisted_at).is_ok());
    assert_eq!(
        export["messages"],
        json!([{
            "messageId": message.message_id, "sessionId": export["sessions"][0]["id"], "seq": 1,
            "senderType": "player", "senderId": null, "senderName": "Bo",
            "content": "My \"sword\"\nis gone 😀", "acceptedAt": accepted_at, "persistedAt": null
        }])
    );
    let audit = export["audit"].as_array().unwrap();
    assert_eq!(audit.len(), 1);
    assert_eq!(
        (&audit[0]["action"], &audit[0]["changeId"]),
        (&json!("resolved"), &json!(change_of.change_id))
    );
    let changes = export["statusChanges"].as_array().unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["changeId"], json!(change_of.change_id));
    for actor_of in [&changes[0], &session] {
        let actor = (&actor_of["actorId"], &actor_of["actorName"]);
        assert_eq!(actor, (&json!("ada@example.com"), &json!("Ada")));
    }
    assert_eq!(changes[0]["effective"], true);
    assert_eq!((&export["playerId"], &export["erasedThrough"]), (&json!("p1"), &Value::Null));
    assert!(!export.to_string().contains("not theirs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_how_far_the_player_and_staff_have_read_and_not_which_staff() {
    let system = system().await;
    let messages = [1, 2].map(|at| message_at("p1", SenderType::Player, "hello", at));
    let mark = |reader: &str, mark, at| {
        Event::ReadMark(ReadMark {
            player_id: messages[1].player_id.clone(),
            reader: reader.to_owned().try_into().unwrap(),
            mark,
            message_ids: vec![messages[1].message_id],
            accepted_at: DateTime::from_timestamp_micros(at).unwrap(),
            staff_only: true,
        })
    };
    let marks = [mark("player", Mark::Read, 10), mark("staff:ada", Mark::Unread, 11)];
    publish_together(&system, messages.iter().map(event).chain(marks)).await;
    system.work_off(1).await;
    let export = exported(&system, "p1", None).await;
    assert_eq!(
        export["reads"],
        json!([
            {
                "readerType": "player", "seq": 2, "messageId": messages[1].message_id,
                "readAt": "1970-01-01T00:00:00.000010Z", "unreadAt": null
            },
            {
                "readerType": "staff", "seq": 1, "messageId": messages[0].message_id,
                "readAt": "1970-01-01T00:00:00.000011Z", "unreadAt": "1970-01-01T00:00:00.000011Z"
            }
        ])
    );
    assert!(!export.to_string().contains("ada"));
}

/// The player's right of access covers them.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_what_staff_keeps_about_the_player() {
    let system = system().await;
    let question = event(&message_at("p1", SenderType::Player, "hello", 1));
    let claim = session_change("p1", "ada", SessionAction::Claim(assignee("ada")), 2);
    let urgent = SessionAction::Priority(Priority::Urgent);
    let urgent = session_change("p1", "ada", urgent, 3);
    let note = note("p1", "ada", "asked twice", 4);
    let changes = [&claim, &urgent].map(|change| Event::SessionChange(Box::new(change.clone())));
    let noted = Event::Note(Box::new(note.clone()));
    publish_together(&system, [question].into_iter().chain(changes).chain([noted])).await;
    system.work_off(1).await;
    let export = exported(&system, "p1", None).await;
    let session = &export["sessions"][0];
    assert_eq!((&session["assigneeId"], &session["priority"]), (&json!("ada"), &json!("urgent")));
    let [assignment, change, written] =
        ["assignments", "sessionChanges", "notes"].map(|field| &export[field][0]);
    assert_eq!(
        (&assignment["changeId"], &assignment["action"], &assignment["byId"]),
        (&json!(claim.change_id), &json!("claim"), &json!("ada"))
    );
    assert_eq!(
        (&change["changeId"], &change["what"], &change["value"]),
        (&json!(urgent.change_id), &json!("priority"), &json!(2))
    );
    assert_eq!(
        (&written["noteId"], &written["content"], &written["mentions"]),
        (&json!(note.note_id), &json!("asked twice"), &json!(["bo"]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_begins_where_the_archive_ends() {
    let system = system().await;
    let message = |at| event(&message_at("p1", SenderType::Player, "hello", at));
    let resolved = change(&status_change("p1", RequestedStatus::Resolved, 2));
    publish_each(&system, [message(1), resolved, message(3), message(4)]).await;
    system.work_off(1).await;
    assert_eq!(system.archive(1_000).await.len(), 1);
    let export = exported(&system, "p1", None).await;
    let messages = export["messages"].as_array().unwrap();
    assert_eq!(messages.iter().map(|message| &message["seq"]).collect::<Vec<_>>(), [2, 3]);
    let through = export["archivedThrough"].as_str().unwrap();
    assert_eq!(through.parse::<DateTime<Utc>>().unwrap().timestamp_micros(), 1);
    assert_eq!(export["sessions"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_export_is_one_snapshot() {
    let system = system().await;
    let many = (1..=2_500).map(|number| event(&message("p1", &format!("{number}"))));
    publish_together(&system, many).await;
    system.work_off(1).await;
    let update = "UPDATE chat_messages SET content = 'changed meanwhile'";
    let export = exported(&system, "p1", Some(update)).await;
    let messages = export["messages"].as_array().unwrap();
    let seqs: Vec<_> = messages.iter().map(|message| message["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, (1..=2_500).collect::<Vec<_>>());
    assert!(messages.iter().all(|message| message["content"] != "changed meanwhile"));
    assert!(contents(&system, "p1").await.iter().all(|content| content == "changed meanwhile"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_an_unknown_player_is_empty() {
    let system = system().await;
    assert_eq!(
        exported(&system, "absent", None).await,
        json!({
            "playerId": "absent", "erasedThrough": null, "archivedThrough": null, "sessions": [],
            "statusChanges": [], "assignments": [], "sessionChanges": [], "notes": [], "reads": [], "audit": [], "messages": []
        })
    );
}
