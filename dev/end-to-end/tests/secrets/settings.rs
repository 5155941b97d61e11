//! The output of programs before they start.

use test_support::{ChildProcess, PROGRAMS, System};

use crate::planted::{Planted, SECRETS};

const NAMED_IN_HELP: &str = "May be in the file that ";

#[tokio::test(flavor = "multi_thread")]
async fn help_contains_no_secret_and_every_secret_it_names_is_planted() {
    let planted = Planted::valid(&System::new().await);
    for words in PROGRAMS.into_iter().chain([&["local-pusher"][..]]) {
        let mut command = planted.program(words);
        command.arg("--help").env("AMQP_URL_FILE", "/nowhere");
        let (status, output) = ChildProcess::start(command).wait().await;
        assert!(status.success(), "{words:?}: {output}");
        planted.assert_absent(&words.join(" "), &output);
        let output = output.split_whitespace().collect::<Vec<_>>().join(" ");
        for name in output.split(NAMED_IN_HELP).skip(1) {
            let name = name.split_once("_FILE").unwrap().0;
            assert!(SECRETS.contains(&name), "{name} of {words:?} is not planted");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_about_a_setting_contains_no_secret() {
    let system = System::new().await;
    let planted = Planted::valid(&system);
    let invalid = [
        ("AUTH_MODE", "maybe"),
        ("BROKER_TIMEOUT", "never"),
        ("AMQP_URL_FILE", "/nowhere"),
        ("RUST_LOG", "a=b=c"),
        ("SHUTDOWN_DRAIN", "1h"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "no-header"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
    ];
    for (name, value) in invalid {
        let mut command = planted.program(&["gateway"]);
        command.env(name, value);
        let (status, output) = ChildProcess::start(command).wait().await;
        assert_eq!(status.code(), Some(2), "{name}: {output}");
        assert_eq!(output.lines().count(), 1, "{name}: {output}");
        planted.assert_absent(name, &output);
    }
    for name in ["AMQP_URL", "DATABASE_URL"] {
        let mut broken = Planted::valid(&system);
        let url = broken.get(name).replace("://", "//");
        broken.set(name, url);
        let (status, output) = ChildProcess::start(broken.program(&["gateway"])).wait().await;
        assert_eq!(status.code(), Some(2), "{name}: {output}");
        assert!(output.contains(name), "{output}");
        broken.assert_absent(name, &output);
    }
}
