//! What is not stored, and who may not have it.

use std::{fs, path::PathBuf, time::Instant};

use gateway::auth::TokenCommand;
use test_support::{JWT_SECRET, settings, token};
use uuid::Uuid;

use crate::{
    client::{Client, text},
    deployment::{Deployment, Place},
    files,
    pictures::link,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_called_a_picture_and_a_picture_that_fills_memory_are_refused() {
    let deployment = Deployment::start(Place::Disk).await;
    let player = deployment.client(&token("player", "bo"));
    let page = b"<!doctype html><script>alert(document.cookie)</script>";
    let refused = player.upload("bo", Uuid::now_v7(), "evil.png", page).await;
    assert_eq!(refused.status, 415, "{refused:?}");
    assert!(
        refused.json.to_string().contains("image/png"),
        "it names what is allowed: {refused:?}"
    );

    let bomb = files::bomb();
    assert!(bomb.len() < 110_000, "{}", bomb.len());
    let began = Instant::now();
    let refused = player.upload("bo", Uuid::now_v7(), "map.png", &bomb).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    // Decoding it would take longer.
    assert!(began.elapsed().as_secs() < 2, "{:?}", began.elapsed());
    assert_eq!(deployment.objects("bo").await, Vec::<String>::new());
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_player_can_use_neither_token_nor_url() {
    let deployment = Deployment::start(Place::Disk).await;
    let [bo, eve] = ["bo", "eve"].map(|player| deployment.client(&token("player", player)));
    let (id, file) = bo.uploaded("bo", "dot.png", &files::dot()).await;
    let stolen = eve.send("eve", &[&file]).await;
    assert!(matches!(stolen.status, 400 | 403), "{stolen:?}");
    assert!(stolen.json.to_string().contains("attachments[0]"), "{stolen:?}");
    let upload = eve.upload("bo", Uuid::now_v7(), "dot.png", &files::dot()).await;
    assert_eq!(upload.status, 403, "{upload:?}");

    assert_eq!(bo.send("bo", &[&file]).await.status, 202);
    let link = link(&bo, "bo", id).await;
    assert_eq!(eve.link("bo", id).await.status, 403);
    assert_eq!(eve.link("eve", id).await.status, 404);
    let url = text(&link["url"]);
    assert_eq!(eve.download(url).await.status, 200, "a URL needs no token");
    for (part, other) in [("/original?", "/thumbnail?"), ("exp=", "exp=9"), ("png", "pdf")] {
        let forged = url.replace(part, other);
        assert_ne!(forged, url, "{part}");
        assert_eq!(eve.download(&forged).await.status, 403, "{forged}");
    }
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_and_tokens_are_refused_after_they_expire() {
    let deployment = Deployment::start(Place::Disk).await;
    let command = [
        "--role=player",
        "--subject=bo",
        "--expires-in=72h",
        &format!("--auth-jwt-secret={JWT_SECRET}"),
    ];
    let bo = settings::<TokenCommand>(command).make().unwrap();
    let player = deployment.client(&bo);
    let (id, file) = player.uploaded("bo", "dot.png", &files::dot()).await;
    assert_eq!(player.send("bo", &[&file]).await.status, 202);
    let link = link(&player, "bo", id).await;
    let url = text(&link["url"]);

    let library = libfaketime();
    let late = [("LD_PRELOAD", &*library), ("FAKETIME", "+25h"), ("DONT_FAKE_MONOTONIC", "1")];
    let late = deployment.another_gateway(&late).await;
    let player = Client::new(late.address, &bo);
    assert_eq!(player.download(url).await.status, 403);
    let sent = player.send("bo", &[&file]).await;
    assert!(matches!(sent.status, 400 | 403), "{sent:?}");
    assert!(sent.json.to_string().contains("attachments[0]"), "{sent:?}");
    // The file is still there, with a new URL.
    let renewed = self::link(&player, "bo", id).await;
    assert_eq!(player.download(text(&renewed["url"])).await.status, 200);
    deployment.stop().await;
}

/// The library of Debian's package, below the directory of the machine's architecture.
fn libfaketime() -> String {
    let libraries = fs::read_dir("/usr/lib").unwrap();
    let found = libraries
        .map(|entry| entry.unwrap().path().join("faketime/libfaketimeMT.so.1"))
        .find(|library: &PathBuf| library.exists());
    let found = found.unwrap_or_else(|| panic!("libfaketime is not installed: make clocks"));
    found.display().to_string()
}
