use chat::ValidationError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// An id made by a client, so that a repeat is recognised: a UUID with hyphens, neither nil nor
/// max. Ids are case-insensitive; responses and events have them in lower case.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9562#section-4>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, format = "uuid")]
pub struct ClientId(Uuid);

impl ClientId {
    /// The id.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl TryFrom<String> for ClientId {
    type Error = ValidationError;

    fn try_from(text: String) -> Result<Self, ValidationError> {
        const HYPHENATED: usize = 36;
        match Uuid::try_parse(&text) {
            Ok(id) if text.len() == HYPHENATED && !id.is_nil() && !id.is_max() => Ok(Self(id)),
            _ => Err(ValidationError("must be a UUID with hyphens, and not nil or max")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_id_must_be_a_hyphenated_uuid_that_is_not_nil_or_max() {
        let good = "019aa6c4-3a33-7c5e-9d3c-3f6a3d1f2b10";
        assert!(ClientId::try_from(good.to_owned()).is_ok());
        assert!(ClientId::try_from(good.to_uppercase()).is_ok());
        let nil = Uuid::nil().to_string();
        for bad in ["", "x", &good.replace('-', ""), &format!("{{{good}}}"), &nil] {
            assert!(ClientId::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
