use serde_json::Value;

/// `make openapi` writes the file.
#[test]
fn committed_openapi_json_matches_the_code() {
    let committed = include_str!("../../openapi.json");
    assert!(
        committed == gateway::openapi::json().unwrap(),
        "openapi.json differs from the code; run `make openapi` and commit the change"
    );
}

#[test]
fn each_content_in_the_descriptions_has_the_length_that_is_accepted() {
    for description in
        [include_str!("../../openapi.json"), include_str!("../../../docs/events.json")]
    {
        let mut lengths = Vec::new();
        lengths_of_contents(&serde_json::from_str(description).unwrap(), &mut lengths);
        assert!(lengths.len() >= 2, "{lengths:?}");
        assert!(
            lengths.iter().all(|length| *length == chat::Content::MAX_CHARACTERS),
            "{lengths:?}"
        );
    }
}

/// Collects `maxLength` of the schemas that are named `content`.
fn lengths_of_contents(value: &Value, lengths: &mut Vec<usize>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if let Some(length) = field.get("maxLength").and_then(Value::as_u64)
                    && name.eq_ignore_ascii_case("content")
                {
                    lengths.push(usize::try_from(length).unwrap());
                }
                lengths_of_contents(field, lengths);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| lengths_of_contents(item, lengths)),
        _ => {}
    }
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
