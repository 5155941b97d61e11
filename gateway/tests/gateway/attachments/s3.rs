use std::time::{Duration, Instant};

use serde_json::json;
use test_support::{RunningService, System, eventually};
use uuid::Uuid;

use super::{
    ANY, Caller, MEMORY, SECRET, assert_problem,
    fake_s3::{FakeS3, Mood},
    folder_of, path, picture,
};
use crate::tokens::player;

/// A gateway that keeps files in `s3`.
async fn gateway(system: &System, s3: &FakeS3, settings: &[&str]) -> RunningService {
    let store = s3.settings();
    let store: Vec<_> = store.iter().map(String::as_str).collect();
    system.guarded_gateway(&[&store[..], &[SECRET, MEMORY, ANY], settings].concat()).await
}

/// The URL of a file of `p1` that a persisted message names.
async fn stored(system: &System, bo: &Caller, id: Uuid) -> String {
    let uploaded = bo.upload(id, "größe.png", picture(900, 900, 1)).await;
    assert_eq!(uploaded.status, 201, "{uploaded:?}");
    let sent = bo.send(json!({ "attachments": [uploaded.json["token"]] })).await;
    assert_eq!(sent.status, 202, "{sent:?}");
    system.work_off(1).await;
    bo.get(&path("p1", id)).await.json["url"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn file_in_s3_is_stored_once_and_delivered() {
    let system = System::new().await;
    let s3 = FakeS3::start();
    let gateway = gateway(&system, &s3, &[]).await;
    let (bo, id) = (Caller::new(&gateway, Some(&player("p1"))), Uuid::now_v7());
    let url = stored(&system, &bo, id).await;
    let folder = format!("chat/{}/{id}", folder_of("p1"));
    let keys: Vec<_> = s3.keys().into_iter().filter(|key| key != "chat/probe").collect();
    assert_eq!(keys, ["facts", "original", "thumbnail"].map(|name| format!("{folder}/{name}")));
    let delivered = bo.file(&url, &[]).await;
    assert_eq!(delivered.status, 200);
    assert!(delivered.bytes.starts_with(b"\x89PNG"));
    assert_eq!(bo.upload(id, "größe.png", picture(900, 900, 1)).await.status, 200);
    let other = bo.upload(id, "größe.png", picture(900, 900, 2)).await;
    assert_problem(&other, 409, "attachment-conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_that_fails_or_hangs_concerns_files_alone() {
    let system = System::new().await;
    let s3 = FakeS3::start();
    let gateway = gateway(&system, &s3, &[]).await;
    let (bo, id) = (Caller::new(&gateway, Some(&player("p1"))), Uuid::now_v7());
    let url = stored(&system, &bo, id).await;
    for mood in [Mood::Fails(500), Mood::Fails(403), Mood::Fails(404), Mood::Hangs] {
        s3.is_in_mood(mood);
        let began = Instant::now();
        let refused = bo.upload(Uuid::now_v7(), "a.txt", "hello").await;
        assert_problem(&refused, 503, "attachments-unavailable");
        assert!(began.elapsed() < Duration::from_secs(15), "{mood:?} {:?}", began.elapsed());
        if mood != Mood::Fails(404) {
            assert_problem(&bo.get(&url).await, 503, "attachments-unavailable");
        }
        let began = Instant::now();
        assert_eq!(bo.send(json!({ "content": "hello" })).await.status, 202);
        assert!(began.elapsed() < Duration::from_secs(5), "{mood:?} {:?}", began.elapsed());
        let ready = bo.get("/health/ready").await;
        assert_eq!(ready.status, 200, "{mood:?} {ready:?}");
        s3.is_in_mood(Mood::Works);
        eventually("files are stored again", async || {
            (bo.upload(id, "größe.png", picture(900, 900, 1)).await.status == 200).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_redirects_browsers_load_files_from_s3() {
    let system = System::new().await;
    let s3 = FakeS3::start();
    let gateway = gateway(&system, &s3, &["--attachment-delivery=redirect"]).await;
    let (bo, id) = (Caller::new(&gateway, Some(&player("p1"))), Uuid::now_v7());
    let url = stored(&system, &bo, id).await;
    let redirected = bo.file(&url, &[]).await;
    assert_eq!(redirected.status, 307);
    let location = redirected.headers["location"].to_str().unwrap();
    let object = format!("http://{}/files/chat/{}/{id}/original?", s3.addr, folder_of("p1"));
    assert!(location.starts_with(&object), "{location}");
    for part in [
        "X-Amz-Signature=",
        "response-content-type=image%2Fpng",
        "response-content-disposition=inline",
    ] {
        assert!(location.contains(part), "{part}: {location}");
    }
    let loaded = bo.http.get(location).send().await.unwrap();
    assert!(loaded.bytes().await.unwrap().starts_with(b"\x89PNG"));
    assert_problem(&bo.get(&url.replace("/original", "/thumbnail")).await, 403, "invalid-url");
}
