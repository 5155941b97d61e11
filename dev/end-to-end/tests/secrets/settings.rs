//! What programs answer before they have begun.

use test_support::{ChildProcess, PROGRAMS, System};

use crate::planted::{Planted, SECRETS};

const NAMED_IN_HELP: &str = "May be in the file that ";

#[tokio::test(flavor = "multi_thread")]
async fn help_tells_no_secret_and_every_secret_that_it_names_is_planted_here() {
    let planted = Planted::right(&System::new().await);
    for words in PROGRAMS.into_iter().chain([&["local-pusher"][..]]) {
        let mut command = planted.program(words);
        command.arg("--help").env("AMQP_URL_FILE", "/nowhere");
        let (status, said) = ChildProcess::start(command).wait().await;
        assert!(status.success(), "{words:?}: {said}");
        planted.are_not_in(&words.join(" "), &said);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for name in said.split(NAMED_IN_HELP).skip(1) {
            let name = name.split_once("_FILE").unwrap().0;
            assert!(SECRETS.contains(&name), "{name} of {words:?} is planted nowhere");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_about_a_setting_tells_no_secret() {
    let system = System::new().await;
    let planted = Planted::right(&system);
    let wrong = [
        ("AUTH_MODE", "maybe"),
        ("BROKER_TIMEOUT", "never"),
        ("AMQP_URL_FILE", "/nowhere"),
        ("RUST_LOG", "a=b=c"),
        ("SHUTDOWN_DRAIN", "1h"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "no-header"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
    ];
    for (name, value) in wrong {
        let mut command = planted.program(&["gateway"]);
        command.env(name, value);
        let (status, said) = ChildProcess::start(command).wait().await;
        assert_eq!(status.code(), Some(2), "{name}: {said}");
        assert_eq!(said.lines().count(), 1, "{name}: {said}");
        planted.are_not_in(name, &said);
    }
    for name in ["AMQP_URL", "DATABASE_URL"] {
        let mut broken = Planted::right(&system);
        let url = broken.get(name).replace("://", "//");
        broken.set(name, url);
        let (status, said) = ChildProcess::start(broken.program(&["gateway"])).wait().await;
        assert_eq!(status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(name), "{said}");
        broken.are_not_in(name, &said);
    }
}
