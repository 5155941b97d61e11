use jsonwebtoken::jwk::JwkSet;

use super::{TokenAlgorithm, key::Key};

/// The keys of which one must have signed a token. Named keys can be rotated while tokens are in
/// use.
#[derive(Clone, Debug)]
pub(super) struct KeySet(Vec<NamedKey>);

#[derive(Clone, Debug)]
struct NamedKey {
    id: Option<String>,
    key: Key,
}

impl KeySet {
    /// Keys without names: each may have signed any token.
    pub(super) fn unnamed(keys: impl IntoIterator<Item = Key>) -> Self {
        Self(keys.into_iter().map(|key| NamedKey { id: None, key }).collect())
    }

    /// Parses a JSON Web Key Set, and keeps its keys for `algorithm`.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc7517#section-5>.
    ///
    /// # Errors
    /// When it is not a key set, or has no key for `algorithm`.
    pub(super) fn parse(algorithm: TokenAlgorithm, json: &[u8]) -> Result<Self, String> {
        let set: JwkSet =
            serde_json::from_slice(json).map_err(|error| format!("is not a key set: {error}"))?;
        let keys = set.keys.iter().filter_map(|jwk| {
            let key = Key::jwk(algorithm, jwk)?;
            Some(NamedKey { id: jwk.common.key_id.clone(), key })
        });
        let keys: Vec<_> = keys.collect();
        if keys.is_empty() {
            return Err(format!("has no valid key for {algorithm}"));
        }
        Ok(Self(keys))
    }

    /// The names of the keys, for a log: `old, new`. A key without a name is `-`.
    pub(super) fn names(&self) -> String {
        let names = self.0.iter().map(|key| key.id.as_deref().unwrap_or("-"));
        names.collect::<Vec<_>>().join(", ")
    }

    /// The keys that may have signed a token with the `kid` that `id` is.
    pub(super) fn candidates(&self, id: Option<&str>) -> impl Iterator<Item = &Key> {
        let may_have_signed = move |key: &&NamedKey| match (key.id.as_deref(), id) {
            (Some(own), Some(named)) => own == named,
            _ => true,
        };
        self.0.iter().filter(may_have_signed).map(|named| &named.key)
    }
}
