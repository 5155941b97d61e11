//! Who may listen, with real pusher-js and tokens.

use test_support::{System, token};

use crate::portal::Portal;

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_heard_by_its_player_and_by_staff_and_by_nobody_else() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let _broadcaster = system.broadcaster_with(&["--pusher-channel-access=private"]).ready().await;
    let (bo, eve, ada) = (token("player", "bo"), token("player", "eve"), token("staff", "ada"));
    let (of_bo, of_staff) = ("private-player-bo", "private-staff-portal");
    let mut player = Portal::listen_with(&system, &gateway, of_bo, &bo).await;
    let mut desk = Portal::listen_with(&system, &gateway, of_staff, &ada).await;
    let mut colleague = Portal::listen_with(&system, &gateway, of_bo, &ada).await;

    for (channel, token) in [(of_bo, &eve), (of_staff, &eve), (of_staff, &bo)] {
        assert_eq!(Portal::is_refused(&system, &gateway, channel, token).await, 403, "{channel}");
    }
    assert_eq!(Portal::is_refused(&system, &gateway, of_bo, "no token").await, 401);

    gateway.api().with_token(&bo).send_as_player("bo", "hello").await;
    assert_eq!(player.hears("message-sent").await["content"], "hello");
    assert_eq!(colleague.hears("message-sent").await["content"], "hello");
    assert_eq!(desk.hears("new-player-message").await["content"], "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_sees_who_of_the_staff_is_there() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let channel = "presence-staff-portal";
    let mut ada = Portal::listen_with(&system, &gateway, channel, &token("staff", "ada")).await;
    let _grace = Portal::listen_with(&system, &gateway, channel, &token("staff", "grace")).await;
    assert_eq!(ada.hears("pusher:member_added").await["id"], "grace");
    let player = token("player", "bo");
    assert_eq!(Portal::is_refused(&system, &gateway, channel, &player).await, 403);
}
