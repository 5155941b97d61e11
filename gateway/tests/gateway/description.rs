/// `make openapi` writes the file.
#[test]
fn committed_openapi_json_matches_the_code() {
    let committed = include_str!("../../openapi.json");
    assert!(
        committed == gateway::openapi::json().unwrap(),
        "openapi.json differs from the code; run `make openapi` and commit the change"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn openapi_json_and_the_documentation_page_are_served() {
    let system = test_support::System::new().await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    let description = api.get("/openapi.json").await;
    assert_eq!(description.json["info"]["title"], "Player portal chat");
    assert_eq!(api.get("/docs").await.status, 200);
    assert_eq!(api.get("/docs/").await.status, 200);
    let http = reqwest::Client::new();
    for path in ["/openapi.json", "/docs/"] {
        let answer = http.head(format!("http://{}{path}", gateway.addr)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(answer.bytes().await.unwrap().is_empty(), "{path}");
    }
}
