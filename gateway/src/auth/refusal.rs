use jsonwebtoken::{Validation, dangerous::insecure_decode, errors::ErrorKind};
use serde_json::{Map, Value};

/// Why authentication failed; sent to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request has no token.
    #[error("a token is needed, as Authorization: Bearer <token>")]
    NoToken,
    /// The token is invalid.
    #[error("the token {0}")]
    BadToken(#[from] BadToken),
}

/// Why a token is invalid. Nothing here tells of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is no token.
    #[error("is no JSON Web Token of a kind that is known here")]
    Unreadable,
    /// Another signed it, or it has another algorithm, or an extension that must be understood.
    #[error("is not signed as it must be")]
    Signature,
    /// Its time is over.
    #[error("has expired: exp is in the past")]
    Expired,
    /// Its time has not come.
    #[error("is not valid yet: nbf is in the future")]
    NotYetValid,
    /// It is for another audience.
    #[error("is for another audience: aud does not name this gateway")]
    Audience,
    /// It is by another issuer.
    #[error("is by another issuer: iss is not the one that this gateway takes")]
    Issuer,
    /// A claim is missing.
    #[error("lacks the claim {0}")]
    MissingClaim(&'static str),
    /// A claim has a value that it cannot have.
    #[error("has a claim that is not valid: {claim} {reason}")]
    InvalidClaim {
        /// Its name.
        claim: &'static str,
        /// What it must be.
        reason: &'static str,
    },
    /// The claims are no JSON object, or have one claim twice.
    #[error("has claims that cannot be read")]
    Claims,
}

impl BadToken {
    /// Why `token` was refused with `kind` by these `rules`. Which claim is at fault is looked for only
    /// once the signature is known to be good, which it is for the kinds that are about claims.
    pub(super) fn new(token: &str, kind: &ErrorKind, rules: &Validation) -> Self {
        match kind {
            ErrorKind::ExpiredSignature => Self::Expired,
            ErrorKind::ImmatureSignature => Self::NotYetValid,
            ErrorKind::InvalidAudience => Self::Audience,
            ErrorKind::InvalidIssuer => Self::Issuer,
            ErrorKind::MissingRequiredClaim(_)
            | ErrorKind::InvalidClaimFormat(_)
            | ErrorKind::Json(_) => claim_at_fault(token, rules).unwrap_or(Self::Claims),
            ErrorKind::InvalidSignature
            | ErrorKind::InvalidAlgorithm
            | ErrorKind::UnsupportedAlgorithm => Self::Signature,
            _ => Self::Unreadable,
        }
    }
}

/// The claims that may be at fault, and what each must be.
type Rule = (&'static str, fn(&Value) -> bool, &'static str);

const NUMBER: &str = "must be a number, of seconds since 1970";
const TEXT: &str = "must be text";

const RULES: [Rule; 6] = [
    ("exp", is_time, NUMBER),
    ("nbf", is_time, NUMBER),
    ("sub", Value::is_string, TEXT),
    ("role", is_role, "must be player or staff"),
    ("aud", is_text_or_list, "must be text, or a list of texts"),
    ("iss", is_text_or_list, TEXT),
];

fn claim_at_fault(token: &str, rules: &Validation) -> Option<BadToken> {
    let claims = insecure_decode::<Map<String, Value>>(token).ok()?.claims;
    let is_required = |claim: &str| claim == "role" || rules.required_spec_claims.contains(claim);
    RULES.into_iter().find_map(|(claim, is_valid, reason)| {
        match claims.get(claim).filter(|value| !value.is_null()) {
            None => is_required(claim).then_some(BadToken::MissingClaim(claim)),
            Some(value) => (!is_valid(value)).then_some(BadToken::InvalidClaim { claim, reason }),
        }
    })
}

fn is_time(value: &Value) -> bool {
    value.as_f64().is_some_and(|seconds| seconds >= 0.0)
}

fn is_role(value: &Value) -> bool {
    matches!(value.as_str(), Some("player" | "staff"))
}

fn is_text_or_list(value: &Value) -> bool {
    let is_list = |list: &Vec<Value>| list.iter().all(Value::is_string);
    value.is_string() || value.as_array().is_some_and(is_list)
}
