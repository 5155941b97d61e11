use std::sync::Arc;

use jsonwebtoken::{
    Validation, decode, decode_header,
    errors::{Error, ErrorKind},
};

use shared::chat::Invalid;

use super::{
    AuthMode, AuthSettings, Caller,
    claims::Claims,
    cryptography,
    key::Key,
    key_file::{self, KeyFile},
    key_set::KeySet,
    refusal::{BadToken, Refusal},
    settings::{KeySource, SignatureSettings},
};

/// Finds out who a caller is.
#[derive(Clone, Debug)]
pub struct Doors(Option<Arc<Verifier>>);

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

impl Doors {
    /// Doors as the settings want them. A key set in a file is followed from then on, for which
    /// tokio must run.
    ///
    /// # Errors
    /// Names the setting that is wrong, or the file.
    pub fn hang(settings: &AuthSettings) -> Result<Self, String> {
        if settings.auth_mode == AuthMode::Off {
            return Ok(Self(None));
        }
        cryptography::install();
        let algorithm = settings.signature.auth_jwt_algorithm;
        let keys = match settings.key_source()? {
            KeySource::Secrets(secrets) => {
                Keys::Fixed(KeySet::nameless(secrets.into_iter().map(Key::secret)))
            }
            KeySource::PublicKey(path) => {
                let key = key_file::read(path, |pem| Key::pem(algorithm, pem))?;
                Keys::Fixed(KeySet::nameless([key]))
            }
            KeySource::KeySet(path) => Keys::File(KeyFile::follow(algorithm, path.clone())?),
        };
        let mut rules = rules(&settings.signature);
        rules.leeway = settings.auth_jwt_leeway.as_secs();
        Ok(Self(Some(Arc::new(Verifier { keys, rules }))))
    }

    /// Who brings `token`, if anybody does.
    ///
    /// # Errors
    /// When the caller is not known to be anybody.
    pub fn admit(&self, token: Option<&str>) -> Result<Caller, Refusal> {
        match (&self.0, token) {
            (None, _) => Ok(Caller::Vouched),
            (Some(_), None) => Err(Refusal::NoToken),
            (Some(verifier), Some(token)) => Ok(verifier.verify(token)?),
        }
    }
}

impl Verifier {
    fn verify(&self, token: &str) -> Result<Caller, BadToken> {
        let header = decode_header(token).map_err(|_| BadToken::Unreadable)?;
        if header.crit.is_some() {
            // It asks for extensions to be understood, and none is here.
            // https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11
            return Err(BadToken::Signature);
        }
        let followed;
        let keys = match &self.keys {
            Keys::Fixed(keys) => keys,
            Keys::File(file) => {
                followed = file.keys();
                &*followed
            }
        };
        let mut verified = Err(ErrorKind::InvalidSignature.into());
        for key in keys.candidates(header.kid.as_deref()) {
            verified = decode::<Claims>(token, key.decoding(), &self.rules);
            let by_another = |error: &Error| matches!(error.kind(), ErrorKind::InvalidSignature);
            if !verified.as_ref().is_err_and(by_another) {
                break;
            }
        }
        let verified = verified.map_err(|error| BadToken::new(token, error.kind(), &self.rules))?;
        Caller::try_from(verified.claims)
            .map_err(|Invalid(reason)| BadToken::InvalidClaim { claim: "sub", reason })
    }
}

fn rules(settings: &SignatureSettings) -> Validation {
    let mut rules = Validation::new(settings.auth_jwt_algorithm.in_tokens());
    let mut required = vec!["exp", "sub"];
    rules.validate_nbf = true;
    if let Some(audience) = &settings.auth_jwt_audience {
        rules.set_audience(&[audience]);
        required.push("aud");
    }
    if let Some(issuer) = &settings.auth_jwt_issuer {
        rules.set_issuer(&[issuer]);
        required.push("iss");
    }
    rules.set_required_spec_claims(&required);
    rules
}
