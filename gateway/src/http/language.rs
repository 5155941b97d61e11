use actix_web::{
    HttpRequest,
    http::header::{self, AcceptLanguage, Header, Quality},
};
use chat::Language;

/// The most bytes of the header that are read; browsers send fewer.
const MAX_BYTES: usize = 512;

/// The language that the client prefers: the primary subtag of the best entry of `Accept-Language`.
/// `None` without a valid one.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4>.
pub fn preferred_language(request: &HttpRequest) -> Option<Language> {
    request.headers().get(header::ACCEPT_LANGUAGE).filter(|value| value.len() <= MAX_BYTES)?;
    let mut accepted = AcceptLanguage::parse(request).ok()?;
    accepted.0.retain(|language| language.quality > Quality::ZERO);
    let mut primary = accepted.ranked().into_iter().filter_map(|preference| {
        let tag = preference.into_item()?;
        Language::try_from(tag.primary_language().to_ascii_lowercase()).ok()
    });
    primary.next()
}
