//! The API documentation: `/openapi.json`, and the page `/docs`.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use actix_web::{HttpResponse, http::header, middleware::from_fn, web};
use bytes::Bytes;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        RefOr,
        schema::{Object, OneOf, Schema, SchemaType, Type},
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::{
    middleware::{docs_csp, head_as_get},
    problem::{Problem, ProblemBody},
    routes::{
        assignment, attachments, availability, canned_replies, conversation, health, inbox, notes,
        portal_config, pusher_auth, read, read_mark, send, session, staff, status,
    },
};

/// The API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Player portal chat",
        description = "A support chat between the players and the staff of a gaming portal. An accepted message is durable: it is persisted and broadcast, whatever fails meanwhile, unless its `messageId` belongs to another message, which the event `message-rejected` reports. docs/events.json (AsyncAPI) describes the events over Pusher. Clients must ignore unknown fields. Within a major version, fields, routes and events are only added."
    ),
    servers((url = "/", description = "The gateway that serves this description")),
    modifiers(&Token, &PlainNulls, &UsedSchemas),
    components(schemas(ProblemBody)),
    paths(
        send::send,
        conversation::conversation,
        inbox::inbox,
        status::change_status,
        read_mark::mark_messages,
        assignment::change_assignment,
        session::change_session,
        notes::read_notes,
        notes::write_note,
        attachments::upload::upload,
        attachments::link::link,
        attachments::file::file,
        staff::staff,
        availability::report_availability,
        canned_replies::canned_replies,
        canned_replies::write_canned_reply,
        canned_replies::delete_canned_reply,
        portal_config::portal_config,
        pusher_auth::authorize,
        health::live,
        health::ready,
    ),
    tags(
        (name = "messages", description = "Sending messages"),
        (name = "conversations", description = "Reading conversations, changing their status, and marking messages as read"),
        (name = "attachments", description = "Files of messages. Where they are off, as `attachments` of the configuration shows, these calls answer 404"),
        (name = "staff", description = "What staff share: assignment, teams, tags, notes, canned replies. With `TEAM_DESK=off` these calls answer 404"),
        (name = "pusher", description = "Subscribing to events"),
        (name = "health", description = "Probes"),
    )
)]
struct Api;

/// The token of every route except health, unless `AUTH_MODE=off`.
struct Token;

impl Modify for Token {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let mut token = Http::new(HttpAuthScheme::Bearer);
        token.bearer_format = Some("JWT".to_owned());
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
}

/// Describes an optional string as one that may be null, with its own description and rules,
/// instead of as `oneOf` a reference and null: client generators ignore what stands beside a
/// reference.
struct PlainNulls;

impl Modify for PlainNulls {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        let strings: HashMap<String, Object> = components
            .schemas
            .iter()
            .filter_map(|(name, schema)| match schema {
                RefOr::T(Schema::Object(object)) if object.schema_type == Type::String.into() => {
                    Some((format!("#/components/schemas/{name}"), object.clone()))
                }
                _ => None,
            })
            .collect();
        for object in components.schemas.values_mut().flat_map(objects) {
            for property in object.properties.values_mut() {
                if let RefOr::T(Schema::OneOf(one_of)) = property
                    && let Some(schema) = plain_schema(one_of, &strings)
                {
                    *property = RefOr::T(schema);
                }
            }
        }
    }
}

/// The object that `schema` is, or the alternatives of which it is one.
fn objects(schema: &mut RefOr<Schema>) -> Vec<&mut Object> {
    match schema {
        RefOr::T(Schema::Object(object)) => vec![object],
        RefOr::T(Schema::OneOf(one_of)) => one_of.items.iter_mut().flat_map(objects).collect(),
        _ => Vec::new(),
    }
}

/// `one_of` as a nullable string, or with its description on the level where generators read it;
/// `None` without a description.
fn plain_schema(one_of: &OneOf, strings: &HashMap<String, Object>) -> Option<Schema> {
    let reference = one_of.items.iter().find_map(|item| match item {
        RefOr::Ref(reference) => Some(reference),
        RefOr::T(_) => None,
    })?;
    let description = Some(reference.description.clone()).filter(|text| !text.is_empty())?;
    if let Some(string) = strings.get(&reference.ref_location) {
        let mut string = string.clone();
        let rules = string.description.map(|rules| format!("\n\n{rules}")).unwrap_or_default();
        string.schema_type = SchemaType::from_iter([Type::String, Type::Null]);
        string.description = Some(format!("{description}{rules}"));
        return Some(string.into());
    }
    let mut one_of = one_of.clone();
    one_of.description = Some(description);
    for item in &mut one_of.items {
        if let RefOr::Ref(reference) = item {
            reference.description.clear();
        }
    }
    Some(one_of.into())
}

/// Removes schemas that nothing references once strings are inlined.
struct UsedSchemas;

impl Modify for UsedSchemas {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let Ok(text) = serde_json::to_string(api) else { return };
        let components = api.components.get_or_insert_default();
        components.schemas.retain(|name, _| text.contains(&format!("/schemas/{name}\"")));
    }
}

/// The content of `openapi.json`.
///
/// # Errors
/// Never: the description can be serialized.
pub fn json() -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&Api::openapi())?;
    text.push('\n');
    Ok(text)
}

/// The served description, serialized once.
static DESCRIPTION: LazyLock<Option<Bytes>> = LazyLock::new(|| {
    let json = serde_json::to_vec(&Api::openapi());
    json.inspect_err(
        |error| tracing::error!(exception.message = %error, "the API description cannot be serialized"),
    )
    .map(Bytes::from)
    .ok()
});

/// Serves `/openapi.json` and `/docs`.
pub fn serve(services: &mut web::ServiceConfig) {
    let page = web::resource("/{file:.*}").route(web::get().to(serve_page));
    let config = web::Data::new(utoipa_swagger_ui::Config::from("/openapi.json"));
    services
        .app_data(config)
        .route("/openapi.json", read().to(serve_description))
        .service(web::redirect("/docs", "/docs/"))
        .service(web::scope("/docs").wrap(from_fn(head_as_get)).wrap(docs_csp()).service(page));
}

async fn serve_description() -> Result<HttpResponse, Problem> {
    let json = DESCRIPTION.as_ref().ok_or(Problem::Internal)?;
    Ok(HttpResponse::Ok().content_type("application/json").body(json.clone()))
}

/// Serves a file of the page. It is part of the program and is not copied.
async fn serve_page(
    file: web::Path<String>,
    config: web::Data<utoipa_swagger_ui::Config<'static>>,
) -> Result<HttpResponse, Problem> {
    let file = utoipa_swagger_ui::serve(&file, config.into_inner()).map_err(|error| {
        tracing::error!(exception.message = %error, "the page of the API documentation cannot be served");
        Problem::Internal
    })?;
    let file = file.ok_or(Problem::NotFound)?;
    let mut response = HttpResponse::Ok();
    if file.gzpipped {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    let bytes = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Ok(response.content_type(file.content_type).body(bytes))
}
