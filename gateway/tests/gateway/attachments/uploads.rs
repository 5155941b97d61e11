use std::fs;

use serde_json::{Value, json};
use test_support::{RunningService, System, eventually};
use uuid::Uuid;

use super::{ANY, Caller, Files, assert_problem, path, picture};
use crate::{
    raw::Connection,
    tokens::{Issuer, player, staff},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_201_means_that_the_file_and_its_thumbnail_are_in_the_store() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let id = Uuid::now_v7();
    let uploaded = files.bo().upload(id, "größe 1.png", picture(1_000, 800, 1)).await;
    assert_eq!(uploaded.status, 201, "{uploaded:?}");
    let json = &uploaded.json;
    assert_eq!(json["attachmentId"], id.to_string());
    assert_eq!((&json["name"], &json["contentType"]), (&json!("größe 1.png"), &json!("image/png")));
    assert_eq!((&json["width"], &json["height"]), (&json!(1_000), &json!(800)));
    assert_eq!(json["thumbnail"], true);
    assert!(json["token"].is_string() && json["expiresAt"].is_string());
    let folder = files.folder("p1", id);
    let stored = fs::read(folder.join("original")).unwrap();
    assert_eq!(json["size"], stored.len());
    assert!(fs::read(folder.join("thumbnail")).unwrap().len() > 100);
    assert!(fs::read_to_string(folder.join("facts")).unwrap().contains("uploadedSha256"));
    assert_eq!(fs::read_dir(folder).unwrap().count(), 3);
    let metric = "chat_gateway_attachment_uploads_total{outcome=\"stored\"}";
    assert_eq!(files.gateway.api().metric(metric).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_upload_again_is_answered_with_200_and_other_bytes_with_409() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let (bo, id) = (files.bo(), Uuid::now_v7());
    let first = bo.upload(id, "a.txt", "hello").await;
    assert_eq!(first.status, 201, "{first:?}");
    let again = bo.upload(id, "a.txt", "hello").await;
    assert_eq!(again.status, 200, "{again:?}");
    let facts = |json: &Value| {
        ["attachmentId", "name", "contentType", "size", "thumbnail"].map(|name| json[name].clone())
    };
    assert_eq!(facts(&again.json), facts(&first.json));
    assert!(again.json["token"].is_string());
    let other = bo.upload(id, "a.txt", "hello!").await;
    assert_problem(&other, 409, "attachment-conflict");
    assert_eq!(fs::read(files.folder("p1", id).join("original")).unwrap(), b"hello");
    // The same id of another player is another file.
    let ada = files.ada().upload_of("p2", id, "a.txt", "hello!").await;
    assert_eq!(ada.status, 201, "{ada:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_simultaneous_uploads_with_one_id_one_file_is_stored_whole() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY, "--attachment-uploads-per-hour=0"]).await;
    let (bo, id) = (files.bo(), Uuid::now_v7());
    let uploads: Vec<_> = (0..20_u8)
        .map(|number| {
            let (bo, text) = (bo.clone(), format!("text {}", number % 4));
            tokio::spawn(async move { (bo.upload(id, "a.txt", text.clone()).await, text) })
        })
        .collect();
    let mut accepted = Vec::new();
    for upload in uploads {
        let (answer, text) = upload.await.unwrap();
        match answer.status {
            200 | 201 => accepted.push(text),
            _ => assert_problem(&answer, 409, "attachment-conflict"),
        }
    }
    let stored = fs::read_to_string(files.folder("p1", id).join("original")).unwrap();
    assert!(!accepted.is_empty() && accepted.iter().all(|text| *text == stored), "{accepted:?}");
    assert_eq!(bo.upload(id, "a.txt", stored).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_upload_is_completed_by_its_repeat() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let (bo, id) = (files.bo(), Uuid::now_v7());
    assert_eq!(bo.upload(id, "a.png", picture(900, 900, 1)).await.status, 201);
    let folder = files.folder("p1", id);
    // As a crash leaves it before the last object is written, and while the next one is.
    for (lost, left) in [("facts", "facts#1"), ("facts", "facts#1"), ("thumbnail", "original#1")] {
        fs::remove_file(folder.join(lost)).unwrap();
        fs::remove_file(folder.join("facts")).ok();
        fs::write(folder.join(left), "half").unwrap();
        let again = bo.upload(id, "a.png", picture(900, 900, 1)).await;
        assert_eq!(again.status, 201, "{again:?}");
        assert!(folder.join("facts").exists() && folder.join("thumbnail").exists());
    }
    // Other bytes, while the interrupted upload may still be in progress.
    fs::remove_file(folder.join("facts")).unwrap();
    assert_problem(&bo.upload(id, "a.png", picture(9, 9, 1)).await, 409, "attachment-conflict");
    // And long after it.
    let original = fs::File::options().write(true).open(folder.join("original")).unwrap();
    let hour = std::time::Duration::from_secs(3_600);
    original.set_modified(std::time::SystemTime::now() - hour).unwrap();
    assert_eq!(bo.upload(id, "a.png", picture(9, 9, 1)).await.status, 201);
    assert_eq!(bo.upload(id, "a.png", picture(9, 9, 1)).await.status, 200);
}

/// Sends an upload of `p1` whose body is `body` in chunks, and returns the status.
async fn upload_in_chunks(gateway: &RunningService, body: &[u8]) -> u16 {
    let mut connection = Connection::open(gateway).await;
    let token = Issuer::usual().token(&player("p1"));
    let head = format!(
        "PUT {}?name=a.txt HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {token}\r\n\
         transfer-encoding: chunked\r\n\r\n",
        path("p1", Uuid::now_v7())
    );
    connection.write(head.as_bytes()).await;
    for part in body.chunks(16 * 1024) {
        connection.write(format!("{:x}\r\n", part.len()).as_bytes()).await;
        connection.write(part).await;
        connection.write(b"\r\n").await;
    }
    connection.write(b"0\r\n\r\n").await;
    connection.status().await
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_is_too_large_is_rejected_by_its_declared_length_and_while_it_is_read() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY, "--attachment-max-bytes=64KiB"]).await;
    let (bo, limit) = (files.bo(), 64 * 1024);
    assert_eq!(bo.upload(Uuid::now_v7(), "a.txt", "a".repeat(limit)).await.status, 201);
    // The head alone: nothing of the body is sent.
    let mut connection = Connection::open(&files.gateway).await;
    let token = Issuer::usual().token(&player("p1"));
    let head = format!(
        "PUT {}?name=a.txt HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {token}\r\n\
         content-length: {}\r\n\r\n",
        path("p1", Uuid::now_v7()),
        limit + 1
    );
    connection.write(head.as_bytes()).await;
    assert_eq!(connection.status().await, 413);

    assert_eq!(upload_in_chunks(&files.gateway, &b"a".repeat(limit)).await, 201);
    assert_eq!(upload_in_chunks(&files.gateway, &b"a".repeat(limit + 1)).await, 413);
}

/// The PNG with a head that claims this width and height.
fn with_claimed_size(mut png: Vec<u8>, size: u32) -> Vec<u8> {
    png[16..20].copy_from_slice(&size.to_be_bytes());
    png[20..24].copy_from_slice(&size.to_be_bytes());
    let mut sum = flate2::Crc::new();
    sum.update(&png[12..29]);
    png[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    png
}

#[tokio::test(flavor = "multi_thread")]
async fn file_of_another_type_or_an_invalid_picture_is_rejected_with_what_to_change() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let bo = files.bo();
    let upload =
        async |name: &str, bytes: &[u8]| bo.upload(Uuid::now_v7(), name, bytes.to_vec()).await;
    let program = upload("boss.png", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0").await;
    assert_problem(&program, 415, "attachment-type");
    let detail = program.json["detail"].as_str().unwrap();
    assert!(detail.contains("image/png, image/jpeg") && !detail.contains("zip"), "{detail}");
    let whole = picture(100, 100, 1);
    let half = upload("boss.png", &whole[..whole.len() / 2]).await;
    assert_problem(&half, 422, "attachment-rejected");
    let huge = upload("boss.png", &with_claimed_size(whole, 6_000)).await;
    assert_problem(&huge, 422, "attachment-rejected");
    for name in ["", "a/b.png", "a\nb", &"a".repeat(201), "\u{200b}"] {
        let answer = upload(name, b"hello").await;
        assert_eq!((answer.status, &answer.json["field"]), (400, &json!("name")), "{answer:?}");
    }
    let path = format!("{}?name=a.txt", path("p1", Uuid::now_v7()));
    let request = bo.request(reqwest::Method::PUT, &path);
    let compressed = request.header("content-encoding", "gzip");
    let compressed = super::answer(compressed.body("hello")).await;
    assert_problem(&compressed, 415, "unsupported-media-type");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_player_and_staff_upload_to_a_conversation() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let id = Uuid::now_v7();
    let other = Caller::new(&files.gateway, Some(&player("p2")));
    assert_problem(&other.upload(id, "a.txt", "hello").await, 403, "forbidden");
    let nobody = Caller::new(&files.gateway, None);
    assert_problem(&nobody.upload(id, "a.txt", "hello").await, 401, "unauthenticated");
    assert_eq!(files.ada().upload(id, "a.txt", "hello").await.status, 201);
    assert_eq!(files.bo().upload(id, "a.txt", "hello").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn players_upload_while_their_session_is_open_and_staff_always() {
    let system = System::new().await;
    let files = Files::start(&system, &[]).await;
    let (bo, ada) = (files.bo(), files.ada());
    let upload = async |caller: &Caller| caller.upload(Uuid::now_v7(), "a.txt", "hello").await;
    assert_problem(&upload(&bo).await, 403, "forbidden");
    assert_eq!(upload(&ada).await.status, 201);
    let persister = system.persister().await;
    assert_eq!(bo.send(json!({ "content": "hello" })).await.status, 202);
    eventually("the session is open", async || (upload(&bo).await.status == 201).then_some(()))
        .await;
    let api = files.gateway.api().with_token(&Issuer::usual().token(&staff("ada")));
    assert_eq!(api.change_status("p1", "resolved").await.status, 202);
    eventually("the session is resolved", async || (upload(&bo).await.status == 403).then_some(()))
        .await;
    persister.stop().await;

    let staff_alone = Files::start(&system, &["--attachments-for=staff"]).await;
    assert_problem(&upload(&staff_alone.bo()).await, 403, "forbidden");
    assert_eq!(upload(&staff_alone.ada()).await.status, 201);
}
