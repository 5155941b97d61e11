use broker::ConsumerKind;
use chat::{event::Event, timestamp};
use chrono::{DateTime, Utc};
use serde_json::json;
use test_support::System;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn a_202_means_that_the_message_is_in_both_queues() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let message_id = Uuid::new_v4();
    let answer = gateway
        .api()
        .send(&json!({
            "messageId": message_id, "playerId": "p1", "playerName": "Bo", "senderType": "player",
            "content": " hello ", "socketId": "12.34", "somethingElse": [1, 2, 3]
        }))
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.json["success"], true);
    assert_eq!(answer.json["status"], "accepted");
    assert_eq!(answer.json["messageId"], message_id.to_string());

    for worker in ConsumerKind::ALL {
        let events = system.broker.drain_events(worker).await;
        let [Event::Message(message)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(message.message_id, message_id);
        assert_eq!(message.content.as_str(), "hello");
        assert_eq!(message.sender_id.as_ref().unwrap().as_str(), "p1");
        assert_eq!(message.sender_name.as_ref().unwrap().as_str(), "Bo");
        assert_eq!(answer.json["acceptedAt"], timestamp::to_text(&message.accepted_at));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn message_id_is_optional_and_message_is_an_alias_of_content() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let message = json!({ "playerId": "p1", "senderType": "staff", "message": "hello" });
    let answer = gateway.api().send(&message).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let id: Uuid = answer.json["messageId"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
    let events = system.broker.drain_events(ConsumerKind::Persister).await;
    assert!(format!("{events:?}").contains("hello"), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_change_is_published_like_a_message() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let answer = gateway.api().change_status("p1", "resolved").await;
    assert_eq!((answer.status, &answer.json["status"]), (202, &json!("accepted")), "{answer:?}");
    let events = system.broker.drain_events(ConsumerKind::Persister).await;
    assert!(matches!(events.as_slice(), [Event::StatusChange(_)]), "{events:?}");
    assert_eq!(gateway.api().change_status("p1", "pending").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_change_has_the_session_and_seq_that_its_author_saw_and_the_author() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let path = "/api/unified-chat/conversations/p1/status";
    let session_id = Uuid::now_v7();
    let request = json!({
        "status": "resolved", "sessionId": session_id, "lastSeq": 7,
        "actorId": "ada@example.com", "actorName": "Ada"
    });
    assert_eq!(gateway.api().post(path, &request).await.status, 202);
    let events = system.broker.drain_events(ConsumerKind::Persister).await;
    let [Event::StatusChange(change)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((change.session_id, change.last_seq), (Some(session_id), Some(7)));
    assert_eq!(change.actor_id.as_ref().unwrap().as_str(), "ada@example.com");
    assert_eq!(change.actor_name.as_ref().unwrap().as_str(), "Ada");

    for (field, wrong) in
        [("sessionId", json!("x")), ("lastSeq", json!(-1)), ("lastSeq", json!("7"))]
    {
        let answer = gateway.api().post(path, &json!({ "status": "resolved", field: wrong })).await;
        assert_eq!((answer.status, &answer.json["field"]), (400, &json!(field)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn timestamps_of_accepted_messages_strictly_increase() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    let mut accepted = Vec::new();
    for _ in 0..5 {
        for answer in
            [api.send_as_player("p1", "hi").await, api.change_status("p1", "active").await]
        {
            let accepted_at = answer.json["acceptedAt"].as_str().unwrap().parse::<DateTime<Utc>>();
            accepted.push(accepted_at.unwrap());
        }
    }
    assert!(accepted.is_sorted_by(|earlier, later| earlier < later), "{accepted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn message_sent_fifty_times_at_once_is_accepted_each_time_and_stored_once() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let message = json!({
        "messageId": Uuid::new_v4(), "playerId": "p1", "senderType": "player", "content": "hello"
    });
    let sends: Vec<_> = (0..50)
        .map(|_| {
            let (api, message) = (gateway.api(), message.clone());
            tokio::spawn(async move { api.send(&message).await.status })
        })
        .collect();
    for send in sends {
        assert_eq!(send.await.unwrap(), 202);
    }
    system.work_off(3).await;
    assert_eq!(system.database.count_messages().await, 1);
    assert_eq!(system.database.count_sessions().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_progress_finish_when_the_gateway_stops() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let sends: Vec<_> = (0..200)
        .map(|number| {
            let api = gateway.api();
            tokio::spawn(async move { api.try_send_as_player("p1", &format!("{number}")).await })
        })
        .collect();
    system.broker.wait_for_some(&system.broker.names().queue(ConsumerKind::Persister)).await;
    gateway.stop().await;
    let mut accepted = 0;
    for send in sends {
        // A client that came too late was not connected, and every connected one got a response.
        accepted += i32::from(send.await.unwrap() == Some(202));
    }
    let queued = system.broker.drain_events(ConsumerKind::Persister).await.len();
    assert_eq!(queued, usize::try_from(accepted).unwrap());
}
