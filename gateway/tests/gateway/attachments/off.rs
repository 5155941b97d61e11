use reqwest::Method;
use serde_json::json;
use test_support::System;
use uuid::Uuid;

use super::{Caller, assert_problem, path};
use crate::tokens::player;

#[tokio::test(flavor = "multi_thread")]
async fn calls_for_files_are_rejected_where_attachments_are_off() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let bo = Caller::new(&gateway, Some(&player("p1")));
    let id = Uuid::now_v7();
    assert_problem(&bo.upload(id, "a.txt", "hello").await, 404, "attachments-off");
    assert_problem(&bo.get(&path("p1", id)).await, 404, "attachments-off");
    let file = format!("/api/attachments/{}/{id}/original", "0".repeat(64));
    assert_problem(&bo.get(&file).await, 404, "attachments-off");
    let sent = bo.send(json!({ "content": "hello", "attachments": ["x"] })).await;
    assert_eq!((sent.status, &sent.json["field"]), (400, &json!("attachments")), "{sent:?}");
    assert_eq!(bo.send(json!({ "content": "hello" })).await.status, 202);
    let config = bo.get("/api/portal/config").await;
    assert_eq!(config.json.get("attachments"), None);
    let ready = bo.get("/health/ready").await;
    assert_eq!(ready.json["dependencies"].get("attachments"), None, "{ready:?}");
    let metrics = gateway.api().metrics().await.unwrap().text().await.unwrap();
    assert!(!metrics.contains("attachment_store_up{"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_rejected_and_pages_of_allowed_origins_may_upload() {
    let system = System::new().await;
    let files = super::Files::start(&system, &["--cors-origins=https://portal.example"]).await;
    let (bo, path) = (files.bo(), path("p1", Uuid::now_v7()));
    let deleted = super::answer(bo.request(Method::DELETE, &path)).await;
    assert_eq!(
        (deleted.status, &deleted.headers["allow"]),
        (405, &"GET, HEAD, PUT".parse().unwrap())
    );
    let preflight = bo
        .request(Method::OPTIONS, &path)
        .header("origin", "https://portal.example")
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "authorization,content-type");
    let preflight = super::answer(preflight).await;
    assert_eq!(preflight.status, 200, "{preflight:?}");
    assert!(preflight.headers["access-control-allow-methods"].to_str().unwrap().contains("PUT"));
    let config = bo.get("/api/portal/config").await;
    assert_eq!(
        config.json["attachments"],
        json!({
            "maxBytes": 10_485_760,
            "types": ["image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf", "text/plain"],
            "for": "open",
            "maxOfMessage": 5
        })
    );
}
