//! ClamAV's daemon.

use stack::Clamd;
use test_support::token;
use uuid::Uuid;

use crate::{deployment::Deployment, files};

#[tokio::test(flavor = "multi_thread")]
async fn an_infected_file_is_refused_and_without_the_scanner_every_file_but_no_text() {
    let (deployment, clamd) = Deployment::scanning().await;
    let player = deployment.client(&token("player", "bo"));
    let infected = player.upload("bo", Uuid::now_v7(), "tool.txt", Clamd::EICAR.as_bytes()).await;
    assert_eq!(infected.status, 422, "{infected:?}");
    assert_eq!(deployment.objects("bo").await, Vec::<String>::new());
    let (_, file) = player.uploaded("bo", "dot.png", &files::dot()).await;
    assert_eq!(player.send("bo", &[&file]).await.status, 202);

    clamd.process().stop().await;
    let refused = player.upload("bo", Uuid::now_v7(), "dot.png", &files::dot()).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(player.api.send_as_player("bo", "hello").await.status, 202);
    assert_eq!(player.api.get("/health/ready").await.status, 200);
    deployment.stop().await;
}
