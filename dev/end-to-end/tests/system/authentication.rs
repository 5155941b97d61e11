//! Subscriptions of pusher-js with tokens.

use test_support::{System, token};

use crate::portal::Portal;

#[tokio::test(flavor = "multi_thread")]
async fn only_its_player_and_staff_receive_a_conversation() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let _broadcaster = system.broadcaster_with(&["--pusher-channel-access=private"]).ready().await;
    let (bo, eve, ada) = (token("player", "bo"), token("player", "eve"), token("staff", "ada"));
    let (bo_channel, staff_channel) = ("private-player-bo", "private-staff-portal");
    let mut player = Portal::subscribe_with(&system, &gateway, bo_channel, &bo).await;
    let mut desk = Portal::subscribe_with(&system, &gateway, staff_channel, &ada).await;
    let mut colleague = Portal::subscribe_with(&system, &gateway, bo_channel, &ada).await;

    for (channel, token) in [(bo_channel, &eve), (staff_channel, &eve), (staff_channel, &bo)] {
        assert_eq!(Portal::refusal(&system, &gateway, channel, token).await, 403, "{channel}");
    }
    assert_eq!(Portal::refusal(&system, &gateway, bo_channel, "no token").await, 401);

    gateway.api().with_token(&bo).send_as_player("bo", "hello").await;
    assert_eq!(player.receives("message-sent").await["content"], "hello");
    assert_eq!(colleague.receives("message-sent").await["content"], "hello");
    assert_eq!(desk.receives("new-player-message").await["content"], "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_receive_each_others_presence() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let channel = "presence-staff-portal";
    let mut ada = Portal::subscribe_with(&system, &gateway, channel, &token("staff", "ada")).await;
    let _grace = Portal::subscribe_with(&system, &gateway, channel, &token("staff", "grace")).await;
    assert_eq!(ada.receives("pusher:member_added").await["id"], "grace");
    let player = token("player", "bo");
    assert_eq!(Portal::refusal(&system, &gateway, channel, &player).await, 403);
}
