use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use shared::service::settings::duration;

/// The fewest bytes of a secret that cannot be guessed: as many as the signature has.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7518#section-3.2>.
const SHORTEST_SECRET: usize = 32;

/// Clocks that are further apart than this are wrong.
const LONGEST_LEEWAY: Duration = Duration::from_secs(600);

/// Whom the gateway believes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Doors")]
pub struct AuthSettings {
    /// Who checks that callers are who they say they are; must be given
    #[arg(long, env = "AUTH_MODE", value_enum)]
    pub auth_mode: AuthMode,

    /// What signs the tokens
    #[command(flatten)]
    pub signature: SignatureSettings,

    /// Another secret whose HS256 tokens are taken as well, while it takes the place of the first, or
    /// the first takes its place: 32 bytes or more
    #[arg(long, env = "AUTH_JWT_SECOND_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub auth_jwt_second_secret: Option<SecretString>,

    /// The public key of whoever signs the tokens, in a PEM file
    #[arg(long, env = "AUTH_JWT_PUBLIC_KEY_FILE", value_name = "FILE")]
    pub auth_jwt_public_key_file: Option<PathBuf>,

    /// The public keys of whoever signs the tokens, in a JSON Web Key Set, which is read again when
    /// it changes; a token names its key by `kid`
    #[arg(long, env = "AUTH_JWT_JWKS_FILE", value_name = "FILE")]
    pub auth_jwt_jwks_file: Option<PathBuf>,

    /// How far the clock of whoever signs tokens may be from this one; 10m at most
    #[arg(long, env = "AUTH_JWT_LEEWAY", default_value = "30s", value_parser = duration, value_name = "DURATION")]
    pub auth_jwt_leeway: Duration,
}

/// What signs tokens, and what they say besides who is who.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Doors")]
pub struct SignatureSettings {
    /// How tokens are signed; one that says otherwise of itself is refused
    #[arg(long, env = "AUTH_JWT_ALGORITHM", value_enum, default_value = "HS256")]
    pub auth_jwt_algorithm: TokenAlgorithm,

    /// The secret that signs HS256 tokens: 32 bytes or more
    #[arg(long, env = "AUTH_JWT_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub auth_jwt_secret: Option<SecretString>,

    /// What a token's `aud` must name. Without it, a token that has an `aud` is for somebody else
    #[arg(long, env = "AUTH_JWT_AUDIENCE", value_name = "NAME")]
    pub auth_jwt_audience: Option<String>,

    /// What a token's `iss` must be. Without it, whoever has the key may be the issuer
    #[arg(long, env = "AUTH_JWT_ISSUER", value_name = "NAME")]
    pub auth_jwt_issuer: Option<String>,
}

/// Who checks that callers are who they say they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuthMode {
    /// The gateway, by the JSON Web Token that every call must bring
    Jwt,
    /// Nobody here: a portal in front of the gateway does, and lets nobody past it
    Off,
}

/// How tokens are signed.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7518#section-3.1>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TokenAlgorithm {
    /// HMAC with SHA-256, by a secret that the gateway shares
    #[value(name = "HS256")]
    Hs256,
    /// RSA with SHA-256
    #[value(name = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256
    #[value(name = "ES256")]
    Es256,
    /// Ed25519
    #[value(name = "EdDSA")]
    EdDsa,
}

/// Where the keys are.
#[derive(Clone, Debug)]
pub(super) enum KeySource<'a> {
    /// One, or two while one takes the other's place.
    Secrets(Vec<&'a SecretString>),
    PublicKey(&'a PathBuf),
    KeySet(&'a PathBuf),
}

impl AuthSettings {
    /// What is wrong with the settings, if something is, without showing a secret.
    ///
    /// # Errors
    /// Names the setting.
    pub fn check(&self) -> Result<(), String> {
        if self.auth_jwt_leeway > LONGEST_LEEWAY {
            return Err(format!("AUTH_JWT_LEEWAY must be {LONGEST_LEEWAY:?} at most"));
        }
        match self.auth_mode {
            AuthMode::Off => Ok(()),
            AuthMode::Jwt => self.key_source().map(drop),
        }
    }

    pub(super) fn key_source(&self) -> Result<KeySource<'_>, String> {
        if self.signature.auth_jwt_algorithm == TokenAlgorithm::Hs256 {
            let mut secrets = vec![self.signature.secret()?];
            if let Some(second) = &self.auth_jwt_second_secret {
                secrets.push(guessable_to_nobody("AUTH_JWT_SECOND_SECRET", second)?);
            }
            return Ok(KeySource::Secrets(secrets));
        }
        match (&self.auth_jwt_public_key_file, &self.auth_jwt_jwks_file) {
            (Some(file), None) => Ok(KeySource::PublicKey(file)),
            (None, Some(file)) => Ok(KeySource::KeySet(file)),
            _ => Err("either AUTH_JWT_PUBLIC_KEY_FILE or AUTH_JWT_JWKS_FILE must be given, since \
                      AUTH_JWT_ALGORITHM is not HS256"
                .to_owned()),
        }
    }
}

impl SignatureSettings {
    /// The secret.
    ///
    /// # Errors
    /// When there is none, or it could be guessed.
    pub(super) fn secret(&self) -> Result<&SecretString, String> {
        match &self.auth_jwt_secret {
            Some(secret) => guessable_to_nobody("AUTH_JWT_SECRET", secret),
            None => Err("AUTH_JWT_SECRET must be given, since AUTH_JWT_ALGORITHM is HS256".into()),
        }
    }
}

fn guessable_to_nobody<'a>(
    setting: &str,
    secret: &'a SecretString,
) -> Result<&'a SecretString, String> {
    if secret.expose_secret().len() < SHORTEST_SECRET {
        return Err(format!("{setting} must have {SHORTEST_SECRET} bytes or more"));
    }
    Ok(secret)
}
