/// `make openapi` writes it anew.
#[test]
fn the_committed_openapi_file_is_that_of_the_code() {
    let committed = include_str!("../../openapi.json");
    assert!(
        committed == gateway::openapi::json().unwrap(),
        "openapi.json is not what the code says; run `make openapi` and commit the change"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_and_its_page_are_served() {
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
