use std::time::Duration;

use ::database::{DatabaseSettings, connect, migrate, probe};
use stack::{Console, Postgres, PostgresSettings, Supervisor};
use test_support::{Authority, Database, System, settings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{NAME, UNKNOWN_ISSUER, WRONG_HOST};

fn at(url: &str, trust: &Authority) -> DatabaseSettings {
    settings([format!("--database-url={url}"), trust.trusted()])
}

/// The error of a connection that must fail.
async fn connect_error(settings: &DatabaseSettings) -> String {
    match connect(settings).await {
        Ok(_) => panic!("connected"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_connection_is_encrypted_and_its_certificate_verified() {
    let directory = tempfile::tempdir().unwrap();
    let console = Console::Silent;
    let supervisor = Supervisor::take(&directory.path().join("local"), console).await.unwrap();
    let (trusted, unknown) = (Authority::new(), Authority::new());
    let identity = trusted.issue(NAME);
    let own = |pairs: [(&str, &str); 3]| {
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    };
    let server = PostgresSettings {
        further: own([
            ("ssl", "on"),
            ("ssl_cert_file", "../certificate.pem"),
            ("ssl_key_file", "../key.pem"),
        ]),
        files: vec![
            ("certificate.pem".to_owned(), identity.certificate),
            ("key.pem".to_owned(), identity.key),
        ],
        ..Default::default()
    };
    let postgres = Postgres::start(&supervisor, &server).await.unwrap();
    let by_address = postgres.url().to_owned();
    let by_name = by_address.replace("127.0.0.1", NAME);

    for mode in ["require", "verify-full"] {
        let with_mode = |url: &str| format!("{url}?sslmode={mode}");
        let settings = at(&with_mode(&by_name), &trusted);
        migrate(&settings).await.unwrap();
        probe(&mut connect(&settings).await.unwrap()).await.unwrap();
        let error = connect_error(&at(&with_mode(&by_name), &unknown)).await;
        assert!(error.contains(UNKNOWN_ISSUER), "{error}");
        let error = connect_error(&at(&with_mode(&by_address), &trusted)).await;
        assert!(error.contains(WRONG_HOST), "{error}");
    }

    // A service with the settings of an operator.
    let url = format!("--database-url={by_name}?sslmode=verify-full");
    let gateway = System::new().await.gateway_with(&[&url, &trusted.trusted()]).ready().await;
    assert_eq!(gateway.api().conversation("p1", "").await.status, 200);
    supervisor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_encryption_fails_with_a_database_without_tls() {
    let url = format!("{}?sslmode=require", Database::empty().await.url);
    let error = connect_error(&at(&url, &Authority::new())).await;
    assert!(error.contains("server does not support TLS"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_tls_handshake_with_a_database_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://u:p@{}/chat?sslmode=require", listener.local_addr().unwrap());
    let mut settings = at(&url, &Authority::new());
    settings.database_timeout = Duration::from_secs(3);
    let server = async {
        let (mut client, _) = listener.accept().await.unwrap();
        client.read_exact(&mut [0; 8]).await.unwrap();
        client.write_all(b"S").await.unwrap();
        let mut received = Vec::new();
        client.read_to_end(&mut received).await.unwrap();
        received
    };
    let (error, received) = tokio::join!(connect_error(&settings), server);
    assert!(error.contains("did not answer within 3s"), "{error}");
    assert_eq!(received.first(), Some(&0x16), "a TLS handshake record");
}
