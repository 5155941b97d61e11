use std::fs;

use test_support::{PROGRAMS, program};

const SETTINGS: [(&str, &str); 6] = [
    ("AMQP_URL", "amqps://localhost:1"),
    ("DATABASE_URL", "postgres://localhost:1/chat?sslmode=require"),
    ("PUSHER_APP_ID", "app"),
    ("PUSHER_KEY", "key"),
    ("PUSHER_SECRET", "secret"),
    ("AUTH_MODE", "off"),
];

#[test]
fn a_file_of_authorities_that_is_missing_or_holds_none_ends_each_program_with_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let (missing, empty) = (directory.path().join("missing"), directory.path().join("empty"));
    fs::write(&empty, "no certificate").unwrap();
    for words in PROGRAMS {
        for (file, complaint) in [(&missing, "No such file"), (&empty, "holds no certificate")] {
            let mut command = program(words);
            let output = command.envs(SETTINGS).env("TLS_CA_FILE", file).output().unwrap();
            let text = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{words:?}: {text}");
            let is_clear = text.contains(complaint) && text.contains("--tls-ca-file");
            assert!(is_clear && text.lines().count() == 1, "{words:?}: {text}");
        }
    }
}
