use std::{
    future::{Ready, ready},
    sync::Arc,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use crate::{problem::Problem, state::AppState, team_desk::TeamDesk};

/// The team's desk. As the first argument of a handler it rejects the request, before anything else
/// is read, when the desk is off.
#[derive(Clone, Debug)]
pub struct OpenDesk(pub Arc<TeamDesk>);

impl FromRequest for OpenDesk {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            AppState::for_request(request)
                .and_then(|state| state.team_desk.clone().map(Self).ok_or(Problem::TeamDeskOff)),
        )
    }
}
