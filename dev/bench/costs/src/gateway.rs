//! The gateway's work for a send.

use std::hint::black_box;

use actix_web::{
    App,
    dev::Service,
    http::{StatusCode, header},
    rt::System,
    test::{TestRequest, init_service},
    web,
};
use anyhow::ensure;
use clap::{Args, Parser};
use gateway::{
    auth::{Authenticator, TokenCommand},
    metrics::Metrics,
    routes,
    settings::{Config, Settings},
    state::AppState,
};
use prometheus_client::registry::Registry;
use serde_json::json;
use service::install_crypto;
use tokio_util::sync::CancellationToken;
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
        let config = config()?;
        let app = App::new()
            .app_data(web::Data::new(state(&config)?))
            .configure(|services| routes::configure(services, &config.cors, &config.portal));
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
    let authenticator = Authenticator::new(&config()?.auth).map_err(anyhow::Error::msg)?;
    let token = player_token()?;
    Ok(Box::new(move || {
        black_box(authenticator.authenticate(black_box(Some(&token)))?);
        Ok(())
    }))
}

/// The state of a gateway whose publishing tasks have ended.
fn state(config: &Config) -> anyhow::Result<AppState> {
    let authenticator = Authenticator::new(&config.auth).map_err(anyhow::Error::msg)?;
    let metrics = Metrics::register(&mut Registry::default());
    let shutdown = CancellationToken::new();
    let (state, publishing) =
        AppState::new(config, authenticator, metrics, Traces::default(), shutdown)?;
    drop(publishing);
    Ok(state)
}

/// The default settings with rate limits above this load.
fn config() -> anyhow::Result<Config> {
    let unlimited = u32::MAX.to_string();
    let settings: Settings = parse(&[
        "--auth-mode=jwt",
        &format!("--auth-jwt-secret={SECRET}"),
        &format!("--sender-limit={unlimited}"),
        &format!("--sender-burst={unlimited}"),
        &format!("--address-limit={unlimited}"),
        &format!("--address-burst={unlimited}"),
        "--amqp-url=amqp://chat@127.0.0.1:1",
        "--database-url=postgres://chat@127.0.0.1:1/nothing",
        "--pusher-app-id=3",
        "--pusher-key=key",
        "--pusher-secret=secret",
        "--pusher-channel-access=private",
    ])?;
    settings.parse().map_err(anyhow::Error::msg)
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
