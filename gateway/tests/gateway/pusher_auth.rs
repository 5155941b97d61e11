use test_support::{Answer, Api, System};

async fn authorize(api: &Api, form: &str) -> Answer {
    let form = form.as_bytes().to_vec();
    api.post_raw("/api/pusher/auth", "application/x-www-form-urlencoded", form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn our_private_channels_are_signed_for_and_no_other() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    for channel in ["private-player-p1", "private-staff-portal"] {
        let answer = authorize(&api, &format!("socket_id=1.2&channel_name={channel}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let signature = pusher::sign_subscription(&"secret".into(), "1.2", channel, None);
        assert_eq!(answer.json["auth"], format!("key:{signature}"));
    }
    for channel in ["private-other", "player-p1", "presence-staff-portal", "private-player-a/b", ""]
    {
        let answer = authorize(&api, &format!("socket_id=1.2&channel_name={channel}")).await;
        assert_eq!(answer.status, 403, "{channel}: {answer:?}");
    }
    let answer = authorize(&api, "socket_id=x&channel_name=private-player-p1").await;
    assert_eq!((answer.status, &answer.json["field"]), (400, &"socket_id".into()));
}
