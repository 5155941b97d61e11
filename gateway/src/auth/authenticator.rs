use std::sync::Arc;

use jsonwebtoken::{
    Validation, decode, decode_header,
    errors::{Error, ErrorKind},
};

use chat::ValidationError;

use super::{
    Caller,
    auth_error::{AuthError, BadToken},
    claims::Claims,
    cryptography,
    key::Key,
    key_file::{self, KeyFile},
    key_set::KeySet,
    settings::{AuthConfig, KeySource, TokenConfig},
};

/// Verifies tokens.
#[derive(Clone, Debug)]
pub struct Authenticator(Option<Arc<Verifier>>);

#[derive(Debug)]
struct Verifier {
    keys: Keys,
    rules: Validation,
}

#[derive(Debug)]
enum Keys {
    Fixed(KeySet),
    File(KeyFile),
}

impl Authenticator {
    /// Reads the keys. A key set is reloaded by a task when its file changes: tokio must run.
    ///
    /// # Errors
    /// Names the file that cannot be read.
    pub fn new(config: &AuthConfig) -> Result<Self, String> {
        let config = match config {
            AuthConfig::Trusted => return Ok(Self(None)),
            AuthConfig::Tokens(config) => config,
        };
        cryptography::install();
        let algorithm = config.algorithm;
        let keys = match &config.keys {
            KeySource::Secrets(secrets) => {
                Keys::Fixed(KeySet::unnamed(secrets.iter().map(Key::secret)))
            }
            KeySource::PublicKey(path) => {
                let key = key_file::read(path, |pem| Key::pem(algorithm, pem))?;
                Keys::Fixed(KeySet::unnamed([key]))
            }
            KeySource::KeySet(path) => Keys::File(KeyFile::watch(algorithm, path.clone())?),
        };
        Ok(Self(Some(Arc::new(Verifier { keys, rules: rules(config) }))))
    }

    /// The caller that `token` proves.
    ///
    /// # Errors
    /// When the token is missing or invalid.
    pub fn authenticate(&self, token: Option<&str>) -> Result<Caller, AuthError> {
        match (&self.0, token) {
            (None, _) => Ok(Caller::Trusted),
            (Some(_), None) => Err(AuthError::NoToken),
            (Some(verifier), Some(token)) => Ok(verifier.verify(token)?),
        }
    }
}

impl Verifier {
    fn verify(&self, token: &str) -> Result<Caller, BadToken> {
        let header = decode_header(token).map_err(|_| BadToken::Unreadable)?;
        if header.crit.is_some() {
            // The token requires extensions, and this gateway supports none.
            // https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11
            return Err(BadToken::Signature);
        }
        let reloaded;
        let keys = match &self.keys {
            Keys::Fixed(keys) => keys,
            Keys::File(file) => {
                reloaded = file.keys();
                &*reloaded
            }
        };
        let mut verified = Err(ErrorKind::InvalidSignature.into());
        for key in keys.candidates(header.kid.as_deref()) {
            verified = decode::<Claims>(token, key.decoding(), &self.rules);
            let is_other_key = |error: &Error| matches!(error.kind(), ErrorKind::InvalidSignature);
            if !verified.as_ref().is_err_and(is_other_key) {
                break;
            }
        }
        let verified = verified.map_err(|error| BadToken::new(token, error.kind(), &self.rules))?;
        Caller::try_from(verified.claims)
            .map_err(|ValidationError(reason)| BadToken::InvalidClaim { claim: "sub", reason })
    }
}

fn rules(config: &TokenConfig) -> Validation {
    let mut rules = Validation::new(config.algorithm.in_tokens());
    let mut required = vec!["exp", "sub"];
    rules.validate_nbf = true;
    rules.leeway = config.leeway.as_secs();
    if let Some(audience) = &config.audience {
        rules.set_audience(&[audience]);
        required.push("aud");
    }
    if let Some(issuer) = &config.issuer {
        rules.set_issuer(&[issuer]);
        required.push("iss");
    }
    rules.set_required_spec_claims(&required);
    rules
}
