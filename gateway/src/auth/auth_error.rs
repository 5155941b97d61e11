use jsonwebtoken::{Validation, dangerous::insecure_decode, errors::ErrorKind};
use serde_json::{Map, Value};

use crate::problem::Problem;

/// Why authentication failed; sent to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The request has no token.
    #[error("the request has no token")]
    NoToken,
    /// The token is invalid.
    #[error("the token {0}")]
    BadToken(#[from] BadToken),
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::NoToken => Self::NoToken,
            AuthError::BadToken(_) => Self::InvalidToken(error.to_string()),
        }
    }
}

/// Why a token is invalid. The texts reveal nothing about keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is not a JSON Web Token.
    #[error("is not a JSON Web Token of a supported type")]
    Unreadable,
    /// Signed by another key or algorithm, or with an extension that must be understood.
    #[error("has an invalid signature")]
    Signature,
    /// `exp` is in the past.
    #[error("has expired: exp is in the past")]
    Expired,
    /// `nbf` is in the future.
    #[error("is not valid yet: nbf is in the future")]
    NotYetValid,
    /// It is for another audience.
    #[error("is for another audience: aud does not name this gateway")]
    Audience,
    /// It is by another issuer.
    #[error("is by another issuer: iss is not the one that this gateway accepts")]
    Issuer,
    /// A claim is missing.
    #[error("lacks the claim {0}")]
    MissingClaim(&'static str),
    /// A claim has an invalid value.
    #[error("has a claim that is not valid: {claim} {reason}")]
    InvalidClaim {
        /// Its name.
        claim: &'static str,
        /// What it must be.
        reason: &'static str,
    },
    /// The claims are not a JSON object, or one claim occurs twice.
    #[error("has claims that are not a JSON object")]
    Claims,
}

impl BadToken {
    /// Why `token` failed with `kind` under these `rules`. Only errors about claims, which come
    /// after the signature was verified, name a claim.
    pub(super) fn new(token: &str, kind: &ErrorKind, rules: &Validation) -> Self {
        match kind {
            ErrorKind::ExpiredSignature => Self::Expired,
            ErrorKind::ImmatureSignature => Self::NotYetValid,
            ErrorKind::InvalidAudience => Self::Audience,
            ErrorKind::InvalidIssuer => Self::Issuer,
            ErrorKind::MissingRequiredClaim(_)
            | ErrorKind::InvalidClaimFormat(_)
            | ErrorKind::Json(_) => invalid_claim(token, rules).unwrap_or(Self::Claims),
            ErrorKind::InvalidSignature
            | ErrorKind::InvalidAlgorithm
            | ErrorKind::UnsupportedAlgorithm => Self::Signature,
            _ => Self::Unreadable,
        }
    }
}

/// A claim, whether its value is valid, and what it must be.
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

fn invalid_claim(token: &str, rules: &Validation) -> Option<BadToken> {
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
