//! The `Debug` output of settings.

use std::fmt::Debug;

use clap::Args;
use test_support::settings;

const SECRETS: [&str; 3] =
    ["--amqp-url=amqp://u:hush@h", "--database-url=postgres://u:hush@h/d", "--pusher-secret=hush"];
const APP: [&str; 2] = ["--pusher-app-id=app", "--pusher-key=key"];

fn hides_secrets<S: Args + Debug>(arguments: &[&[&str]]) {
    let settings: S = settings(arguments.concat());
    for text in [format!("{settings:?}"), format!("{settings:#?}")] {
        assert!(!text.contains("hush"), "{text}");
    }
}

#[test]
fn debug_output_of_settings_hides_secrets() {
    let [amqp, database, pusher] = SECRETS;
    let master_key = "--pusher-encryption-master-key=hush";
    hides_secrets::<gateway::settings::Settings>(&[
        &SECRETS,
        &APP,
        &["--auth-mode=jwt", "--auth-jwt-secret=hush"],
        &[master_key],
    ]);
    hides_secrets::<persister::settings::Settings>(&[&[amqp, database]]);
    hides_secrets::<broadcaster::settings::Settings>(&[&[amqp, pusher, master_key], &APP]);
    hides_secrets::<local_pusher::Settings>(&[&[pusher], &APP]);
}
