use jsonwebtoken::jwk::JwkSet;

use super::{TokenAlgorithm, key::Key};

/// Keys of which a token names one, so that they can be changed while tokens are about.
#[derive(Clone, Debug)]
pub(super) struct KeySet(Vec<NamedKey>);

#[derive(Clone, Debug)]
struct NamedKey {
    id: Option<String>,
    key: Key,
}

impl KeySet {
    /// Keys any of which can have signed a token, whatever that calls its key.
    pub(super) fn nameless(keys: impl IntoIterator<Item = Key>) -> Self {
        Self(keys.into_iter().map(|key| NamedKey { id: None, key }).collect())
    }

    /// Those of a JSON Web Key Set that verify `algorithm`.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc7517#section-5>.
    ///
    /// # Errors
    /// When it is no such set, or there is none.
    pub(super) fn parse(algorithm: TokenAlgorithm, json: &[u8]) -> Result<Self, String> {
        let set: JwkSet =
            serde_json::from_slice(json).map_err(|error| format!("is no key set: {error}"))?;
        let keys = set.keys.iter().filter_map(|jwk| {
            let key = Key::jwk(algorithm, jwk)?;
            Some(NamedKey { id: jwk.common.key_id.clone(), key })
        });
        let keys: Vec<_> = keys.collect();
        if keys.is_empty() {
            return Err(format!("holds no key that is fit for {algorithm}"));
        }
        Ok(Self(keys))
    }

    /// Those that can have signed a token which names the key `id`, or none.
    pub(super) fn candidates(&self, id: Option<&str>) -> impl Iterator<Item = &Key> {
        let fits = move |key: &&NamedKey| match (key.id.as_deref(), id) {
            (Some(own), Some(named)) => own == named,
            _ => true,
        };
        self.0.iter().filter(fits).map(|named| &named.key)
    }
}
