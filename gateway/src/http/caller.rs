use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header};

use crate::{
    auth::{AuthError, BadToken, Caller},
    problem::Problem,
    state::AppState,
};

/// Rejects the request when it is not authenticated.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6750#section-2.1>.
impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authenticate(request))
    }
}

fn authenticate(request: &HttpRequest) -> Result<Caller, Problem> {
    let state = AppState::for_request(request)?;
    let caller = state.authenticator.authenticate(bearer_token(request)?)?;
    if let Some(user) = state.user_hasher.as_ref().and_then(|hasher| hasher.hash(&caller)) {
        request.extensions_mut().insert(user);
    }
    Ok(caller)
}

fn bearer_token(request: &HttpRequest) -> Result<Option<&str>, AuthError> {
    let Some(header) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let header = header.to_str().map_err(|_| BadToken::Unreadable)?;
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Ok(None),
    }
}
