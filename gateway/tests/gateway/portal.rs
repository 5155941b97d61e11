use std::fs;

use reqwest::header;
use serde_json::json;
use tempfile::TempDir;
use test_support::System;

use crate::raw::Connection;

/// A directory with pages and another file.
fn pages() -> (TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let pages = directory.path().join("dist");
    for (file, text) in [("player/index.html", "<p>"), ("assets/page-1.js", "let x;")] {
        let file = pages.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    fs::write(directory.path().join("secret"), "hush").unwrap();
    let setting = format!("--portal-dir={}", pages.display());
    (directory, setting)
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_pages_are_served_with_a_strict_content_security_policy() {
    let system = System::new().await;
    let (_directory, setting) = pages();
    let host = ["--pusher-client-host=pusher.example", "--pusher-client-port=8443"];
    let gateway = system.gateway_with(&[&[&*setting], &host[..]].concat()).ready().await;
    let api = gateway.api();
    let page = api.get("/portal/player/").await;
    assert_eq!(page.status, 200);
    assert!(page.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-cache");
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'self'; connect-src 'self' wss://pusher.example:8443;")
    );
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers["cross-origin-opener-policy"], "same-origin");
    let permissions = page.headers["permissions-policy"].to_str().unwrap();
    assert!(permissions.contains("camera=()") && permissions.contains("microphone=()"));

    let asset = api.get("/portal/assets/page-1.js").await;
    assert_eq!(asset.status, 200);
    let caching = asset.headers[header::CACHE_CONTROL].to_str().unwrap();
    assert!(caching.contains("immutable"), "{caching}");
    assert_eq!(api.get("/portal/player").await.status, 200, "it leads to the page");
    for nothing in ["/portal/absent/", "/portal/assets/", "/portal/assets/page-2.js"] {
        assert_eq!(api.get(nothing).await.status, 404, "{nothing}");
    }
    for odd in ["/portal/%00", "/portal/%ff", "/portal/.hidden", "/portal/*"] {
        let status = Connection::open(&gateway).await.get(odd).await;
        assert!((400..500).contains(&status), "{odd}: {status}");
    }
    let long = api.get(&format!("/portal/{}", "a".repeat(5_000))).await;
    assert_eq!(long.status, 404);
    for beside in ["/portal/../secret", "/portal/%2e%2e/secret", "/portal/assets/..%2f..%2fsecret"]
    {
        let status = Connection::open(&gateway).await.get(beside).await;
        assert!((400..500).contains(&status), "{beside}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hsts_is_sent_when_a_trusted_proxy_was_called_by_https() {
    let system = System::new().await;
    let (_directory, setting) = pages();
    let transport_security = async |settings: &[&str], scheme: Option<&str>| {
        let gateway = system.gateway_with(&[&[&*setting], settings].concat()).ready().await;
        let api = gateway.api();
        let api = scheme.map_or(api.clone(), |scheme| api.with_header("x-forwarded-proto", scheme));
        let page = api.get("/portal/player/").await;
        assert_eq!(page.status, 200);
        page.headers.get(header::STRICT_TRANSPORT_SECURITY).cloned()
    };
    let trusted = ["--trusted-proxies=127.0.0.1"];
    let https = transport_security(&trusted, Some("https")).await;
    assert_eq!(https.unwrap(), "max-age=31536000");
    for scheme in [None, Some("http"), Some("https, http")] {
        assert_eq!(transport_security(&trusted, scheme).await, None, "{scheme:?}");
    }
    assert_eq!(transport_security(&[], Some("https")).await, None, "not a trusted proxy");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_config_has_the_pusher_server_and_no_secret() {
    let system = System::new().await;
    let config = async |settings: &[&str]| {
        let gateway = system.guarded_gateway(settings).await;
        gateway.api().get("/api/portal/config").await.json
    };
    assert_eq!(
        config(&["--pusher-cluster=eu"]).await,
        json!({
            "pusher": { "key": "key", "cluster": "eu" },
            "channelAccess": "private",
            "readMarks": "off",
            "conversationPresence": true,
            "teamDesk": false,
            "topics": []
        })
    );
    let own = [
        "--pusher-client-host=127.0.0.1",
        "--pusher-client-scheme=http",
        "--read-marks=both",
        "--conversation-presence=off",
    ];
    assert_eq!(
        config(&own).await,
        json!({
            "pusher": { "key": "key", "host": "127.0.0.1", "port": 443, "scheme": "http" },
            "channelAccess": "private",
            "readMarks": "both",
            "conversationPresence": false,
            "teamDesk": false,
            "topics": []
        })
    );
    let without_tokens = system.gateway_with(&["--read-marks=staff"]);
    let config = without_tokens.api().get("/api/portal/config").await.json;
    assert_eq!(
        (&config["readMarks"], &config["conversationPresence"]),
        (&json!("staff"), &json!(false))
    );
}
