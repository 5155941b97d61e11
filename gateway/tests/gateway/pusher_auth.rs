use serde_json::json;
use test_support::{Answer, Api, System, token};

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
