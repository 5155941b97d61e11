//! The example of the README.

use test_support::{JWT_SECRET, Script, System};

#[test]
fn the_readme_contains_the_example() {
    let readme = include_str!("../../../../README.md");
    let (_, rest) = readme.split_once("```js\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    assert_eq!(shown, include_str!("../../node/connect.mjs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_sends_a_message_and_receives_it() {
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
