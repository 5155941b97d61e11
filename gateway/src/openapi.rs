//! What `/openapi.json` says, and `/docs` shows.

use std::{borrow::Cow, sync::LazyLock};

use actix_web::{HttpResponse, http::header, middleware::from_fn, web};
use bytes::Bytes;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ObjectBuilder, Ref,
        schema::{AllOfBuilder, OneOfBuilder},
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::http::{Problem, docs_csp, head_as_get};
use crate::routes::{conversation, health, inbox, portal_config, pusher_auth, read, send, status};

/// The gateway's calls.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Player portal chat",
        description = "A support chat between the players and the staff of a gaming portal. A message that was accepted is durable: it will be persisted and broadcast, whatever fails meanwhile."
    ),
    modifiers(&Token, &ContentOrMessage),
    paths(
        send::send,
        conversation::conversation,
        inbox::inbox,
        status::change_status,
        portal_config::portal_config,
        pusher_auth::authorize,
        health::live,
        health::ready,
    ),
    tags(
        (name = "messages", description = "Sending"),
        (name = "conversations", description = "Reading, taking, resolving"),
        (name = "pusher", description = "Listening"),
        (name = "health", description = "For operators"),
    )
)]
struct Api;

/// What every call but those about health must bring, unless `AUTH_MODE=off`.
struct Token;

impl Modify for Token {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let mut token = Http::new(HttpAuthScheme::Bearer);
        token.bearer_format = Some("JWT".to_owned());
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
}

/// A message has content under one of two names. The gateway takes both when they are the same, which no
/// schema can say.
struct ContentOrMessage;

impl Modify for ContentOrMessage {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        let Some(request) = components.schemas.get_mut("SendRequest") else { return };
        let said = ["content", "message"].into_iter().fold(OneOfBuilder::new(), |either, name| {
            let text = Ref::from_schema_name("Content");
            either.item(ObjectBuilder::new().property(name, text).required(name))
        });
        *request = AllOfBuilder::new().item(request.clone()).item(said).into();
    }
}

/// The description, as `openapi.json` holds it.
///
/// # Errors
/// None in practice: the description always has a form in JSON.
pub fn json() -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&Api::openapi())?;
    text.push('\n');
    Ok(text)
}

/// The description as it is served: made once, for all who ask.
static DESCRIPTION: LazyLock<Option<Bytes>> = LazyLock::new(|| {
    let json = serde_json::to_vec(&Api::openapi());
    json.inspect_err(|error| tracing::error!(cause = %error, "the description is no JSON"))
        .map(Bytes::from)
        .ok()
});

pub(crate) fn serve(services: &mut web::ServiceConfig) {
    let page = web::resource("/{file:.*}").route(web::get().to(show_page));
    let config = web::Data::new(utoipa_swagger_ui::Config::from("/openapi.json"));
    services
        .app_data(config)
        .route("/openapi.json", read().to(show))
        .service(web::redirect("/docs", "/docs/"))
        .service(web::scope("/docs").wrap(from_fn(head_as_get)).wrap(docs_csp()).service(page));
}

async fn show() -> Result<HttpResponse, Problem> {
    let json = DESCRIPTION.as_ref().ok_or(Problem::Internal)?;
    Ok(HttpResponse::Ok().content_type("application/json").body(json.clone()))
}

/// A file of the page that shows the description. The program holds it, and no call a copy of its own.
async fn show_page(
    file: web::Path<String>,
    config: web::Data<utoipa_swagger_ui::Config<'static>>,
) -> Result<HttpResponse, Problem> {
    let file = utoipa_swagger_ui::serve(&file, config.into_inner()).map_err(|error| {
        tracing::error!(cause = %error, "the description cannot be shown");
        Problem::Internal
    })?;
    let file = file.ok_or(Problem::NotFound)?;
    let mut answer = HttpResponse::Ok();
    if file.gzpipped {
        answer.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    let bytes = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Ok(answer.content_type(file.content_type).body(bytes))
}
