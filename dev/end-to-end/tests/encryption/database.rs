use std::time::Duration;

use ::database::{DatabaseSettings, connect, migrate, probe};
use stack::{Console, Postgres, PostgresSettings, Supervisor};
use test_support::{Authority, Database, System, settings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{NAME, OTHER_HOST, STRANGER};

fn at(url: &str, trust: &Authority) -> DatabaseSettings {
    settings([format!("--database-url={url}"), trust.trusted()])
}

/// Why there is no connection.
async fn refusal(settings: &DatabaseSettings) -> String {
    match connect(settings).await {
        Ok(_) => panic!("connected"),
        Err(refusal) => refusal.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_spoken_to_in_secret_and_only_if_it_proves_who_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let console = Console::Silent;
    let supervisor = Supervisor::take(&directory.path().join("local"), console).await.unwrap();
    let (ours, theirs) = (Authority::new(), Authority::new());
    let identity = ours.vouch_for(NAME);
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
        let secret = |url: &str| format!("{url}?sslmode={mode}");
        let right = at(&secret(&by_name), &ours);
        migrate(&right).await.unwrap();
        probe(&mut connect(&right).await.unwrap()).await.unwrap();
        let refused = refusal(&at(&secret(&by_name), &theirs)).await;
        assert!(refused.contains(STRANGER), "{refused}");
        let refused = refusal(&at(&secret(&by_address), &ours)).await;
        assert!(refused.contains(OTHER_HOST), "{refused}");
    }

    // A service, as an operator sets it up.
    let url = format!("--database-url={by_name}?sslmode=verify-full");
    let gateway = System::new().await.gateway_with(&[&url, &ours.trusted()]).ready().await;
    assert_eq!(gateway.api().conversation("p1", "").await.status, 200);
    supervisor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_offers_no_encryption_is_not_spoken_to_without_it() {
    let url = format!("{}?sslmode=require", Database::empty().await.url);
    let refused = refusal(&at(&url, &Authority::new())).await;
    assert!(refused.contains("server does not support TLS"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_falls_silent_while_encryption_is_agreed_on_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://u:p@{}/chat?sslmode=require", listener.local_addr().unwrap());
    let mut settings = at(&url, &Authority::new());
    settings.database_timeout = Duration::from_millis(100);
    let server = async {
        let (mut client, _) = listener.accept().await.unwrap();
        client.read_exact(&mut [0; 8]).await.unwrap();
        client.write_all(b"S").await.unwrap();
        let mut heard = Vec::new();
        client.read_to_end(&mut heard).await.unwrap();
        heard
    };
    let (refused, heard) = tokio::join!(refusal(&settings), server);
    assert!(refused.contains("did not answer within 100ms"), "{refused}");
    assert_eq!(heard.first(), Some(&0x16), "the handshake of TLS");
}
