use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web, web::Bytes};
use futures_util::future::LocalBoxFuture;
use pusher::{RequestToSign, limits::MAX_CLOCK_SKEW_SECONDS};

use super::ApiError;
use crate::{settings::Settings, world::World};

/// The body of a call whose signature is valid. Every handler takes one, so that each call is
/// verified.
///
/// Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/#authentication>.
#[derive(Debug)]
pub(super) struct Signed {
    body: Bytes,
}

impl Signed {
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    fn verify(
        settings: &Settings,
        request: &HttpRequest,
        body: Bytes,
        now: u64,
    ) -> Result<Self, ApiError> {
        let id = request.match_info().query("app");
        if id != settings.app.id {
            return Err(ApiError::UnknownApp(id.to_owned()));
        }
        let mut query = web::Query::<Vec<(String, String)>>::from_query(request.query_string())
            .map_err(ApiError::bad_request)?
            .into_inner();
        let key = require(&query, "auth_key")?;
        let app = settings
            .app_with(key)
            .ok_or_else(|| ApiError::Unauthorized(format!("Unknown auth_key '{key}'")))?;
        if require(&query, "auth_version")? != "1.0" {
            return Err(ApiError::Unauthorized("Unknown auth_version: it must be 1.0".to_owned()));
        }
        check_time(require(&query, "auth_timestamp")?, now)?;
        let signature = require(&query, "auth_signature")?.to_owned();
        query.retain(|(name, _)| name != "auth_signature");
        let to_sign =
            RequestToSign { method: request.method().as_str(), path: request.path(), body: &body };
        if pusher::verify_request(&app.secret, to_sign, &query, &signature) {
            Ok(Self { body })
        } else {
            Err(ApiError::Unauthorized("Invalid signature, or body_md5 of another body".to_owned()))
        }
    }
}

impl FromRequest for Signed {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let body = body.await.map_err(|_| ApiError::BodyTooLarge)?;
            let world = request
                .app_data::<web::Data<World>>()
                .ok_or_else(|| ApiError::bad_request("no application"))?;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Self::verify(&world.settings, &request, body, now.as_secs())
        })
    }
}

fn check_time(timestamp: &str, now: u64) -> Result<(), ApiError> {
    match timestamp.parse::<u64>() {
        Ok(time) if time.abs_diff(now) <= MAX_CLOCK_SKEW_SECONDS => Ok(()),
        _ => Err(ApiError::Unauthorized(format!(
            "Timestamp expired: auth_timestamp '{timestamp}' must be within \
             {MAX_CLOCK_SKEW_SECONDS} seconds of the server's time, {now}"
        ))),
    }
}

fn require<'a>(query: &'a [(String, String)], name: &str) -> Result<&'a str, ApiError> {
    let value = query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    value.ok_or_else(|| ApiError::Unauthorized(format!("Missing {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_valid_for_ten_minutes() {
        assert!(check_time("1000", 1600).is_ok());
        assert!(check_time("1600", 1000).is_ok());
        assert!(check_time("1000", 1601).is_err());
        assert!(check_time("1601", 1000).is_err());
        assert!(check_time("soon", 1000).is_err());
    }
}
