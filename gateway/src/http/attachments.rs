use std::{
    future::{Ready, ready},
    sync::Arc,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use crate::{attachments::Attachments, problem::Problem, state::AppState};

/// Attachments. As the first argument of a handler it rejects the request, before anything else is
/// read, when attachments are off.
#[derive(Clone, Debug)]
pub struct OpenAttachments(pub Arc<Attachments>);

impl FromRequest for OpenAttachments {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            AppState::for_request(request).and_then(|state| {
                state.attachments.clone().map(Self).ok_or(Problem::AttachmentsOff)
            }),
        )
    }
}
