use serde_json::{Value, json};
use test_support::{Answer, Api, RunningService, System, token};

use crate::tokens::{Issuer, player, staff, with_claim};

async fn authorize(api: &Api, form: &str) -> Answer {
    let form = form.as_bytes().to_vec();
    api.post_raw("/api/pusher/auth", "application/x-www-form-urlencoded", form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_chats_private_channels_are_signed_for() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    for channel in ["private-player-p1", "private-staff-portal"] {
        let answer = authorize(&api, &format!("socket_id=1.2&channel_name={channel}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let signature = pusher::sign_subscription(&"secret".into(), "1.2", channel, None);
        assert_eq!(answer.json, json!({ "auth": format!("key:{signature}") }));
    }
    for channel in [
        "private-encrypted-player-p1",
        "private-other",
        "player-p1",
        "presence-staff-portal",
        "private-player-a/b",
        "",
    ] {
        let answer = authorize(&api, &format!("socket_id=1.2&channel_name={channel}")).await;
        assert_eq!(answer.status, 403, "{channel}: {answer:?}");
    }
    let answer = authorize(&api, "socket_id=x&channel_name=private-player-p1").await;
    assert_eq!((answer.status, &answer.json["field"]), (400, &"socket_id".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn subscription_to_an_encrypted_channel_has_its_shared_secret() {
    let system = System::new().await;
    let key = "--pusher-encryption-master-key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let gateway = system.gateway_with(&["--pusher-channel-access=encrypted", key]).ready().await;
    let api = gateway.api();
    let channel = "private-encrypted-player-p1";
    let answer = authorize(&api, &format!("socket_id=1.2&channel_name={channel}")).await;
    let signature = pusher::sign_subscription(&"secret".into(), "1.2", channel, None);
    assert_eq!(
        answer.json,
        json!({
            "auth": format!("key:{signature}"),
            "shared_secret": "iBUqcNTsd9cVyskxW0+rji2BKzF2AI6qBlen5zyoXVk="
        })
    );
    let staff = "socket_id=1.2&channel_name=private-encrypted-staff-portal";
    let staff = authorize(&api, staff).await;
    assert_eq!(staff.status, 200);
    assert_ne!(staff.json["shared_secret"], answer.json["shared_secret"]);
    for channel in ["private-player-p1", "private-staff-portal", "private-encrypted-player-a/b"] {
        let answer = authorize(&api, &format!("socket_id=1.2&channel_name={channel}")).await;
        assert_eq!(answer.status, 403, "{channel}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_subscription_has_no_shared_secret_with_encrypted_channels() {
    let system = System::new().await;
    let key = "--pusher-encryption-master-key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let gateway = system.guarded_gateway(&["--pusher-channel-access=encrypted", key]).await;
    let api = gateway.api().with_token(&token("staff", "ada"));
    let answer = authorize(&api, "socket_id=1.2&channel_name=presence-staff-portal").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.json["channel_data"].is_string(), "{answer:?}");
    assert!(answer.json.get("shared_secret").is_none(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_signed_with_public_channels() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--pusher-channel-access=public"]).ready().await;
    for channel in ["staff-portal", "private-player-p1", "private-staff-portal"] {
        let form = format!("socket_id=1.2&channel_name={channel}");
        assert_eq!(authorize(&gateway.api(), &form).await.status, 403, "{channel}");
    }
}

/// The member that enters the presence channel of `p`'s conversation with the token of `claims`, after
/// a check of the signature.
async fn member(gateway: &RunningService, claims: &Value, p: &str) -> Value {
    let channel = format!("presence-conversation-{p}");
    let api = gateway.api().with_token(&Issuer::usual().token(claims));
    let answer = api.subscribe(&channel).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let data = answer.json["channel_data"].as_str().unwrap();
    let signature = pusher::sign_subscription(&"secret".into(), "1.2", &channel, Some(data));
    assert_eq!(answer.json, json!({ "auth": format!("key:{signature}"), "channel_data": data }));
    serde_json::from_str(data).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_in_a_conversation_has_the_role_and_name_of_the_token_and_no_id() {
    let system = System::new().await;
    let key = "--pusher-encryption-master-key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let private = system.guarded_gateway(&[]).await;
    let encrypted = system.guarded_gateway(&["--pusher-channel-access=encrypted", key]).await;
    for gateway in [&private, &encrypted] {
        assert_eq!(
            member(gateway, &player("p1"), "p1").await,
            json!({ "user_id": "player", "user_info": { "role": "player", "name": "Bo" } })
        );
        // printf ada@example.com | sha256sum
        let ada = staff("ada@example.com");
        for p in ["p1", "p2"] {
            assert_eq!(
                member(gateway, &ada, p).await,
                json!({
                    "user_id": "staff-b5fc85e55755f9e0d030a10ab4429b6b",
                    "user_info": { "role": "staff", "name": "Ada" }
                })
            );
        }
    }
    let unnamed = with_claim(staff("ada@example.com"), "name", Value::Null);
    let info = member(&private, &unnamed, "p1").await["user_info"].take();
    assert_eq!(info, json!({ "role": "staff" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_the_longest_ids_and_names_are_within_pushers_limits() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let (id, name) = ("p".repeat(128), "\u{1f600}".repeat(128));
    for claims in [player(&id), staff(&"\u{1f600}".repeat(128))] {
        let member = member(&gateway, &with_claim(claims, "name", name.clone()), &id).await;
        assert!(member["user_id"].as_str().unwrap().len() <= pusher::limits::MAX_USER_ID);
        assert!(member["user_info"].to_string().len() <= pusher::limits::MAX_USER_INFO_BYTES);
        assert_eq!(member["user_info"]["name"], name.as_str());
    }
    let channel = format!("presence-conversation-{id}");
    assert!(channel.len() <= pusher::limits::MAX_CHANNEL_NAME);
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_in_a_conversation_is_refused_to_others() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let bo = gateway.api().with_token(&token("player", "p1"));
    let ada = gateway.api().with_token(&token("staff", "ada"));
    for (api, channel) in [
        (&bo, "presence-conversation-p2"),
        (&bo, "presence-conversation-"),
        (&ada, "presence-conversation-"),
        (&ada, "presence-conversation-a/b"),
        (&ada, "presence-conversation"),
        (&ada, "private-conversation-p1"),
    ] {
        let answer = api.subscribe(channel).await;
        assert_eq!(answer.status, 403, "{channel}: {answer:?}");
        let kind = "urn:problem-type:player-portal-chat:forbidden-channel";
        assert_eq!(answer.json["type"], kind);
    }
    let trusted = system.gateway().await;
    assert_eq!(trusted.api().subscribe("presence-conversation-p1").await.status, 403);
    let off = system.guarded_gateway(&["--conversation-presence=off"]).await;
    for token in [token("player", "p1"), token("staff", "ada")] {
        let answer = off.api().with_token(&token).subscribe("presence-conversation-p1").await;
        assert_eq!(answer.status, 403, "{answer:?}");
    }
}
