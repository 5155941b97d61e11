//! The rotation of the secret of attachments, as docs/operations/secrets.md describes it, under load.

use std::collections::HashSet;

use serde_json::json;
use stack::Service;
use test_support::{Api, JWT_SECRET, System, eventually};
use uuid::Uuid;

use crate::{
    fleet::Fleet,
    programs::{Programs, Release},
    senders::{Sender, persisted, upload},
};

const OLD: &str = JWT_SECRET;
const NEW: &str = "another secret of more than thirty-two characters";

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_the_attachment_secret_refuses_no_upload_and_no_link() {
    let system = System::new().await;
    let mut programs = Programs::new().await;
    programs.use_servers(&system.database.url, &system.broker.url);
    let rest = [
        ("AUTH_MODE", "off"),
        ("QUEUE_PREFIX", &*system.broker.prefix),
        ("ATTACHMENT_UPLOADS_PER_HOUR", "0"),
    ];
    let with = |secrets: &[(&'static str, &'static str)]| [&rest[..], secrets].concat();
    let (first, second) = ("ATTACHMENT_SECRET", "ATTACHMENT_SECOND_SECRET");

    let old_alone = with(&[(first, OLD)]);
    let workers = [Service::Persister];
    let mut fleet = Fleet::start(&programs, Release::current(), &workers, &old_alone).await;
    let mut sender = Sender::start_with_files("p1", fleet.apis());
    sender.wait_for_progress().await;
    // The token of a page that sends its message late, and the link of a page that stays open.
    let message = json!({
        "messageId": Uuid::now_v7(), "playerId": "p2", "senderType": "player", "content": "late",
        "attachments": [upload("p2", &mut fleet.apis().into_iter()).await],
    });
    let link = link_of_a_file(&fleet.apis()[0]).await;

    for secrets in [[(first, OLD), (second, NEW)], [(first, NEW), (second, OLD)]] {
        fleet.replace_gateways(&programs, &with(&secrets), &mut [(&mut sender, "")]).await;
        for gateway in fleet.apis() {
            assert_eq!(gateway.send(&message).await.status, 202);
            assert_eq!(gateway.try_get(&link).await, Some(200));
        }
    }

    // Every token of the old secret has expired.
    let new_alone = with(&[(first, NEW)]);
    fleet.replace_gateways(&programs, &new_alone, &mut [(&mut sender, "")]).await;
    for gateway in fleet.apis() {
        assert_eq!(gateway.send(&message).await.status, 400);
        assert_eq!(gateway.try_get(&link).await, Some(403));
    }
    let late = message["messageId"].as_str().unwrap().to_owned();
    let accepted: HashSet<_> = sender.stop().await.into_iter().chain([late]).collect();
    assert_eq!(persisted(&system.database, accepted.len()).await, accepted);
    programs.supervisor.stop().await;
}

/// A link of the newest file of p1, without the gateway's address.
async fn link_of_a_file(gateway: &Api) -> String {
    let file = eventually("a message with a file is persisted", async || {
        let page = gateway.conversation("p1", "").await.json;
        let newest = page["messages"].as_array()?.last()?.clone();
        newest["attachments"][0]["attachmentId"].as_str().map(ToOwned::to_owned)
    })
    .await;
    let path = format!("/api/unified-chat/conversations/p1/attachments/{file}");
    let answer = gateway.get(&path).await;
    answer.json["url"].as_str().map(ToOwned::to_owned).unwrap_or_else(|| panic!("{answer:?}"))
}
