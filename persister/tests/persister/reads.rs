//! How far readers have read.

use std::time::Duration;

use broker::ConsumerKind;
use chat::{Mark, Message, ReadMark, ReadState, SenderType, event::Event};
use chrono::DateTime;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::join_all;
use persister::store::{Attempt, Locks, Outcome, persist};
use proptest::{collection::vec, prelude::*};
use test_support::{Database, Proxy, System, eventually, hostile::always, message, message_at};
use tokio::{runtime::Runtime, sync::Mutex};

use crate::support::{event, publish_each, publish_together, system, until_waiting};

/// A mark of `reader` in the conversation of `player`, accepted `micros` after the epoch.
fn mark(player: &str, reader: &str, mark: Mark, messages: &[&Message], micros: i64) -> ReadMark {
    ReadMark {
        player_id: player.to_owned().try_into().unwrap(),
        reader: reader.to_owned().try_into().unwrap(),
        mark,
        message_ids: messages.iter().map(|message| message.message_id).collect(),
        accepted_at: DateTime::from_timestamp_micros(micros).unwrap(),
        staff_only: false,
    }
}

fn read(player: &str, reader: &str, message: &Message, micros: i64) -> Event {
    Event::ReadMark(mark(player, reader, Mark::Read, &[message], micros))
}

fn unread(player: &str, reader: &str, message: &Message, micros: i64) -> Event {
    Event::ReadMark(mark(player, reader, Mark::Unread, &[message], micros))
}

/// The state that follows from `mark` if it has an effect.
fn state(mark: &Event, seq: i64) -> ReadState {
    let Event::ReadMark(mark) = mark else { panic!("{mark:?}") };
    ReadState {
        player_id: mark.player_id.clone(),
        reader: mark.reader.clone(),
        seq,
        message_id: *mark.message_ids.last().unwrap(),
        read_at: mark.accepted_at,
    }
}

/// Messages of `player` that were accepted at 1, 2 and so on.
fn conversation(player: &str, count: i64) -> Vec<Message> {
    (1..=count).map(|at| message_at(player, SenderType::Player, "hello", at)).collect()
}

/// A database with a conversation of `p1`.
async fn with_messages(count: i64) -> (Database, AsyncPgConnection, Vec<Message>) {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let messages = conversation("p1", count);
    let events: Vec<_> = messages.iter().map(event).collect();
    write(&mut connection, &events).await;
    (database, connection, messages)
}

async fn write(connection: &mut AsyncPgConnection, events: &[Event]) -> Outcome {
    persist(connection, events, &Attempt::default()).await.unwrap()
}

/// The rows, each as `player:reader:seq`.
async fn rows(database: &Database) -> Vec<String> {
    let rows = "SELECT concat_ws(':', player_id, reader, seq) AS text FROM chat_reads
        ORDER BY player_id, reader";
    database.texts(rows).await
}

/// The rows whose message is not that of their `seq`.
async fn rows_with_another_message(database: &Database) -> i64 {
    let rows = "SELECT count(*) FROM chat_reads r LEFT JOIN chat_messages m
            ON m.player_id = r.player_id AND m.seq = r.seq
        WHERE m.id IS DISTINCT FROM r.message_id";
    database.number(rows).await
}

/// The read states that were announced since the last call.
async fn announced(system: &System) -> Vec<ReadState> {
    let events = system.broker.drain_events(ConsumerKind::Broadcaster).await;
    let state = |event| match event {
        Event::ReadUpdated(state) => Some(state),
        _ => None,
    };
    events.into_iter().filter_map(state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_beside_its_message_is_stored_and_announced() {
    let system = system().await;
    let messages = conversation("p1", 3);
    let marks = [
        read("p1", "player", &messages[2], 10),
        read("p1", "staff:ada@example.com", &messages[1], 11),
    ];
    // The marks come first: they are written last all the same.
    publish_together(&system, marks.iter().cloned().chain(messages.iter().map(event))).await;
    system.work_off(1).await;
    assert_eq!(rows(&system.database).await, ["p1:player:3", "p1:staff:ada@example.com:2"]);
    assert_eq!(rows_with_another_message(&system.database).await, 0);
    assert_eq!(announced(&system).await, [state(&marks[0], 3), state(&marks[1], 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_of_messages_that_are_not_stored_or_of_another_conversation_have_no_effect() {
    let (own, foreign) = (message("p1", "hello"), message("p2", "hello"));
    let marks = [
        read("p1", "player", &foreign, 10),
        read("p2", "staff:ada", &own, 10),
        read("p1", "staff:ada", &message("p1", "not stored"), 10),
        unread("p1", "staff:bo", &foreign, 10),
        read("absent", "player", &own, 10),
    ];
    for is_together in [false, true] {
        let database = Database::create().await;
        let mut connection = database.connect().await;
        let mut batch = vec![event(&own), event(&foreign)];
        if !is_together {
            write(&mut connection, &batch).await;
            batch.clear();
        }
        batch.extend_from_slice(&marks);
        let outcome = write(&mut connection, &batch).await;
        assert_eq!((outcome.marked, outcome.read_updates.len()), (0, 0));
        assert_eq!(rows(&database).await, [""; 0]);
        assert_eq!(database.count_conversations().await, 2);
    }
}

/// Each course in batches of one mark, in one batch, and replayed.
#[tokio::test(flavor = "multi_thread")]
async fn a_mark_as_read_moves_forward_and_the_later_of_read_and_unread_wins() {
    let (database, mut connection, messages) = with_messages(9).await;
    let message = |seq: usize| &messages[seq - 1];
    let read = |seq, at| read("p1", "staff:ada", message(seq), at);
    let unread = |seq, at| unread("p1", "staff:ada", message(seq), at);
    let courses = [
        (vec![read(3, 10), read(5, 11)], 5),
        (vec![read(5, 10), read(3, 11)], 5),
        (vec![read(5, 11), read(3, 10)], 5),
        (vec![read(5, 10), unread(3, 11)], 2),
        (vec![unread(3, 11), read(5, 10)], 2),
        (vec![read(5, 11), unread(3, 10)], 5),
        (vec![unread(3, 10), read(5, 11)], 5),
        (vec![unread(1, 10)], 0),
        (vec![unread(8, 10), unread(4, 12), unread(6, 11)], 3),
        (vec![read(9, 10), unread(3, 11), read(4, 12), read(6, 10)], 4),
        (vec![unread(3, 11), read(4, 12), read(9, 10)], 4),
    ];
    for (marks, seq) in courses {
        for is_together in [false, true] {
            database.run("TRUNCATE chat_reads").await;
            let batches = if is_together { marks.len() } else { 1 };
            for batch in marks.chunks(batches) {
                write(&mut connection, batch).await;
            }
            let expected = [format!("p1:staff:ada:{seq}")];
            assert_eq!(rows(&database).await, expected, "{is_together} {marks:?}");
            let replayed = write(&mut connection, &marks).await;
            assert_eq!(rows(&database).await, expected, "replayed: {marks:?}");
            assert_eq!(replayed.marked, 0, "{marks:?}");
            assert_eq!(rows_with_another_message(&database).await, 0, "{marks:?}");
        }
    }
}

/// Marks in the order in which they were accepted, in any batches, each beside any earlier ones that
/// are redelivered.
#[test]
fn a_position_follows_the_marks_in_any_batches_beside_redelivered_ones() {
    let runtime = Runtime::new().unwrap();
    let (database, connection, messages) = runtime.block_on(with_messages(9));
    let connection = Mutex::new(connection);
    let marks = vec((any::<bool>(), 1..=9_i64), 1..12);
    let batches = vec((1..4_usize, any::<u16>()), 1..6);
    always(&runtime, 16, &(marks, batches), async |(marks, batches)| {
        let connection = &mut *connection.lock().await;
        database.run("TRUNCATE chat_reads").await;
        let event = |(at, (is_read, seq)): (i64, &(bool, i64))| {
            let message = &messages[usize::try_from(seq - 1).unwrap()];
            let kind = if *is_read { read } else { unread };
            kind("p1", "staff:ada", message, at)
        };
        let events: Vec<_> = (10..).zip(&marks).map(event).collect();
        let (mut written, mut position) = (0, None);
        for (size, redelivered) in batches.iter().cycle() {
            let end = events.len().min(written + size);
            let earlier = events[..written].iter().enumerate();
            let earlier = earlier.filter(|(place, _)| (redelivered >> place) & 1 == 1);
            let batch = events[written..end].iter().chain(earlier.map(|(_, event)| event));
            write(connection, &batch.cloned().collect::<Vec<_>>()).await;
            for (is_read, seq) in &marks[written..end] {
                position = if *is_read { position.max(Some(*seq)) } else { Some(seq - 1) };
            }
            let expected = format!("p1:staff:ada:{}", position.unwrap());
            prop_assert_eq!(rows(&database).await, [expected]);
            written = end;
            if written == events.len() {
                break;
            }
        }
        Ok(())
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_of_several_messages_reads_the_last_and_unreads_the_first() {
    let (database, mut connection, messages) = with_messages(5).await;
    let several = [&messages[3], &message("p1", "not stored"), &messages[1], &messages[2]];
    let read = mark("p1", "staff:ada", Mark::Read, &several, 10);
    let updates = write(&mut connection, &[Event::ReadMark(read)]).await.read_updates;
    assert_eq!((updates[0].seq, updates[0].message_id), (4, messages[3].message_id));
    let unread = mark("p1", "staff:ada", Mark::Unread, &several, 11);
    write(&mut connection, &[Event::ReadMark(unread)]).await;
    assert_eq!(rows(&database).await, ["p1:staff:ada:1"]);
    assert_eq!(rows_with_another_message(&database).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_of_stored_messages_and_of_those_of_its_batch_reads_the_last_of_all() {
    let messages = conversation("p1", 4);
    for split in 0..=4 {
        let database = Database::create().await;
        let mut connection = database.connect().await;
        let (stored, new) = messages.split_at(split);
        write(&mut connection, &stored.iter().map(event).collect::<Vec<_>>()).await;
        let all: Vec<_> = messages.iter().collect();
        let marks = [
            mark("p1", "player", Mark::Read, &all, 10),
            mark("p1", "staff:ada", Mark::Unread, &all[1..], 10),
        ];
        let marks = marks.into_iter().map(Event::ReadMark);
        write(&mut connection, &new.iter().map(event).chain(marks).collect::<Vec<_>>()).await;
        assert_eq!(rows(&database).await, ["p1:player:4", "p1:staff:ada:1"], "{split}");
        assert_eq!(rows_with_another_message(&database).await, 0, "{split}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_as_unread_and_marks_for_staff_only_are_written_and_not_announced() {
    let (database, mut connection, messages) = with_messages(3).await;
    let staff_only =
        ReadMark { staff_only: true, ..mark("p1", "staff:ada", Mark::Read, &[&messages[2]], 10) };
    let marks = [Event::ReadMark(staff_only), unread("p1", "staff:bo", &messages[1], 10)];
    for written in [2, 0] {
        let outcome = write(&mut connection, &marks).await;
        assert_eq!((outcome.marked, outcome.read_updates), (written, Vec::new()));
    }
    assert_eq!(rows(&database).await, ["p1:staff:ada:3", "p1:staff:bo:1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redelivered_mark_is_announced_again_while_its_state_is_stored() {
    let (_database, mut connection, messages) = with_messages(3).await;
    let first = read("p1", "player", &messages[1], 10);
    for written in [1, 0, 0] {
        let outcome = write(&mut connection, std::slice::from_ref(&first)).await;
        assert_eq!((outcome.marked, outcome.read_updates), (written, vec![state(&first, 2)]));
    }
    // Another mark of that message changes nothing.
    let again = read("p1", "player", &messages[1], 11);
    assert_eq!(write(&mut connection, &[again]).await.read_updates, []);
    let second = read("p1", "player", &messages[2], 12);
    assert_eq!(
        write(&mut connection, std::slice::from_ref(&second)).await.read_updates,
        [state(&second, 3)]
    );
    assert_eq!(write(&mut connection, &[first]).await.read_updates, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_was_committed_and_not_announced_is_announced_by_the_next_persister() {
    let system = system().await;
    let messages = conversation("p1", 2);
    publish_together(&system, messages.iter().map(event)).await;
    system.work_off(1).await;
    announced(&system).await;
    // Announcements cannot be published while the broker is away, so that the batch is committed
    // and not acknowledged.
    let proxy = Proxy::start(&system.broker.server(), true).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let persister = system.persister_with(&[&through]).ready().await;
    let lock = system.database.lock("chat_reads").await;
    let mark = read("p1", "player", &messages[1], 10);
    publish_each(&system, [mark.clone()]).await;
    until_waiting(&system, 1).await;
    proxy.take_away();
    drop(lock);
    eventually("the mark is stored", async || {
        (rows(&system.database).await == ["p1:player:2"]).then_some(())
    })
    .await;
    persister.kill().await;

    assert_eq!(announced(&system).await, []);
    system.work_off(1).await;
    assert_eq!(announced(&system).await, [state(&mark, 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_marks_of_one_reader_write_and_announce_few_rows() {
    let system = system().await;
    let messages = conversation("p1", 1_000);
    publish_together(&system, messages.iter().map(event)).await;
    system.work_off(1).await;
    announced(&system).await;
    let marks = (10_000..).zip(&messages).map(|(at, message)| read("p1", "player", message, at));
    publish_together(&system, marks).await;
    let persister = system.persister().await;
    eventually("the last mark is stored", async || {
        (rows(&system.database).await == ["p1:player:1000"]).then_some(())
    })
    .await;
    let written = persister.api().metric("chat_persister_marked_total").await;
    persister.stop().await;
    assert!((1..=3).contains(&written), "{written} rows");
    assert!(announced(&system).await.len() <= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_wait_for_no_conversation() {
    let (database, mut connection, messages) = with_messages(2).await;
    let mut other = database.connect().await;
    let lock = "BEGIN; SELECT FROM chat_conversations FOR UPDATE";
    other.batch_execute(lock).await.unwrap();
    let mark = read("p1", "player", &messages[0], 10);
    assert_eq!(write(&mut connection, std::slice::from_ref(&mark)).await.marked, 1);

    let later = event(&message("p1", "held back"));
    let mark = read("p1", "player", &messages[1], 11);
    let batch = [later.clone(), mark.clone()];
    let outcome = persist(&mut connection, &batch, &Attempt::new(Locks::Skip)).await.unwrap();
    assert_eq!((outcome.marked, outcome.read_updates.len(), outcome.persisted.len()), (1, 1, 0));
    assert!(outcome.is_left_out(&later) && !outcome.is_left_out(&mark));
}

/// Many readers of many conversations, in batches of opposite orders.
#[tokio::test(flavor = "multi_thread")]
async fn persisters_with_marks_of_the_same_readers_in_opposite_orders_do_not_deadlock() {
    let database = Database::create().await;
    let mut connections = join_all((0..4).map(|_| database.connect())).await;
    let players: Vec<_> = (0..20).map(|number| format!("p{number}")).collect();
    let messages: Vec<_> = players.iter().map(|player| conversation(player, 2)).collect();
    let events: Vec<_> = messages.iter().flatten().map(event).collect();
    write(&mut connections[0], &events).await;
    let readers = ["player", "staff:ada", "staff:bo"];
    let writing = (0..).zip(&mut connections).map(async |(writer, connection)| {
        for round in 0..30 {
            let kind = if round % 3 == 2 { unread } else { read };
            let message = usize::from(round % 2 == 1);
            let at = 10 + round * 10 + writer;
            let of_player = |(player, messages): (&String, &Vec<Message>)| {
                readers.map(|reader| kind(player, reader, &messages[message], at))
            };
            let mut marks: Vec<_> = players.iter().zip(&messages).flat_map(of_player).collect();
            if writer % 2 == 1 {
                marks.reverse();
            }
            write(connection, &marks).await;
        }
    });
    join_all(writing).await;
    assert_eq!(rows(&database).await.len(), 60);
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(database.number(deadlocks).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_deletes_marks_and_those_of_before_stay_without_effect() {
    let system = system().await;
    let (messages, others) = (conversation("p1", 2), conversation("p2", 1));
    let before = chat::now().timestamp_micros();
    let marks = [
        read("p1", "player", &messages[0], before),
        read("p1", "staff:ada", &messages[0], before),
        read("p2", "player", &others[0], before),
    ];
    publish_together(&system, messages.iter().chain(&others).map(event).chain(marks)).await;
    system.work_off(1).await;
    system.erase("p1").await;
    assert_eq!(rows(&system.database).await, ["p2:player:1"]);

    let after = chat::now().timestamp_micros();
    let late = read("p1", "staff:ada", &messages[1], before + 1);
    publish_each(&system, [late, read("p1", "staff:bo", &messages[1], after)]).await;
    system.work_off(1).await;
    assert_eq!(rows(&system.database).await, ["p1:staff:bo:2", "p2:player:1"]);

    // Beside a message that was accepted before the erasure as well.
    let late = message_at("p1", SenderType::Player, "late", before);
    let marks = [read("p1", "player", &late, before + 1), read("p1", "staff:cy", &late, after + 1)];
    publish_together(&system, [event(&late)].into_iter().chain(marks)).await;
    system.work_off(1).await;
    assert_eq!(rows(&system.database).await, ["p1:staff:bo:2", "p1:staff:cy:3", "p2:player:1"]);
}

/// A gateway's clock that is ahead must not keep later marks of other gateways without effect.
#[tokio::test(flavor = "multi_thread")]
async fn a_mark_ahead_of_the_databases_clock_is_dated_by_it() {
    let messages = conversation("p1", 3);
    let hour = Duration::from_secs(3_600);
    for is_together in [false, true] {
        let database = Database::create().await;
        let mut connection = database.connect().await;
        let ahead = (chat::now() + hour).timestamp_micros();
        let mut batch: Vec<_> = messages.iter().map(event).collect();
        if !is_together {
            write(&mut connection, &batch).await;
            batch.clear();
        }
        batch.push(unread("p1", "staff:ada", &messages[0], ahead));
        write(&mut connection, &batch).await;
        let later = chat::now().timestamp_micros() + 1_000_000;
        write(&mut connection, &[read("p1", "staff:ada", &messages[2], later)]).await;
        assert_eq!(rows(&database).await, ["p1:staff:ada:3"], "{is_together}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_the_database_refuses_is_set_aside_alone() {
    let system = system().await;
    let refusing = "ALTER TABLE chat_reads ADD CONSTRAINT refusing CHECK (reader <> 'staff:ada')";
    system.database.run(refusing).await;
    let messages = conversation("p1", 1);
    let marks = ["staff:ada", "player"].map(|reader| read("p1", reader, &messages[0], 10));
    publish_together(&system, messages.iter().map(event).chain(marks)).await;
    let persister = system.persister().await;
    let dead = system.broker.names().dead_letters(ConsumerKind::Persister);
    system.broker.wait_for_depth(&dead, 1).await;
    persister.stop().await;
    assert_eq!(rows(&system.database).await, ["p1:player:1"]);
    assert_eq!(system.database.count_messages().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mark_is_set_aside_while_the_database_accepts_none() {
    let system = system().await;
    let messages = conversation("p1", 1);
    publish_together(&system, messages.iter().map(event)).await;
    system.work_off(1).await;
    let refusing = "ALTER TABLE chat_reads ADD CONSTRAINT refusing CHECK (seq < 0)";
    system.database.run(refusing).await;
    let persister = system.persister().await;
    publish_each(&system, [read("p1", "player", &messages[0], 10)]).await;
    let api = persister.api();
    eventually("attempts fail", async || {
        (api.metric("chat_persister_database_failures_total").await >= 2).then_some(())
    })
    .await;
    system.database.run("ALTER TABLE chat_reads DROP CONSTRAINT refusing").await;
    eventually("the mark is stored", async || {
        (rows(&system.database).await == ["p1:player:1"]).then_some(())
    })
    .await;
    persister.stop().await;
    let dead = system.broker.names().dead_letters(ConsumerKind::Persister);
    assert_eq!(system.broker.depth(&dead).await, Some(0));
}
