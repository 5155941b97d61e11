//! Messages beyond the rate for staff are coalesced, and none is lost.

use std::collections::HashMap;

use broker::{ConsumerKind, dead_letters::DeadLetters};
use chat::{Message, Note, SenderType, event::Event};
use serde_json::{Value, json};
use test_support::{Api, System, body, eventually, message, message_at};

use crate::support::{all_acknowledged, dead_letters, event, system, until_accepted};
use test_support::fake_pusher::{FakePusher, rejecting};
use uuid::Uuid;

const ONE_A_SECOND: &str = "--staff-events-per-second=1";

#[tokio::test(flavor = "multi_thread")]
async fn messages_within_the_rate_are_not_coalesced() {
    let system = system().await;
    let broadcaster = system.broadcaster_with(&["--staff-events-per-second=5"]).ready().await;
    for number in 1..=5 {
        system.broker.publish(&body([event("p1", &format!("{number}"))])).await;
        until_accepted(&system, number * 2).await;
    }
    let accepted = system.pusher.accepted().await;
    assert_eq!((&accepted["calls"], &accepted["maxEventsPerCall"]), (&json!(5), &json!(2)));
    let staff = staff_events(&system).await;
    assert!(staff.iter().all(|(name, data)| name == "new-player-message" && data["content"] != ""));
    assert_eq!(broadcaster.api().metric("chat_broadcaster_coalesced_total").await, 0);
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

/// 10 messages of each of 20 players, all at once.
#[tokio::test(flavor = "multi_thread")]
async fn messages_beyond_the_rate_reach_staff_in_a_few_events() {
    let system = system().await;
    let player = |number: usize| format!("p{}", number % 20);
    system.broker.publish(&body((0..200).map(|number| event(&player(number), "hello")))).await;
    let broadcaster = system.broadcaster_with(&["--staff-events-per-second=5"]).ready().await;
    let staff = until_staff_received_count(&system, 200).await;
    let names: Vec<_> = staff.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, [["new-player-message"; 5].as_slice(), &["new-player-messages"]].concat());
    let mut of_player = HashMap::new();
    for (_, data) in &staff {
        for summary in data["players"].as_array().into_iter().flatten().chain([data]) {
            if let Some(player) = summary["playerId"].as_str() {
                *of_player.entry(player.to_owned()).or_default() +=
                    summary["count"].as_u64().unwrap_or(1);
            }
        }
    }
    assert_eq!(of_player, (0..20).map(|number| (player(number), 10)).collect());
    // Each player receives each of its own messages.
    until_accepted(&system, 206).await;
    assert_eq!(broadcaster.api().metric("chat_broadcaster_coalesced_total").await, 195);
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_beyond_the_rate_reach_staff_in_one_event_and_no_player() {
    let system = system().await;
    let note = |number: usize| {
        Event::Note(Box::new(Note {
            note_id: Uuid::now_v7(),
            player_id: format!("p{}", number % 2).try_into().unwrap(),
            session_id: None,
            author_id: None,
            author_name: None,
            content: "hush".to_owned().try_into().unwrap(),
            mentions: vec!["ada".to_owned().try_into().unwrap()],
            accepted_at: chat::now(),
            traceparent: None,
        }))
    };
    system.broker.publish(&body((0..9).map(note))).await;
    let broadcaster = system.broadcaster_with(&[ONE_A_SECOND]).ready().await;
    until_accepted(&system, 2).await;
    let events = system.pusher.events().await;
    assert!(events.iter().all(|(channel, ..)| channel == "staff-portal"), "{events:?}");
    let staff = staff_events(&system).await;
    let names: Vec<_> = staff.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["note-added", "new-player-messages"]);
    let mut notes: Vec<_> = staff[1].1["notes"].as_array().unwrap().clone();
    notes.sort_by_key(|summary| summary["playerId"].to_string());
    let summary = |player| json!({ "playerId": player, "count": 4, "mentions": ["ada"] });
    assert_eq!(notes, [summary("p0"), summary("p1")]);
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_staff_are_not_coalesced() {
    let system = system().await;
    let broadcaster = system.broadcaster_with(&[ONE_A_SECOND]).ready().await;
    let answer = |number| message_at("p1", SenderType::Staff, "hello", number);
    system
        .broker
        .publish(&body((0..9).map(|number| Event::Message(Box::new(answer(number))))))
        .await;
    until_accepted(&system, 18).await;
    let staff = staff_events(&system).await;
    assert!(staff.iter().all(|(name, _)| name == "message-sent"));
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcaster_killed_while_it_coalesces_loses_no_message() {
    let (system, coalesced) = coalescing().await;
    let broadcaster = system.broadcaster_with(&[ONE_A_SECOND]).ready().await;
    until_players_received(&broadcaster.api()).await;
    broadcaster.kill().await;
    let broadcaster = system.broadcaster_with(&[ONE_A_SECOND]).ready().await;
    until_staff_received(&system, &coalesced).await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcaster_stopped_while_it_coalesces_requeues_its_deliveries() {
    let (system, coalesced) = coalescing().await;
    let broadcaster = system.broadcaster_with(&[ONE_A_SECOND]).ready().await;
    until_players_received(&broadcaster.api()).await;
    broadcaster.stop().await;
    let broadcaster = system.broadcaster().await;
    until_staff_received(&system, &coalesced).await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn coalesced_messages_are_requeued_after_the_hold_while_pusher_is_down() {
    let (system, coalesced) = coalescing().await;
    system.pusher.fault(&json!({ "kind": "hang" })).await;
    let settings = [ONE_A_SECOND, "--delivery-hold=1500ms"];
    let broadcaster = system.broadcaster_with(&settings).ready().await;
    let api = broadcaster.api();
    eventually("the deliveries are requeued", async || {
        (api.metric("chat_broadcaster_given_back_total").await >= 2).then_some(())
    })
    .await;
    system.pusher.behave().await;
    until_staff_received(&system, &coalesced).await;
    broadcaster.stop().await;
    assert_eq!(dead_letters(&system).await, Some(0));
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn coalesced_messages_are_broadcast_after_an_outage_of_pusher() {
    let (system, coalesced) = coalescing().await;
    let broadcaster = system.broadcaster_with(&[ONE_A_SECOND]).ready().await;
    until_players_received(&broadcaster.api()).await;
    system.pusher.fault(&json!({ "kind": "status", "status": 500, "times": 2 })).await;
    until_staff_received(&system, &coalesced).await;
    broadcaster.stop().await;
    assert_eq!(dead_letters(&system).await, Some(0));
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_coalesced_messages_are_dead_lettered_and_can_be_replayed() {
    let (system, coalesced) = coalescing().await;
    let pusher = FakePusher::start(rejecting(&["new-player-messages"])).await;
    let broadcaster = pusher.broadcaster(&system, &[ONE_A_SECOND]).await;
    eventually("both are dead letters", async || {
        (dead_letters(&system).await == Some(2)).then_some(())
    })
    .await;
    broadcaster.stop().await;
    let letters =
        DeadLetters::open(&system.broker.settings(), ConsumerKind::Broadcaster).await.unwrap();
    letters.replay(usize::MAX).await.unwrap();
    let broadcaster = system.broadcaster().await;
    until_staff_received(&system, &coalesced).await;
    broadcaster.stop().await;
    assert_eq!(dead_letters(&system).await, Some(0));
    all_acknowledged(&system).await;
}

/// More deliveries than the prefetch, each with one message.
#[tokio::test(flavor = "multi_thread")]
async fn at_most_half_of_the_prefetch_is_coalesced() {
    let system = system().await;
    for _ in 0..600 {
        system.broker.publish(&body([event("p1", "hello")])).await;
    }
    let broadcaster = system.broadcaster_with(&[ONE_A_SECOND]).ready().await;
    let staff = until_staff_received_count(&system, 600).await;
    assert!(staff.iter().all(|(_, data)| count(data) <= 256));
    // The player's events as well: one whose call has not begun is requeued.
    until_accepted(&system, 600 + staff.len() as u64).await;
    // RabbitMQ delays acknowledgements beyond 32 that a quorum queue has not applied, and forgets them
    // when the consumer ends.
    eventually("the broadcaster holds no delivery", async || {
        let metrics = broadcaster.api().metrics().await.unwrap().text().await.unwrap();
        let mut lines = metrics.lines();
        let held =
            lines.find_map(|line| line.strip_prefix("chat_broadcaster_oldest_held_seconds "));
        (held?.parse() == Ok(0.0)).then_some(())
    })
    .await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

/// A system with three messages in its queue, and the two of them that a broadcaster coalesces at one
/// event per second.
async fn coalescing() -> (System, [Message; 2]) {
    let system = system().await;
    let coalesced = ["p1", "p2"].map(|player| message(player, "coalesced"));
    let messages = [message("p1", "first")].into_iter().chain(coalesced.clone());
    system.broker.publish(&body(messages.map(|message| Event::Message(Box::new(message))))).await;
    (system, coalesced)
}

/// Waits until Pusher has accepted the players' three events and the first for staff.
async fn until_players_received(api: &Api) {
    eventually("four events are broadcast", async || {
        (api.metric("chat_broadcaster_broadcast_total").await >= 4).then_some(())
    })
    .await;
}

async fn until_staff_received(system: &System, messages: &[Message]) {
    eventually("staff have received the messages", async || {
        let staff = staff_events(system).await;
        let ids: Vec<_> = staff.iter().flat_map(|(_, data)| last_ids(data)).collect();
        let is_received = |message: &Message| ids.contains(&&json!(message.message_id));
        messages.iter().all(is_received).then_some(())
    })
    .await;
}

async fn until_staff_received_count(system: &System, messages: u64) -> Vec<(String, Value)> {
    eventually(&format!("staff have received {messages} messages"), async || {
        let staff = staff_events(system).await;
        (staff.iter().map(|(_, data)| count(data)).sum::<u64>() == messages).then_some(staff)
    })
    .await
}

fn last_ids(data: &Value) -> Vec<&Value> {
    let players = data["players"].as_array().into_iter().flatten();
    players.map(|player| &player["lastMessageId"]).chain([&data["messageId"]]).collect()
}

/// The number of messages that an event for staff stands for.
fn count(data: &Value) -> u64 {
    let Some(players) = data["players"].as_array() else { return 1 };
    let listed: u64 = players.iter().map(|player| player["count"].as_u64().unwrap()).sum();
    listed + data["unlisted"].as_u64().unwrap()
}

/// The names and data of the events on the staff's channel.
async fn staff_events(system: &System) -> Vec<(String, Value)> {
    let events = system.pusher.events().await.into_iter();
    let staff = events.filter(|(channel, ..)| channel == "staff-portal");
    staff.map(|(_, name, data)| (name, data)).collect()
}
