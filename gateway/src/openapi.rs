//! What `/openapi.json` says, and `/docs` shows.

use actix_web::{HttpResponse, middleware::from_fn, web};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ObjectBuilder, Ref,
        schema::{AllOfBuilder, OneOfBuilder},
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_swagger_ui::SwaggerUi;

use crate::http::{for_the_description, head_as_get};
use crate::routes::{conversation, health, inbox, portal_config, pusher_auth, read, send, status};

/// The gateway's calls.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Player portal chat",
        description = "A support chat between the players and the staff of a gaming portal. A message that was accepted is durable: it will be persisted and broadcast, whatever fails meanwhile."
    ),
    modifiers(&Token, &SomethingSaid),
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
struct SomethingSaid;

impl Modify for SomethingSaid {
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

pub(crate) fn serve(services: &mut web::ServiceConfig) {
    let page = SwaggerUi::new("/{_:.*}").config(utoipa_swagger_ui::Config::from("/openapi.json"));
    services
        .route("/openapi.json", read().to(show))
        .service(web::redirect("/docs", "/docs/"))
        .service(
            web::scope("/docs")
                .wrap(from_fn(head_as_get))
                .wrap(for_the_description())
                .service(page),
        );
}

async fn show() -> HttpResponse {
    HttpResponse::Ok().json(Api::openapi())
}
