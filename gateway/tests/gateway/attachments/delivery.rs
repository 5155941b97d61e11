use std::fs;

use reqwest::{Method, header};
use serde_json::json;
use test_support::{Answer, System};
use uuid::Uuid;

use super::{ANY, Caller, Files, assert_problem, path, picture};
use crate::tokens::{player, staff, with_claim};

/// Sends a message of `p1` with this file, which is then in the database. Returns its id.
async fn stored(system: &System, files: &Files, name: &str, bytes: Vec<u8>) -> Uuid {
    let (bo, id) = (files.bo(), Uuid::now_v7());
    let uploaded = bo.upload(id, name, bytes).await;
    assert_eq!(uploaded.status, 201, "{uploaded:?}");
    let sent = bo.send(json!({ "attachments": [uploaded.json["token"]] })).await;
    assert_eq!(sent.status, 202, "{sent:?}");
    system.work_off(1).await;
    id
}

fn url(link: &Answer) -> String {
    assert_eq!(link.status, 200, "{link:?}");
    link.json["url"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn picture_is_delivered_without_a_token_under_the_url_of_its_link() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let id = stored(&system, &files, "größe.png", picture(900, 700, 1)).await;
    let bo = files.bo();
    let link = bo.get(&path("p1", id)).await;
    let delivered = bo.file(&url(&link), &[]).await;
    assert_eq!(delivered.status, 200);
    assert_eq!(delivered.bytes, fs::read(files.folder("p1", id).join("original")).unwrap());
    let value = |name: header::HeaderName| delivered.headers[name].to_str().unwrap();
    assert_eq!(value(header::CONTENT_TYPE), "image/png");
    assert_eq!(value(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    assert_eq!(value(header::CONTENT_SECURITY_POLICY), "default-src 'none'; sandbox");
    let disposition = value(header::CONTENT_DISPOSITION);
    assert!(disposition.starts_with("inline; filename=\"gr__e.png\""), "{disposition}");
    assert!(disposition.ends_with("filename*=UTF-8''gr%C3%B6%C3%9Fe.png"), "{disposition}");
    let caching = value(header::CACHE_CONTROL);
    assert!(caching.starts_with("private, max-age="), "{caching}");
    assert_eq!(value(header::CONTENT_LENGTH), delivered.bytes.len().to_string());

    let tag = value(header::ETAG).to_owned();
    let known = bo.file(&url(&link), &[("if-none-match", &tag)]).await;
    assert_eq!((known.status, known.bytes.len()), (304, 0));
    let head = bo.request(Method::HEAD, &url(&link)).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()[header::CONTENT_LENGTH], delivered.bytes.len().to_string());
    let part = bo.file(&url(&link), &[("range", "bytes=10-19")]).await;
    assert_eq!((part.status, &part.bytes[..]), (206, &delivered.bytes[10..20]));
    let range = format!("bytes 10-19/{}", delivered.bytes.len());
    assert_eq!(part.headers[header::CONTENT_RANGE], range);
    let beyond = bo.file(&url(&link), &[("range", "bytes=99999999-")]).await;
    assert_eq!(beyond.status, 416);

    let thumbnail = link.json["thumbnailUrl"].as_str().unwrap();
    let small = bo.file(thumbnail, &[("range", "bytes=1-2")]).await;
    assert_eq!(small.status, 200);
    let small_type = small.headers[header::CONTENT_TYPE].to_str().unwrap();
    assert!(matches!(small_type, "image/png" | "image/jpeg"), "{small_type}");
    assert_eq!(small.bytes, fs::read(files.folder("p1", id).join("thumbnail")).unwrap());
    // The URL stays the same, so that browsers keep the picture.
    assert_eq!(url(&bo.get(&path("p1", id)).await), url(&link));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_file_is_delivered_for_saving() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let text = b"12:00 the boss is gone\n".to_vec();
    let id = stored(&system, &files, "log.txt", text.clone()).await;
    let link = files.bo().get(&path("p1", id)).await;
    assert_eq!(link.json.get("thumbnailUrl"), None);
    let delivered = files.bo().file(&url(&link), &[]).await;
    assert_eq!((delivered.status, delivered.bytes.to_vec()), (200, text));
    assert_eq!(delivered.headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    assert_eq!(delivered.headers[header::CONTENT_DISPOSITION], "attachment; filename=\"log.txt\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_url_and_one_signed_with_another_secret_are_rejected() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let id = stored(&system, &files, "a.txt", b"hello".to_vec()).await;
    let bo = files.bo();
    let url = url(&bo.get(&path("p1", id)).await);
    assert_eq!(bo.file(&url, &[]).await.status, 200);
    let (before, after) = url.split_once("exp=").unwrap();
    let (exp, rest) = after.split_once('&').unwrap();
    let later = exp.parse::<i64>().unwrap() + 900;
    for changed in [
        url.replace("/original", "/thumbnail"),
        url.replace(&id.to_string(), &Uuid::now_v7().to_string()),
        url.replace(&super::folder_of("p1"), &super::folder_of("p2")),
        url.replace("text%2Fplain", "image%2Fpng"),
        url.replace("a.txt", "a.html"),
        format!("{before}exp={later}&{rest}"),
        url.split('?').next().unwrap().to_owned(),
        format!("{}&sig=00", url.rsplit_once('&').unwrap().0),
    ] {
        assert_ne!(changed, url);
        let refused = bo.get(&changed).await;
        assert_problem(&refused, 403, "invalid-url");
    }
    let other = Files::gateway(
        &system,
        &files.directory,
        &["--attachment-secret=a third secret of more than thirty-two bytes"],
    );
    let other = Caller::new(&other.await, None);
    assert_problem(&other.get(&url).await, 403, "invalid-url");
    for path in ["x/y/original", "x/y/z"] {
        let refused = other.get(&format!("/api/attachments/{path}?exp=1&type=&name=&sig=")).await;
        assert_problem(&refused, 403, "invalid-url");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn link_is_for_those_who_may_read_the_conversation() {
    let system = System::new().await;
    let desk = ["--team-desk=on", "--staff-teams=payments,appeals", "--teams-strict=on"];
    let files = Files::start(&system, &[&[ANY], &desk[..]].concat()).await;
    let id = stored(&system, &files, "a.txt", b"hello".to_vec()).await;
    let other = Caller::new(&files.gateway, Some(&player("p2")));
    assert_problem(&other.get(&path("p1", id)).await, 403, "forbidden");
    assert_problem(&other.get(&path("p2", id)).await, 404, "attachment-not-found");
    let anonymous = Caller::new(&files.gateway, None);
    assert_problem(&anonymous.get(&path("p1", id)).await, 401, "unauthenticated");
    assert_eq!(files.ada().get(&path("p1", id)).await.status, 200);

    let team = "UPDATE chat_sessions SET team = 'payments' WHERE player_id = 'p1'";
    system.database.run(team).await;
    let member = |team: &str| {
        Caller::new(&files.gateway, Some(&with_claim(staff("bea"), "teams", json!([team]))))
    };
    assert_problem(&member("appeals").get(&path("p1", id)).await, 403, "forbidden");
    assert_eq!(member("payments").get(&path("p1", id)).await.status, 200);
    assert_eq!(files.bo().get(&path("p1", id)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn file_without_a_persisted_message_and_an_erased_file_have_no_link() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let (bo, unsent) = (files.bo(), Uuid::now_v7());
    assert_eq!(bo.upload(unsent, "a.txt", "hello").await.status, 201);
    assert_problem(&bo.get(&path("p1", unsent)).await, 404, "attachment-not-found");
    assert_eq!(bo.get(&path("p1", Uuid::nil())).await.status, 400);
    let id = stored(&system, &files, "a.txt", b"hello".to_vec()).await;
    let url = url(&bo.get(&path("p1", id)).await);
    system.erase("p1").await;
    assert_problem(&bo.get(&path("p1", id)).await, 404, "attachment-not-found");
    fs::remove_dir_all(files.directory.path().join(super::folder_of("p1"))).unwrap();
    assert_problem(&bo.get(&url).await, 404, "attachment-not-found");
}

/// Fifty thumbnails on a page, of which each has a link and a file.
#[tokio::test(flavor = "multi_thread")]
async fn page_of_fifty_pictures_is_within_the_limit_of_its_reader() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY, "--reader-limit=600", "--address-limit=30000"]).await;
    let id = stored(&system, &files, "a.txt", b"hello".to_vec()).await;
    let bo = files.bo();
    for _ in 0..50 {
        let link = bo.get(&path("p1", id)).await;
        let loads = (0..4).map(|_| bo.file(link.json["url"].as_str().unwrap(), &[]));
        for delivered in futures_util::future::join_all(loads).await {
            assert_eq!(delivered.status, 200);
        }
    }
}
