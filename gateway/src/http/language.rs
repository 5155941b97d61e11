use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, AcceptLanguage, Header, Quality},
};
use chat::Language;

/// The language that the client prefers: the primary subtag of the best entry of `Accept-Language`.
/// `None` without a valid one.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4>.
#[derive(Clone, Debug)]
pub struct PreferredLanguage(pub Option<Language>);

impl FromRequest for PreferredLanguage {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(preferred(request))))
    }
}

/// The most bytes of the header that are read; browsers send fewer.
const MAX_BYTES: usize = 512;

fn preferred(request: &HttpRequest) -> Option<Language> {
    request.headers().get(header::ACCEPT_LANGUAGE).filter(|value| value.len() <= MAX_BYTES)?;
    let mut accepted = AcceptLanguage::parse(request).ok()?;
    accepted.0.retain(|language| language.quality > Quality::ZERO);
    let mut primary = accepted.ranked().into_iter().filter_map(|preference| {
        let tag = preference.into_item()?;
        Language::try_from(tag.primary_language().to_ascii_lowercase()).ok()
    });
    primary.next()
}
