//! A picture on its way from the player to staff.

use image::Rgb;
use test_support::{eventually, token};
use uuid::Uuid;

use crate::{
    client::{Client, text},
    deployment::{Deployment, Place},
    files,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_is_upright_nameless_durable_and_erasable_on_a_disk() {
    a_photo_is_upright_nameless_durable_and_erasable(Place::Disk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_is_upright_nameless_durable_and_erasable_in_s3() {
    a_photo_is_upright_nameless_durable_and_erasable(Place::S3).await;
}

async fn a_photo_is_upright_nameless_durable_and_erasable(place: Place) {
    let deployment = Deployment::start(place).await;
    let player = deployment.client(&token("player", "bo"));
    let staff = deployment.client(&token("staff", "ada"));
    let id = Uuid::now_v7();
    let uploaded = player.upload("bo", id, "boss.jpg", &files::photo()).await;
    assert_eq!(uploaded.status, 201, "{uploaded:?}");
    assert_eq!([&uploaded.json["width"], &uploaded.json["height"]], [320, 640]);
    assert_eq!(uploaded.json["thumbnail"], true);
    assert_eq!(player.send("bo", &[text(&uploaded.json["token"])]).await.status, 202);
    deployment.kill_gateway().await;

    let link = link(&staff, "bo", id).await;
    let original = staff.download(text(&link["url"])).await;
    assert_eq!(original.status, 200);
    assert_eq!(original.header("content-type"), "image/jpeg");
    assert_eq!(original.header("x-content-type-options"), "nosniff");
    assert_eq!(original.header("content-security-policy"), "default-src 'none'; sandbox");
    assert!(original.header("content-disposition").starts_with("inline"));
    for metadata in [b"Exif", files::MAKER] {
        assert!(!contains(&original.bytes, metadata), "{}", String::from_utf8_lossy(metadata));
    }
    assert_eq!(uploaded.json["size"], original.bytes.len());
    let picture = image::load_from_memory(&original.bytes).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (320, 640));
    assert!(is_near(picture.get_pixel(160, 100), [200, 0, 0]), "the left half is above");
    assert!(is_near(picture.get_pixel(160, 540), [0, 0, 200]), "the right half is below");
    let thumbnail = staff.download(text(&link["thumbnailUrl"])).await;
    let small = image::load_from_memory(&thumbnail.bytes).unwrap();
    assert_eq!((small.width(), small.height()), (240, 480));

    // The same again, and another file with its id.
    let again = player.upload("bo", id, "boss.jpg", &files::photo()).await;
    assert_eq!((again.status, &again.json["size"]), (200, &uploaded.json["size"]));
    assert_eq!(player.upload("bo", id, "boss.jpg", &files::dot()).await.status, 409);

    assert!(deployment.objects("bo").await.len() >= 2);
    deployment.system.erase("bo").await;
    deployment.run(&["attachments", "erase", "--player", "bo"]);
    assert_eq!(deployment.objects("bo").await, Vec::<String>::new());
    assert_eq!(staff.link("bo", id).await.status, 404);
    assert_eq!(staff.download(text(&link["url"])).await.status, 404);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_loads_a_picture_from_s3_where_the_gateway_redirects() {
    let deployment = Deployment::start(Place::S3).await;
    let (bo, picture) = (token("player", "bo"), files::dot());
    let player = deployment.client(&bo);
    let (id, file) = player.uploaded("bo", "dot.png", &picture).await;
    assert_eq!(player.send("bo", &[&file]).await.status, 202);
    let redirecting = deployment.another_gateway(&[("ATTACHMENT_DELIVERY", "redirect")]).await;
    let player = Client::new(redirecting.address, &bo);
    let link = link(&player, "bo", id).await;
    let redirect = player.download(text(&link["url"])).await;
    assert_eq!(redirect.status, 307);
    let picture = player.download_elsewhere(redirect.header("location")).await;
    assert_eq!(picture.status, 200);
    assert_eq!(picture.header("content-type"), "image/png");
    assert!(image::load_from_memory(&picture.bytes).is_ok());
    deployment.stop().await;
}

/// The URLs of an attachment, once its message is persisted.
pub async fn link(client: &Client, player: &str, id: Uuid) -> serde_json::Value {
    eventually("the attachment's message is persisted", async || {
        let link = client.link(player, id).await;
        (link.status == 200).then_some(link.json)
    })
    .await
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Whether the colour differs by no more than the compression causes.
fn is_near(Rgb(pixel): &Rgb<u8>, colour: [u8; 3]) -> bool {
    pixel.iter().zip(colour).all(|(one, other)| one.abs_diff(other) < 12)
}
