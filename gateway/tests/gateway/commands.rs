//! The gateway's program, as an operator starts it.

use std::process::{Command, Output};

use base64::Engine;
use test_support::{JWT_SECRET, System};

type Environment<'a> = &'a [(&'a str, &'a str)];

/// Runs the gateway's program with this environment alone.
fn gateway(environment: Environment<'_>, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.env_clear().envs(environment.iter().copied()).args(arguments).output().unwrap()
}

fn error_line(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

/// All required settings but those of authentication, and an address on which the program cannot
/// listen.
pub const REST: [(&str, &str); 6] = [
    ("GATEWAY_LISTEN", "nowhere"),
    ("AMQP_URL", "amqp://127.0.0.1:1"),
    ("DATABASE_URL", "postgres://127.0.0.1:1/chat"),
    ("PUSHER_APP_ID", "app"),
    ("PUSHER_KEY", "key"),
    ("PUSHER_SECRET", "secret"),
];

#[test]
fn gateway_does_not_start_with_an_invalid_setting() {
    let short = "as long as a secret must not be";
    let example = [
        ("AUTH_MODE", "jwt"),
        ("AUTH_JWT_SECRET", "change-me-to-what-the-portal-signs-tokens-with"),
    ];
    let cases: [(Environment<'_>, &str); 18] = [
        (&example, "AUTH_JWT_SECRET is that of an example"),
        (&[("AUTH_MODE", "off"), ("PUSHER_SECRET", "xxxx")], "PUSHER_SECRET repeats one byte"),
        (&[], "--auth-mode"),
        (&[("AUTH_MODE", "maybe")], "--auth-mode"),
        (
            &[("AUTH_MODE", "off"), ("MAX_CONNECTIONS", "20000")],
            "MEMORY_LIMIT must be 1794MiB at least: 1563MiB for MAX_CONNECTIONS",
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
        (
            &[
                ("AUTH_MODE", "jwt"),
                ("AUTH_JWT_SECRET", JWT_SECRET),
                ("AUTH_JWT_JWKS_FILE", "keys.json"),
            ],
            "AUTH_JWT_JWKS_FILE needs AUTH_JWT_ALGORITHM",
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
        let error = error_line(&gateway(&[&REST, settings].concat(), &[]));
        assert!(error.contains(expected), "{settings:?}: {error}");
    }
}

#[test]
fn gateway_warns_when_authentication_is_off() {
    let log_of = |auth: Environment<'_>| {
        let output = gateway(&[&REST, auth].concat(), &[]);
        String::from_utf8(output.stderr).unwrap()
    };
    let warning = "AUTH_MODE=off: every client that reaches this gateway can read and write";
    let off = log_of(&[("AUTH_MODE", "off")]);
    assert!(off.contains("WARN") && off.contains(warning), "{off}");
    assert!(!log_of(&[("AUTH_MODE", "jwt"), ("AUTH_JWT_SECRET", JWT_SECRET)]).contains("WARN"));
}

#[test]
fn gateway_warns_of_unencrypted_connections_to_other_machines() {
    let log_of = |settings: Environment<'_>| {
        let auth = [("AUTH_MODE", "jwt"), ("AUTH_JWT_SECRET", JWT_SECRET)];
        let output = gateway(&[&REST, &auth[..], settings].concat(), &[]);
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
        let log = log_of(&[(setting, plain)]);
        assert_eq!(log.matches("is not encrypted").count(), 1, "{log}");
        assert!(log.contains("WARN") && log.contains(setting), "{log}");
        assert!(!log_of(&[(setting, encrypted)]).contains("WARN"));
    }
}

#[test]
fn empty_variables_count_as_unset() {
    let empty = [("AUTH_MODE", "off"), ("CORS_ORIGINS", ""), ("PUSHER_TIMEOUT", "")];
    let output = gateway(&[&REST, &empty[..]].concat(), &[]);
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("cannot listen on nowhere"), "{log}");
    let without_mode = error_line(&gateway(&[&REST, &[("AUTH_MODE", "")][..]].concat(), &[]));
    assert!(without_mode.contains("--auth-mode"), "{without_mode}");
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_accepts_tokens_of_its_own_command() {
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
    let lead = token(&["--role=staff", "--subject=grace", "--teams=payments,appeals", "--lead"]);
    let claims = lead.split('.').nth(1).unwrap();
    let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["teams"], serde_json::json!(["payments", "appeals"]));
    assert_eq!(claims["lead"], true);
    let player = token(&["--role=player", "--subject=p1"]);
    let api = running.api().with_token(&player);
    assert_eq!(api.conversation("p1", "").await.status, 200);
    assert_eq!(api.inbox("").await.status, 403);
}

#[test]
fn token_command_fails_when_the_gateway_would_reject_the_token() {
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
        let error = error_line(&gateway(environment, &[&["token"], arguments].concat()));
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
}
