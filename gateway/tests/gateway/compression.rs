//! The compression of responses.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::{Client, Response, header};
use test_support::{RunningService, System};

async fn get(gateway: &RunningService, path: &str, encodings: Option<&str>) -> Response {
    let request = Client::new().get(format!("http://{}{path}", gateway.addr));
    let request = match encodings {
        Some(encodings) => request.header(header::ACCEPT_ENCODING, encodings),
        None => request,
    };
    request.send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn large_response_is_compressed_for_a_client_that_accepts_gzip() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let plain = get(&gateway, "/openapi.json", None).await;
    assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
    assert_eq!(plain.headers()[header::VARY], "accept-encoding");
    let plain = plain.bytes().await.unwrap();
    for (encodings, is_compressed) in [
        ("gzip", true),
        ("gzip, deflate, br, zstd", true),
        ("br;q=1.0, gzip;q=0.8", true),
        ("br", false),
        ("gzip;q=0", false),
        ("identity", false),
        ("nonsense;;", false),
    ] {
        let answer = get(&gateway, "/openapi.json", Some(encodings)).await;
        let encoding = answer.headers().get(header::CONTENT_ENCODING).cloned();
        assert_eq!(encoding.is_some(), is_compressed, "{encodings}");
        let bytes = answer.bytes().await.unwrap();
        if is_compressed {
            assert!(bytes.len() < plain.len() / 3, "{encodings}");
            let mut read = Vec::new();
            GzDecoder::new(&bytes[..]).read_to_end(&mut read).unwrap();
            assert_eq!(read, plain, "{encodings}");
        } else {
            assert_eq!(bytes, plain, "{encodings}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn small_response_is_not_compressed() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    for path in ["/health/ready", "/nothing", "/api/unified-chat/conversations"] {
        let answer = get(&gateway, path, Some("gzip")).await;
        assert!(!answer.headers().contains_key(header::CONTENT_ENCODING), "{path}");
    }
}
