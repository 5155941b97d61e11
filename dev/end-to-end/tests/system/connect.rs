//! The example client of portal/README.md runs.

use test_support::{JWT_SECRET, Script, System};

#[test]
fn portal_readme_shows_the_example_client() {
    let readme = include_str!("../../../../portal/README.md");
    assert!(readme.contains(include_str!("../../node/connect.mjs")));
}

#[tokio::test(flavor = "multi_thread")]
async fn example_client_signs_a_token_and_receives_its_own_message() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let _broadcaster = system.broadcaster_with(&["--pusher-channel-access=private"]).ready().await;
    let pusher = system.pusher.addr();
    let settings = [
        ("GATEWAY_URL", format!("http://{}", gateway.addr)),
        ("AUTH_JWT_SECRET", JWT_SECRET.to_owned()),
        ("PUSHER_KEY", "key".to_owned()),
        ("PUSHER_HOST", pusher.ip().to_string()),
        ("PUSHER_PORT", pusher.port().to_string()),
    ];
    let settings = settings.iter().map(|(name, value)| (*name, value.as_str()));
    let mut script = Script::start("connect.mjs", settings);
    assert_eq!(script.line().await, "Bo: My sword is gone");
}
