//! How far conversations are read, as the history and the inbox return it.

use serde_json::{Value, json};
use test_support::{Api, System};

use crate::tokens::{Issuer, player, staff};

const BOTH: &str = "--read-marks=both";

fn with_claims(api: &Api, claims: &Value) -> Api {
    api.with_token(&Issuer::usual().token(claims))
}

/// The id of the message `seq` of `player`, in SQL.
fn message(player: &str, seq: &str) -> String {
    format!("md5('{player}' || {seq})::uuid")
}

/// Creates a pending conversation of `player`. Of its messages `1..=count`, staff sent `of_staff`.
async fn converse(system: &System, player: &str, count: i64, of_staff: &[i64]) {
    let of_staff: Vec<_> = of_staff.iter().map(ToString::to_string).collect();
    let of_staff = of_staff.join(",");
    let (id, last) = (message(player, "seq"), message(player, &count.to_string()));
    let session = format!("md5('session {player}')::uuid");
    for statement in [
        format!(
            "INSERT INTO chat_conversations (player_id, last_seq, counted_seq, session_id, status,
                 last_message_id, last_message_at)
             VALUES ('{player}', {count}, {count}, {session}, 'pending', {last}, to_timestamp({count}))"
        ),
        format!(
            "INSERT INTO chat_sessions (id, player_id, status, opened_at, last_message_at)
             VALUES ({session}, '{player}', 'pending', to_timestamp(1), to_timestamp({count}))"
        ),
        format!(
            "INSERT INTO chat_messages
                 (id, session_id, player_id, seq, sender_type, content, accepted_at)
             SELECT {id}, {session}, '{player}', seq,
                 CASE WHEN seq = ANY (ARRAY[{of_staff}]::bigint[]) THEN 'staff' ELSE 'player' END,
                 'hello', to_timestamp(seq) FROM generate_series(1, {count}) AS seq"
        ),
    ] {
        system.database.run(&statement).await;
    }
}

/// Stores that `reader` has read up to the message `seq` of `player`; 0 for none.
async fn read(system: &System, player: &str, reader: &str, seq: i64) {
    let message = match seq {
        0 => "NULL".to_owned(),
        seq => message(player, &seq.to_string()),
    };
    let statement = format!(
        "INSERT INTO chat_reads (player_id, reader, seq, message_id, read_at)
         VALUES ('{player}', '{reader}', {seq}, {message}, to_timestamp(1000 + {seq}))"
    );
    system.database.run(&statement).await;
}

async fn reads(api: &Api, player: &str) -> Value {
    let answer = api.conversation(player, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json["reads"].clone()
}

/// The reads of `api` as `seq`s: of the player, of staff, and its own.
async fn seqs(api: &Api, player: &str) -> [Option<i64>; 3] {
    let reads = reads(api, player).await;
    ["player", "staff", "mine"].map(|whose| reads[whose]["seq"].as_i64())
}

/// `unreadCount` and `playerReadSeq` of each conversation in the inbox, by player.
async fn unread(api: &Api, query: &str) -> Vec<(String, Option<i64>, Option<i64>)> {
    let page = api.inbox(query).await;
    assert_eq!(page.status, 200, "{page:?}");
    let conversations = page.json["conversations"].as_array().unwrap().iter();
    let mut found: Vec<_> = conversations
        .map(|conversation| {
            let player = conversation["playerId"].as_str().unwrap().to_owned();
            let number = |name: &str| conversation[name].as_i64();
            (player, number("unreadCount"), number("playerReadSeq"))
        })
        .collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn conversation_has_the_reads_that_its_caller_may_see() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[BOTH]).await;
    converse(&system, "p1", 5, &[3]).await;
    let (bo, ada) =
        (with_claims(&gateway.api(), &player("p1")), with_claims(&gateway.api(), &staff("ada")));
    for api in [&bo, &ada] {
        assert_eq!(reads(api, "p1").await, json!({}), "nothing is read");
    }
    read(&system, "p1", "player", 3).await;
    read(&system, "p1", "staff:ada", 2).await;
    read(&system, "p1", "staff:bea", 4).await;
    read(&system, "p1", "staff:cleo", 1).await;
    // Of another conversation.
    converse(&system, "p2", 9, &[]).await;
    read(&system, "p2", "staff:ada", 9).await;

    let messages = ada.conversation("p1", "").await.json["messages"].take();
    let id = |seq: usize| messages[seq - 1]["messageId"].clone();
    let of_player = json!({ "seq": 3, "messageId": id(3), "at": "1970-01-01T00:16:43.000000Z" });
    let of_staff = json!({ "seq": 4, "messageId": id(4), "at": "1970-01-01T00:16:44.000000Z" });
    assert_eq!(reads(&bo, "p1").await, json!({ "player": of_player, "staff": of_staff }));
    let all = json!({ "player": of_player, "staff": of_staff, "mine": { "seq": 2 } });
    assert_eq!(reads(&ada, "p1").await, all);
    for page in ["after=2", "before=5000000:019aa6c4-3a33-7c5e-9d3c-3f6a3d1f2b10&limit=1"] {
        assert_eq!(ada.conversation("p1", page).await.json["reads"], all, "{page}");
    }
    let trusted = system.gateway_with(&[BOTH]).ready().await;
    assert_eq!(seqs(&trusted.api(), "p1").await, [Some(3), Some(4), None]);
    let inbox = unread(&trusted.api(), "").await;
    assert_eq!(inbox[0], ("p1".to_owned(), None, Some(3)), "no caller has read marks of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn mark_of_a_reader_for_whom_all_is_unread_is_shown_to_that_reader_alone() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[BOTH]).await;
    converse(&system, "p1", 5, &[]).await;
    read(&system, "p1", "staff:ada", 0).await;
    let by = |claims| with_claims(&gateway.api(), &claims);
    let (ada, bea, bo) = (by(staff("ada")), by(staff("bea")), by(player("p1")));
    assert_eq!(seqs(&ada, "p1").await, [None, None, Some(0)]);
    assert_eq!(seqs(&bea, "p1").await, [None; 3]);
    read(&system, "p1", "staff:bea", 2).await;
    assert_eq!(seqs(&ada, "p1").await, [None, Some(2), Some(0)]);
    assert_eq!(seqs(&bo, "p1").await, [None, Some(2), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn players_do_not_see_the_reads_of_staff_when_marks_are_for_staff() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&["--read-marks=staff"]).await;
    converse(&system, "p1", 5, &[]).await;
    read(&system, "p1", "player", 1).await;
    read(&system, "p1", "staff:ada", 2).await;
    let (bo, ada) =
        (with_claims(&gateway.api(), &player("p1")), with_claims(&gateway.api(), &staff("ada")));
    assert_eq!(seqs(&bo, "p1").await, [Some(1), None, None]);
    assert_eq!(seqs(&ada, "p1").await, [Some(1), Some(2), Some(2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_have_no_reads_while_marks_are_off() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    converse(&system, "p1", 5, &[]).await;
    read(&system, "p1", "player", 1).await;
    let ada = with_claims(&gateway.api(), &staff("ada"));
    let conversation = ada.conversation("p1", "").await.json;
    assert_eq!(conversation.get("reads"), None, "{conversation}");
    assert_eq!(conversation["messages"].as_array().unwrap().len(), 5);
    let page = ada.inbox("").await.json.to_string();
    assert!(page.contains("p1") && !page.to_lowercase().contains("read"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_messages_are_those_of_the_player_beyond_the_callers_mark() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[BOTH]).await;
    let conversations: [(&str, i64, &[i64]); 6] = [
        ("answered", 5, &[2, 5]),
        ("long", 250, &[]),
        ("marked", 9, &[2, 7]),
        ("new", 3, &[]),
        ("read", 4, &[]),
        ("waiting", 5, &[2]),
    ];
    for (player, count, of_staff) in conversations {
        converse(&system, player, count, of_staff).await;
    }
    read(&system, "marked", "staff:ada", 4).await;
    read(&system, "marked", "staff:bea", 0).await;
    read(&system, "marked", "player", 7).await;
    read(&system, "read", "staff:ada", 4).await;
    read(&system, "read", "player", 1).await;
    let by = |id| with_claims(&gateway.api(), &staff(id));
    let expected = |marked, read| {
        [
            ("answered", 0, None),
            ("long", 100, None),
            ("marked", marked, Some(7)),
            ("new", 3, None),
            ("read", read, Some(1)),
            ("waiting", 3, None),
        ]
        .map(|(player, count, seq)| (player.to_owned(), Some(count), seq))
    };
    // Beyond 4: 5, 6, 8 and 9. Beyond 0: all but 2 and 7. After the last message of staff: 8 and 9.
    assert_eq!(unread(&by("ada"), "").await, expected(4, 0));
    assert_eq!(unread(&by("bea"), "order=waiting").await, expected(7, 4));
    assert_eq!(unread(&by("cleo"), "status=pending").await, expected(2, 4));
    let first: Vec<_> = unread(&by("ada"), "limit=1").await;
    assert_eq!(first, [("long".to_owned(), Some(100), None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_last_100_messages_are_counted() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[BOTH]).await;
    let of_staff: Vec<_> = (201..=240).collect();
    converse(&system, "p1", 250, &of_staff).await;
    read(&system, "p1", "staff:ada", 100).await;
    read(&system, "p1", "staff:bea", 245).await;
    let by = |id| with_claims(&gateway.api(), &staff(id));
    let unread = async |id| unread(&by(id), "").await[0].1;
    // Of 151 to 250 the player sent 60, of 241 to 250 all.
    assert_eq!([unread("ada").await, unread("bea").await], [Some(60), Some(5)]);
    assert_eq!(unread("cleo").await, Some(10));
}
