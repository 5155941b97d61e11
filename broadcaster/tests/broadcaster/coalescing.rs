//! What staff hear beyond the rate that the operator sets, and that nothing is lost on the way there.

use std::collections::HashMap;

use broker::{ConsumerKind, dead_letters::DeadLetters};
use chat::{Message, SenderType, event::Event};
use serde_json::{Value, json};
use test_support::{Api, System, body, eventually, message, message_at};

use crate::fake_pusher::{FakePusher, refusing};
use crate::support::{all_acknowledged, dead, event, system, until_accepted};

const ONE_A_SECOND: &str = "--staff-events-per-second=1";

#[tokio::test(flavor = "multi_thread")]
async fn up_to_the_rate_each_message_goes_out_as_it_does_without_one() {
    let system = system().await;
    let broadcaster = system.broadcaster_with(&["--staff-events-per-second=5"]).ready().await;
    for number in 1..=5 {
        system.broker.publish(&body([event("p1", &format!("{number}"))])).await;
        until_accepted(&system, number * 2).await;
    }
    let accepted = system.pusher.accepted().await;
    assert_eq!((&accepted["calls"], &accepted["maxEventsPerCall"]), (&json!(5), &json!(2)));
    let staff = heard_by_staff(&system).await;
    assert!(staff.iter().all(|(name, data)| name == "new-player-message" && data["content"] != ""));
    assert_eq!(broadcaster.api().metric("chat_broadcaster_coalesced_total").await, 0);
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

/// Of 20 players 10 messages each, which all come at once.
#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_rate_staff_hear_of_every_message_in_a_few_events() {
    let system = system().await;
    let player = |number: usize| format!("p{}", number % 20);
    system.broker.publish(&body((0..200).map(|number| event(&player(number), "hello")))).await;
    let broadcaster = system.broadcaster_with(&["--staff-events-per-second=5"]).ready().await;
    let staff = until_staff_heard_of_so_many(&system, 200).await;
    let names: Vec<_> = staff.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, [["new-player-message"; 5].as_slice(), &["new-player-messages"]].concat());
    let mut of_player = HashMap::new();
    for (_, data) in &staff {
        for news in data["players"].as_array().into_iter().flatten().chain([data]) {
            if let Some(player) = news["playerId"].as_str() {
                *of_player.entry(player.to_owned()).or_default() +=
                    news["count"].as_u64().unwrap_or(1);
            }
        }
    }
    assert_eq!(of_player, (0..20).map(|number| (player(number), 10)).collect());
    // Each player hears of each of its own.
    until_accepted(&system, 206).await;
    assert_eq!(broadcaster.api().metric("chat_broadcaster_coalesced_total").await, 195);
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_write_and_what_sessions_become_is_told_as_it_comes() {
    let system = system().await;
    let broadcaster = system.broadcaster_with(&[ONE_A_SECOND]).ready().await;
    let answer = |number| message_at("p1", SenderType::Staff, "hello", number);
    system
        .broker
        .publish(&body((0..9).map(|number| Event::Message(Box::new(answer(number))))))
        .await;
    until_accepted(&system, 18).await;
    let staff = heard_by_staff(&system).await;
    assert!(staff.iter().all(|(name, _)| name == "message-sent"));
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcaster_that_is_killed_while_it_gathers_loses_nothing() {
    let (system, coalesced) = gathering().await;
    let broadcaster = system.broadcaster_with(&[ONE_A_SECOND]).ready().await;
    until_players_heard(&broadcaster.api()).await;
    broadcaster.kill().await;
    let broadcaster = system.broadcaster_with(&[ONE_A_SECOND]).ready().await;
    until_staff_heard_of(&system, &coalesced).await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcaster_that_stops_while_it_gathers_gives_back_what_it_holds() {
    let (system, coalesced) = gathering().await;
    let broadcaster = system.broadcaster_with(&[ONE_A_SECOND]).ready().await;
    until_players_heard(&broadcaster.api()).await;
    broadcaster.stop().await;
    let broadcaster = system.broadcaster().await;
    until_staff_heard_of(&system, &coalesced).await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_pusher_is_away_what_is_gathered_is_given_back_with_the_rest() {
    let (system, coalesced) = gathering().await;
    system.pusher.fault(&json!({ "kind": "hang" })).await;
    let settings = [ONE_A_SECOND, "--delivery-hold=1500ms"];
    let broadcaster = system.broadcaster_with(&settings).ready().await;
    let api = broadcaster.api();
    eventually("it was given back", async || {
        (api.metric("chat_broadcaster_given_back_total").await >= 2).then_some(())
    })
    .await;
    system.pusher.behave().await;
    until_staff_heard_of(&system, &coalesced).await;
    broadcaster.stop().await;
    assert_eq!(dead(&system).await, Some(0));
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_gathered_waits_out_an_outage_as_everything_does() {
    let (system, coalesced) = gathering().await;
    let broadcaster = system.broadcaster_with(&[ONE_A_SECOND]).ready().await;
    until_players_heard(&broadcaster.api()).await;
    system.pusher.fault(&json!({ "kind": "status", "status": 500, "times": 2 })).await;
    until_staff_heard_of(&system, &coalesced).await;
    broadcaster.stop().await;
    assert_eq!(dead(&system).await, Some(0));
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_gathered_and_is_refused_for_good_is_buried_and_can_be_replayed() {
    let (system, coalesced) = gathering().await;
    let pusher = FakePusher::start(refusing(&["new-player-messages"])).await;
    let broadcaster = pusher.broadcaster(&system, &[ONE_A_SECOND]).await;
    eventually("both are buried", async || (dead(&system).await == Some(2)).then_some(())).await;
    broadcaster.stop().await;
    let letters =
        DeadLetters::open(&system.broker.settings(), ConsumerKind::Broadcaster).await.unwrap();
    letters.replay(usize::MAX).await.unwrap();
    let broadcaster = system.broadcaster().await;
    until_staff_heard_of(&system, &coalesced).await;
    broadcaster.stop().await;
    assert_eq!(dead(&system).await, Some(0));
    all_acknowledged(&system).await;
}

/// More bodies than a broker hands out at once, each with one message.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_gathered_than_leaves_the_broker_something_to_hand_out() {
    let system = system().await;
    for _ in 0..600 {
        system.broker.publish(&body([event("p1", "hello")])).await;
    }
    let broadcaster = system.broadcaster_with(&[ONE_A_SECOND]).ready().await;
    let staff = until_staff_heard_of_so_many(&system, 600).await;
    assert!(staff.iter().all(|(_, data)| count(data) <= 256));
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

/// A system in whose queue are three messages, and those two of them of which staff are to hear only once
/// the second of the first is over.
async fn gathering() -> (System, [Message; 2]) {
    let system = system().await;
    let coalesced = ["p1", "p2"].map(|player| message(player, "gathered"));
    let messages = [message("p1", "first")].into_iter().chain(coalesced.clone());
    system.broker.publish(&body(messages.map(|message| Event::Message(Box::new(message))))).await;
    (system, coalesced)
}

/// Waits until Pusher has said that the players hear of all that is in the queue, and staff of the first.
async fn until_players_heard(api: &Api) {
    eventually("four events are broadcast", async || {
        (api.metric("chat_broadcaster_broadcast_total").await >= 4).then_some(())
    })
    .await;
}

async fn until_staff_heard_of(system: &System, messages: &[Message]) {
    eventually("staff have heard of it", async || {
        let staff = heard_by_staff(system).await;
        let ids: Vec<_> = staff.iter().flat_map(|(_, data)| last_ids(data)).collect();
        let told = |message: &Message| ids.contains(&&json!(message.message_id));
        messages.iter().all(told).then_some(())
    })
    .await;
}

async fn until_staff_heard_of_so_many(system: &System, messages: u64) -> Vec<(String, Value)> {
    eventually(&format!("staff have heard of {messages} messages"), async || {
        let staff = heard_by_staff(system).await;
        (staff.iter().map(|(_, data)| count(data)).sum::<u64>() == messages).then_some(staff)
    })
    .await
}

fn last_ids(data: &Value) -> Vec<&Value> {
    let together = data["players"].as_array().into_iter().flatten();
    together.map(|news| &news["lastMessageId"]).chain([&data["messageId"]]).collect()
}

/// Of how many messages an event tells staff.
fn count(data: &Value) -> u64 {
    let Some(players) = data["players"].as_array() else { return 1 };
    let listed: u64 = players.iter().map(|news| news["count"].as_u64().unwrap()).sum();
    listed + data["unlisted"].as_u64().unwrap()
}

/// What came on the staff's channel: names and data.
async fn heard_by_staff(system: &System) -> Vec<(String, Value)> {
    let events = system.pusher.events().await.into_iter();
    let staff = events.filter(|(channel, ..)| channel == "staff-portal");
    staff.map(|(_, name, data)| (name, data)).collect()
}
