use chat::{PlayerId, ValidationError};
use serde::Deserialize;
use utoipa::ToSchema;

/// A player's id: 1 to 128 characters that are allowed in the name of a Pusher channel, and not `.`
/// or `..`, which clients and proxies remove from a path.
///
/// Sources: <https://pusher.com/docs/channels/using_channels/channels/#channel-naming-conventions>,
/// <https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4>.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(
    as = PlayerId,
    value_type = String,
    min_length = 1,
    max_length = 128,
    pattern = r"^(\.{0,2}[A-Za-z0-9_\-=@,;][A-Za-z0-9_\-=@,.;]*|\.{3,}[A-Za-z0-9_\-=@,.;]*)$",
    examples("player-7")
)]
pub struct NewPlayerId(PlayerId);

impl TryFrom<String> for NewPlayerId {
    type Error = ValidationError;

    fn try_from(id: String) -> Result<Self, ValidationError> {
        if matches!(id.as_str(), "." | "..") {
            return Err(ValidationError("must not be . or .., which a URL's path cannot contain"));
        }
        PlayerId::try_from(id).map(Self)
    }
}

impl From<NewPlayerId> for PlayerId {
    fn from(id: NewPlayerId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn player_id_is_rejected_when_a_path_cannot_contain_it() {
        for id in [".", "..", "", "a/b", "a b", "%2e"] {
            assert!(NewPlayerId::try_from(id.to_owned()).is_err(), "{id:?}");
        }
        for id in ["...", ".a", "..a", "a..", "player-7"] {
            assert!(NewPlayerId::try_from(id.to_owned()).is_ok(), "{id:?}");
        }
    }
}
