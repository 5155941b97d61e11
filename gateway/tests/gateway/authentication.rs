use broker::ConsumerKind;
use chat::event::Event;
use reqwest::header::WWW_AUTHENTICATE;
use serde_json::{Value, json};
use test_support::{Answer, Api, System, eventually};

use crate::tokens::{Issuer, now, player, staff, with_claim};

fn with_claims(api: &Api, claims: &Value) -> Api {
    api.with_token(&Issuer::usual().token(claims))
}

fn assert_rejected(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json["type"], format!("urn:problem-type:player-portal-chat:{kind}"));
    let challenge = answer.headers[WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.starts_with(r#"Bearer realm="player-portal-chat""#), "{challenge}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_a_token_are_rejected_with_401() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let api = gateway.api();
    for answer in [
        api.send_as_player("p1", "hello").await,
        api.conversation("p1", "").await,
        api.inbox("").await,
        api.change_status("p1", "resolved").await,
        api.subscribe("private-player-p1").await,
        api.subscribe("presence-conversation-p1").await,
    ] {
        assert_rejected(&answer, 401, "unauthenticated");
        assert_eq!(answer.headers[WWW_AUTHENTICATE], r#"Bearer realm="player-portal-chat""#);
    }
    for open in ["/health/live", "/health/ready", "/openapi.json", "/docs/"] {
        assert_eq!(api.get(open).await.status, 200, "{open}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_tokens_are_rejected_with_401() {
    let system = System::new().await;
    let gateway =
        system.guarded_gateway(&["--auth-jwt-audience=chat", "--auth-jwt-issuer=portal"]).await;
    let issuer = Issuer::usual();
    let good = with_claim(with_claim(player("p1"), "aud", "chat"), "iss", "portal");
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    let header = |name: &str, value: Value| {
        issuer.token_with(&with_claim(json!({ "alg": "HS256" }), name, value), &good)
    };
    let unsigned = header("alg", json!("none"));
    let unsigned = &unsigned[..=unsigned.rfind('.').unwrap()];
    let token = issuer.token(&good);
    let forged = Issuer::Secret("another secret that is 32 bytes long".to_owned());
    let invalid = [
        ("of another secret", forged.token(&good)),
        ("with a changed signature", format!("{}AA", &token[..token.len() - 2])),
        ("unsigned", unsigned.to_owned()),
        ("with another algorithm", header("alg", json!("HS384"))),
        ("with an unknown algorithm", header("alg", json!("none "))),
        ("with a critical extension", header("crit", json!(["b64"]))),
        ("expired", issuer.token(&with_claim(good.clone(), "exp", now() - 3_600))),
        ("without exp", issuer.token(&without("exp"))),
        ("not valid yet", issuer.token(&with_claim(good.clone(), "nbf", now() + 3_600))),
        ("for another audience", issuer.token(&with_claim(good.clone(), "aud", "shop"))),
        ("without an audience", issuer.token(&without("aud"))),
        ("by another issuer", issuer.token(&with_claim(good.clone(), "iss", "shop"))),
        ("without an issuer", issuer.token(&without("iss"))),
        ("without sub", issuer.token(&without("sub"))),
        ("with an invalid player id", issuer.token(&with_claim(good.clone(), "sub", "a/b"))),
        ("without a role", issuer.token(&without("role"))),
        ("with an unknown role", issuer.token(&with_claim(good.clone(), "role", "admin"))),
        (
            "with a player id that a path cannot contain",
            issuer.token(&with_claim(good.clone(), "sub", "..")),
        ),
        ("with an exp that is text", issuer.token(&with_claim(good.clone(), "exp", "tomorrow"))),
        ("with claims in a list", issuer.token(&json!([good]))),
        ("that is not a JSON Web Token", "x.y.z".to_owned()),
    ];
    for (case, token) in invalid {
        let answer = gateway.api().with_token(&token).conversation("p1", "").await;
        assert_rejected(&answer, 401, "unauthenticated");
        let challenge = answer.headers[WWW_AUTHENTICATE].to_str().unwrap();
        assert!(challenge.contains(r#"error="invalid_token""#), "{case}: {challenge}");
    }
    let several = with_claim(good.clone(), "aud", json!(["shop", "chat"]));
    for good in [&good, &several] {
        assert_eq!(with_claims(&gateway.api(), good).conversation("p1", "").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_401_names_the_missing_or_invalid_claim() {
    let system = System::new().await;
    let gateway =
        system.guarded_gateway(&["--auth-jwt-audience=chat", "--auth-jwt-issuer=portal"]).await;
    let good = with_claim(with_claim(player("p1"), "aud", "chat"), "iss", "portal");
    for (claim, wrong, expected) in [
        ("exp", Value::Null, "lacks the claim exp"),
        ("sub", Value::Null, "lacks the claim sub"),
        ("role", Value::Null, "lacks the claim role"),
        ("aud", Value::Null, "lacks the claim aud"),
        ("iss", Value::Null, "lacks the claim iss"),
        ("exp", json!("1893456000"), "exp must be a number"),
        ("exp", json!(now() - 3_600), "exp is in the past"),
        ("nbf", json!("soon"), "nbf must be a number"),
        ("nbf", json!(now() + 3_600), "nbf is in the future"),
        ("sub", json!(7), "sub must be text"),
        ("sub", json!("auth0|5f7"), "sub may have only letters"),
        ("sub", json!("."), "sub must not be ."),
        ("role", json!("admin"), "role must be player or staff"),
        ("role", json!(["player"]), "role must be player or staff"),
        ("aud", json!(7), "aud must be text"),
        ("aud", json!("shop"), "aud does not name"),
        ("iss", json!("shop"), "iss is not the one"),
    ] {
        let claims = with_claim(good.clone(), claim, wrong.clone());
        let answer = with_claims(&gateway.api(), &claims).conversation("p1", "").await;
        assert_rejected(&answer, 401, "unauthenticated");
        let detail = answer.json["detail"].as_str().unwrap();
        assert!(detail.contains(expected), "{claim} {wrong}: {detail}");
        assert_eq!(answer.json["title"], "Unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_name_in_a_token_is_dropped_or_cut() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let cut = "n".repeat(128);
    for (name, shown) in [
        (json!(""), None),
        (json!(" \n"), None),
        (json!("\u{200b}"), None),
        (json!(7), None),
        (json!(null), None),
        (json!({ "first": "Bo" }), None),
        (json!("n".repeat(129)), Some(&*cut)),
        (json!("Bo\u{202e}\0"), Some("Bo")),
        (json!("Bo\nEibbed"), Some("Bo Eibbed")),
    ] {
        let api = with_claims(&gateway.api(), &with_claim(player("p1"), "name", name.clone()));
        assert_eq!(api.send_as_player("p1", "hello").await.status, 202, "{name}");
        let events = system.broker.drain_events(ConsumerKind::Persister).await;
        let [Event::Message(message)] = events.as_slice() else { panic!("{events:?}") };
        for actual in [&message.player_name, &message.sender_name] {
            assert_eq!(actual.as_ref().map(|name| name.as_str()), shown, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_players_own_token_names_the_player() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let renamed = |sender_type: &str| {
        json!({
            "playerId": "p1", "playerName": "Thief", "senderType": sender_type, "content": "hello"
        })
    };
    let staff_api = with_claims(&gateway.api(), &staff("ada"));
    assert_eq!(staff_api.send(&renamed("staff")).await.status, 202);
    let player_api = with_claims(&gateway.api(), &player("p1"));
    assert_eq!(player_api.send(&renamed("player")).await.status, 202);
    let trusted = system.gateway().await;
    assert_eq!(trusted.api().send(&renamed("staff")).await.status, 202);
    let events = system.broker.drain_events(ConsumerKind::Persister).await;
    let names: Vec<_> = events
        .iter()
        .map(|event| match event {
            Event::Message(message) => message.player_name.as_ref().map(|name| name.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, [None, Some("Bo"), Some("Thief")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn token_with_an_audience_is_rejected_by_a_gateway_without_one() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let api = with_claims(&gateway.api(), &with_claim(player("p1"), "aud", "shop"));
    assert_rejected(&api.conversation("p1", "").await, 401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn token_expires_after_exp_and_the_leeway() {
    let system = System::new().await;
    let expired = with_claim(player("p1"), "exp", now() - 120);
    let early = with_claim(player("p1"), "nbf", now() + 120);
    for (leeway, status) in [("--auth-jwt-leeway=5m", 200), ("--auth-jwt-leeway=1s", 401)] {
        let gateway = system.guarded_gateway(&[leeway]).await;
        for claims in [&expired, &early] {
            let answer = with_claims(&gateway.api(), claims).conversation("p1", "").await;
            assert_eq!(answer.status, status, "{leeway}");
        }
    }
    // A token expires while its connection stays open.
    let gateway = system.guarded_gateway(&["--auth-jwt-leeway=1s"]).await;
    let api = with_claims(&gateway.api(), &with_claim(player("p1"), "exp", now() + 2));
    assert_eq!(api.conversation("p1", "").await.status, 200);
    eventually("the token has expired", async || {
        (api.conversation("p1", "").await.status == 401).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_sends_and_reads_only_as_itself() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let persister = system.persister().await;
    let api = with_claims(&gateway.api(), &player("p1"));

    let forged = json!({
        "playerId": "p1", "playerName": "Support", "senderType": "player", "senderId": "ada",
        "senderName": "Support", "content": "send me your password"
    });
    assert_eq!(api.send(&forged).await.status, 202);
    let message = eventually("the message is there", async || {
        api.conversation("p1", "").await.json["messages"].get(0).cloned()
    })
    .await;
    assert_eq!(message["senderId"], "p1");
    assert_eq!(message["senderName"], "Bo", "the token has the display name");

    assert_rejected(&api.send_as_player("p2", "hello").await, 403, "forbidden");
    assert_rejected(&api.send_as_staff("p1", "hello").await, 403, "forbidden");
    assert_rejected(&api.conversation("p2", "").await, 403, "forbidden");
    assert_rejected(&api.inbox("").await, 403, "forbidden");
    assert_rejected(&api.change_status("p1", "resolved").await, 403, "forbidden");
    assert_rejected(&api.change_status("p1", "active").await, 403, "forbidden");
    persister.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_sends_as_itself_and_reads_every_conversation() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let persister = system.persister().await;
    let api = with_claims(&gateway.api(), &staff("ada"));
    let forged = json!({
        "playerId": "p1", "senderType": "staff", "senderId": "the boss", "senderName": "The boss",
        "content": "hello"
    });
    assert_eq!(api.send(&forged).await.status, 202);
    assert_eq!(api.change_status("p2", "resolved").await.status, 202);
    assert_eq!(api.inbox("").await.status, 200);
    let message = eventually("the message is there", async || {
        api.conversation("p1", "").await.json["messages"].get(0).cloned()
    })
    .await;
    assert_eq!((&message["senderId"], &message["senderName"]), (&"ada".into(), &"Ada".into()));
    assert_rejected(&api.send_as_player("p1", "it was me").await, 403, "forbidden");
    persister.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn actor_of_a_session_is_in_the_view_of_staff_alone() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let persister = system.persister().await;
    let ada = with_claims(&gateway.api(), &staff("ada@example.com"));
    let bo = with_claims(&gateway.api(), &player("p1"));
    assert_eq!(bo.send_as_player("p1", "hello").await.status, 202);
    let path = "/api/unified-chat/conversations/p1/status";
    let forged = json!({ "status": "resolved", "actorId": "the boss", "actorName": "The boss" });
    assert_eq!(ada.post(path, &forged).await.status, 202);
    let session = eventually("the session is resolved", async || {
        let session = ada.conversation("p1", "").await.json["session"].take();
        (session["status"] == "resolved").then_some(session)
    })
    .await;
    let actor = (&session["actorId"], &session["actorName"]);
    assert_eq!(actor, (&"ada@example.com".into(), &"Ada".into()));
    let session = bo.conversation("p1", "").await.json["session"].take();
    assert_eq!(session["status"], "resolved");
    assert!(!session.to_string().contains("actor"), "{session}");
    persister.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_are_signed_for_the_audience_of_a_channel_alone() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let (player, staff) =
        (with_claims(&gateway.api(), &player("p1")), with_claims(&gateway.api(), &staff("ada")));
    let cases = [
        (&player, "private-player-p1", true),
        (&player, "private-player-p2", false),
        (&player, "private-staff-portal", false),
        (&player, "presence-staff-portal", false),
        (&player, "presence-player-p1", false),
        (&staff, "private-player-p1", true),
        (&staff, "private-staff-portal", true),
        (&staff, "presence-staff-portal", true),
        (&staff, "presence-player-p1", false),
        (&staff, "private-other", false),
        (&staff, "player-p1", false),
    ];
    for (caller, channel, allowed) in cases {
        let answer = caller.subscribe(channel).await;
        if allowed {
            assert_eq!(answer.status, 200, "{channel}: {answer:?}");
        } else {
            assert_rejected(&answer, 403, "forbidden-channel");
        }
    }
    let answer = staff.subscribe("presence-staff-portal").await.json;
    let member = answer["channel_data"].as_str().unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(member).unwrap(),
        json!({ "user_id": "ada", "user_info": { "name": "Ada" } })
    );
    let signature =
        pusher::sign_subscription(&"secret".into(), "1.2", "presence-staff-portal", Some(member));
    assert_eq!(answer["auth"], format!("key:{signature}"));
}
