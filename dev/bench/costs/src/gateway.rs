//! The gateway's work for a send.

use std::hint::black_box;

use actix_web::{
    App,
    dev::Service,
    http::{StatusCode, header},
    rt::System,
    test::{TestRequest, init_service},
};
use anyhow::ensure;
use clap::{Args, Parser};
use gateway::{
    answers::{AnswerMemory, Readers},
    application::{Application, Dependencies},
    auth::{Authenticator, TokenCommand},
    group_commit::group_commit,
    metrics::Metrics,
    reads::{DatabaseHealth, HistoryReader, ReadPools},
    refusing_queues::RefusingQueues,
    settings::Settings,
};
use prometheus_client::registry::Registry;
use serde_json::json;
use service::{health::Dependency, install_crypto};
use traces::Traces;
use uuid::Uuid;

use crate::{Call, samples};

const SECRET: &str = "a secret of more than thirty-two characters";

/// Turns a request into an encoded event, through the gateway's authentication and limits. Without
/// a publisher, the answer is a 503.
pub fn send() -> anyhow::Result<Call> {
    install_crypto();
    let system = System::new();
    let service = system.block_on(async {
        let application = application()?;
        let app = App::new().configure(|services| application.configure(services));
        anyhow::Ok(init_service(app).await)
    })?;
    let authorization = format!("Bearer {}", player_token()?);
    let body = json!({
        "messageId": Uuid::from_u128(0x018b_cfe5_6800_7000_8000_0000_0000_0000),
        "playerId": samples::player(1),
        "senderType": "player",
        "content": samples::CONTENT,
        "socketId": "1234.5678",
    })
    .to_string();
    Ok(Box::new(move || {
        let request = TestRequest::post()
            .uri("/api/staff-chat-integration/send")
            .peer_addr(([127, 0, 0, 1], 40_000).into())
            .insert_header((header::AUTHORIZATION, authorization.as_str()))
            .insert_header(header::ContentType::json())
            .set_payload(body.clone())
            .to_request();
        let answer = system.block_on(service.call(request));
        let status = answer.map_err(|error| anyhow::anyhow!("{error}"))?.status();
        ensure!(status == StatusCode::SERVICE_UNAVAILABLE, "a send was answered with {status}");
        Ok(())
    }))
}

/// Authenticates a caller by a token.
pub fn token() -> anyhow::Result<Call> {
    install_crypto();
    let authenticator =
        Authenticator::from_settings(&settings()?.auth).map_err(anyhow::Error::msg)?;
    let token = player_token()?;
    Ok(Box::new(move || {
        black_box(authenticator.authenticate(black_box(Some(&token)))?);
        Ok(())
    }))
}

/// A gateway whose publisher has ended.
fn application() -> anyhow::Result<Application> {
    let settings = settings()?;
    let authenticator = Authenticator::from_settings(&settings.auth).map_err(anyhow::Error::msg)?;
    let broker = Dependency::new("broker");
    let metrics = Metrics::register(&mut Registry::default());
    let (event_publisher, publishing) =
        group_commit(&settings, &broker, &RefusingQueues::default(), metrics.clone());
    drop(publishing);
    let pool = || database::pool(&settings.database, 1);
    let pools = ReadPools { conversations: pool()?, inbox: pool()? };
    let reads = HistoryReader::new(pools, settings.database.clone(), metrics.clone());
    let readers = Readers::new(&settings.limits, AnswerMemory::new(1, metrics));
    let dependencies = Dependencies { broker, database: DatabaseHealth::default() };
    Application::new(
        &settings,
        authenticator,
        event_publisher,
        reads,
        readers,
        dependencies,
        Traces::default(),
    )
}

/// The default settings with rate limits above this load.
fn settings() -> anyhow::Result<Settings> {
    let unlimited = u32::MAX.to_string();
    parse(&[
        "--auth-mode=jwt",
        &format!("--auth-jwt-secret={SECRET}"),
        &format!("--sender-limit={unlimited}"),
        &format!("--sender-burst={unlimited}"),
        &format!("--address-limit={unlimited}"),
        &format!("--address-burst={unlimited}"),
        "--amqp-url=amqp://nobody@127.0.0.1:1",
        "--database-url=postgres://nobody@127.0.0.1:1/nothing",
        "--pusher-app-id=3",
        "--pusher-key=key",
        "--pusher-secret=secret",
        "--pusher-channel-access=private",
    ])
}

fn player_token() -> anyhow::Result<String> {
    let command: TokenCommand = parse(&[
        "--role=player",
        &format!("--subject={}", samples::player(1)),
        "--name=Bo",
        &format!("--auth-jwt-secret={SECRET}"),
    ])?;
    command.make().map_err(anyhow::Error::msg)
}

/// Parses command-line arguments.
fn parse<S: Args>(arguments: &[&str]) -> anyhow::Result<S> {
    #[derive(Parser)]
    struct Parsed<S: Args> {
        #[command(flatten)]
        settings: S,
    }
    let arguments = std::iter::once("gateway").chain(arguments.iter().copied());
    Ok(Parsed::<S>::try_parse_from(arguments)?.settings)
}
