//! What a service would print of its settings, such as in a panic.

use std::fmt::Debug;

use clap::Args;
use test_support::settings;

const SECRETS: [&str; 3] =
    ["--amqp-url=amqp://u:hush@h", "--database-url=postgres://u:hush@h/d", "--pusher-secret=hush"];
const APP: [&str; 2] = ["--pusher-app-id=app", "--pusher-key=key"];

fn is_silent<S: Args + Debug>(arguments: &[&[&str]]) {
    let settings: S = settings(arguments.concat());
    for text in [format!("{settings:?}"), format!("{settings:#?}")] {
        assert!(!text.contains("hush"), "{text}");
    }
}

#[test]
fn settings_are_printed_without_their_secrets() {
    let [amqp, database, pusher] = SECRETS;
    let master_key = "--pusher-encryption-master-key=hush";
    is_silent::<gateway::settings::Settings>(&[
        &SECRETS,
        &APP,
        &["--auth-mode=jwt", "--auth-jwt-secret=hush"],
        &[master_key],
    ]);
    is_silent::<persister::settings::Settings>(&[&[amqp, database]]);
    is_silent::<broadcaster::settings::Settings>(&[&[amqp, pusher, master_key], &APP]);
    is_silent::<local_pusher::Settings>(&[&[pusher], &APP]);
}
