//! The program as an operator starts it.

use std::process::{Command, Output};

use test_support::{JWT_SECRET, System};

type Environment<'a> = &'a [(&'a str, &'a str)];

/// Runs the gateway's program with nothing else in its environment.
fn gateway(environment: Environment<'_>, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.env_clear().envs(environment.iter().copied()).args(arguments).output().unwrap()
}

fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

/// Everything that must be given but for the doors, and an address at which nobody can listen.
pub const REST: [(&str, &str); 6] = [
    ("GATEWAY_LISTEN", "nowhere"),
    ("AMQP_URL", "amqp://127.0.0.1:1"),
    ("DATABASE_URL", "postgres://127.0.0.1:1/chat"),
    ("PUSHER_APP_ID", "app"),
    ("PUSHER_KEY", "key"),
    ("PUSHER_SECRET", "secret"),
];

#[test]
fn it_does_not_start_with_a_setting_that_lets_in_anybody_or_means_nothing() {
    let short = "as long as a secret must not be";
    let example = [
        ("AUTH_MODE", "jwt"),
        ("AUTH_JWT_SECRET", "change-me-to-what-the-portal-signs-tokens-with"),
    ];
    let cases: [(Environment<'_>, &str); 17] = [
        (&example, "AUTH_JWT_SECRET is that of an example"),
        (&[("AUTH_MODE", "off"), ("PUSHER_SECRET", "xxxx")], "PUSHER_SECRET repeats one byte"),
        (&[], "--auth-mode"),
        (&[("AUTH_MODE", "maybe")], "--auth-mode"),
        (
            &[("AUTH_MODE", "off"), ("MAX_CONNECTIONS", "20000")],
            "MEMORY_LIMIT must be 1269MiB at least: 1094MiB for MAX_CONNECTIONS",
        ),
        (&[("AUTH_MODE", "off"), ("MEMORY_LIMIT", "256MiB")], "MEMORY_LIMIT must be"),
        (&[("AUTH_MODE", "jwt")], "AUTH_JWT_SECRET must be given"),
        (&[("AUTH_MODE", "jwt"), ("AUTH_JWT_SECRET", short)], "AUTH_JWT_SECRET must have 32"),
        (
            &[
                ("AUTH_MODE", "jwt"),
                ("AUTH_JWT_SECRET", JWT_SECRET),
                ("AUTH_JWT_SECOND_SECRET", short),
            ],
            "AUTH_JWT_SECOND_SECRET must have 32",
        ),
        (&[("AUTH_MODE", "jwt"), ("AUTH_JWT_ALGORITHM", "RS256")], "AUTH_JWT_PUBLIC_KEY_FILE"),
        (
            &[
                ("AUTH_MODE", "jwt"),
                ("AUTH_JWT_ALGORITHM", "ES256"),
                ("AUTH_JWT_PUBLIC_KEY_FILE", "a"),
                ("AUTH_JWT_JWKS_FILE", "b"),
            ],
            "either AUTH_JWT_PUBLIC_KEY_FILE or",
        ),
        (
            &[
                ("AUTH_MODE", "jwt"),
                ("AUTH_JWT_ALGORITHM", "RS256"),
                (
                    "AUTH_JWT_PUBLIC_KEY_FILE",
                    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gateway/keys/short-rsa.pub.pem"),
                ),
            ],
            "is not a valid key for RS256",
        ),
        (
            &[
                ("AUTH_MODE", "jwt"),
                ("AUTH_JWT_ALGORITHM", "EdDSA"),
                ("AUTH_JWT_JWKS_FILE", "/nowhere/keys.json"),
            ],
            "/nowhere/keys.json",
        ),
        (
            &[
                ("AUTH_MODE", "jwt"),
                ("AUTH_JWT_SECRET", JWT_SECRET),
                ("PUSHER_CHANNEL_ACCESS", "public"),
            ],
            "PUSHER_CHANNEL_ACCESS must be private or encrypted when AUTH_MODE is jwt",
        ),
        (&[("AUTH_MODE", "off"), ("PORTAL_DIR", "/nowhere")], "PORTAL_DIR holds no pages"),
        (&[("AUTH_MODE", "off"), ("PUSHER_CLIENT_HOST", "a; script-src *")], "PUSHER_CLIENT_HOST"),
        (&[("AUTH_MODE", "off"), ("CORS_ORIGINS", "*")], "--cors-origins"),
    ];
    for (settings, expected) in cases {
        let complaint = complaint(&gateway(&[&REST, settings].concat(), &[]));
        assert!(complaint.contains(expected), "{settings:?}: {complaint}");
    }
}

#[test]
fn it_warns_when_nobody_checks_who_calls() {
    let said = |authenticator: Environment<'_>| {
        let output = gateway(&[&REST, authenticator].concat(), &[]);
        String::from_utf8(output.stderr).unwrap()
    };
    let warning = "AUTH_MODE=off: every client that reaches this gateway can read and write";
    let off = said(&[("AUTH_MODE", "off")]);
    assert!(off.contains("WARN") && off.contains(warning), "{off}");
    assert!(!said(&[("AUTH_MODE", "jwt"), ("AUTH_JWT_SECRET", JWT_SECRET)]).contains("WARN"));
}

#[test]
fn it_warns_of_a_connection_to_another_machine_that_is_not_encrypted() {
    let said = |settings: Environment<'_>| {
        let off = [("AUTH_MODE", "jwt"), ("AUTH_JWT_SECRET", JWT_SECRET)];
        let output = gateway(&[&REST, &off[..], settings].concat(), &[]);
        String::from_utf8(output.stderr).unwrap()
    };
    for (setting, plain, encrypted) in [
        ("AMQP_URL", "amqp://rabbitmq.example", "amqps://rabbitmq.example"),
        (
            "DATABASE_URL",
            "postgres://postgres.example/chat",
            "postgres://postgres.example/chat?sslmode=verify-full",
        ),
    ] {
        let warned = said(&[(setting, plain)]);
        assert_eq!(warned.matches("is not encrypted").count(), 1, "{warned}");
        assert!(warned.contains("WARN") && warned.contains(setting), "{warned}");
        assert!(!said(&[(setting, encrypted)]).contains("WARN"));
    }
}

#[test]
fn a_variable_that_is_empty_is_as_good_as_none() {
    let empty = [("AUTH_MODE", "off"), ("CORS_ORIGINS", ""), ("PUSHER_TIMEOUT", "")];
    let output = gateway(&[&REST, &empty[..]].concat(), &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot listen on nowhere"), "{said}");
    let without_mode = complaint(&gateway(&[&REST, &[("AUTH_MODE", "")][..]].concat(), &[]));
    assert!(without_mode.contains("--auth-mode"), "{without_mode}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_it_makes_is_one_that_it_takes() {
    let system = System::new().await;
    let running =
        system.guarded_gateway(&["--auth-jwt-audience=chat", "--auth-jwt-issuer=ops"]).await;
    let environment = [
        ("AUTH_JWT_SECRET", JWT_SECRET),
        ("AUTH_JWT_AUDIENCE", "chat"),
        ("AUTH_JWT_ISSUER", "ops"),
    ];
    let token = |arguments: &[&str]| {
        let output = gateway(&environment, &[&["token"], arguments].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let staff = token(&["--role=staff", "--subject=ada", "--name=Ada", "--expires-in=5m"]);
    assert_eq!(running.api().with_token(&staff).inbox("").await.status, 200);
    let player = token(&["--role=player", "--subject=p1"]);
    let api = running.api().with_token(&player);
    assert_eq!(api.conversation("p1", "").await.status, 200);
    assert_eq!(api.inbox("").await.status, 403);
}

#[test]
fn a_token_that_nobody_would_take_is_not_made() {
    let secret = [("AUTH_JWT_SECRET", JWT_SECRET)];
    let cases: [(Environment<'_>, &[&str], &str); 5] = [
        (&[], &["--role=staff", "--subject=ada"], "AUTH_JWT_SECRET"),
        (&secret, &["--role=boss", "--subject=ada"], "--role"),
        (&secret, &["--role=player", "--subject=a b"], "--subject"),
        (&secret, &["--role=player", "--subject=p1", "--name="], "--name"),
        (
            &secret,
            &["--role=player", "--subject=p1", "--auth-jwt-algorithm=RS256"],
            "only the holder of the private key",
        ),
    ];
    for (environment, arguments, expected) in cases {
        let complaint = complaint(&gateway(environment, &[&["token"], arguments].concat()));
        assert!(complaint.contains(expected), "{arguments:?}: {complaint}");
    }
}
