/// `make openapi` writes it anew.
#[test]
fn the_committed_openapi_file_is_that_of_the_code() {
    let committed = include_str!("../../../openapi.json");
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
}
