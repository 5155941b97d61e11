use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use service::settings::duration;

/// The minimum length of a secret, in bytes: that of the signature.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7518#section-3.2>.
const MIN_SECRET_BYTES: usize = 32;

/// The largest leeway. Clocks that are further apart are wrong.
const MAX_LEEWAY: Duration = Duration::from_secs(600);

/// How the gateway authenticates callers.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Authentication")]
pub struct AuthSettings {
    /// Who authenticates callers: the gateway or a portal in front of it; required
    #[arg(long, env = "AUTH_MODE", value_enum)]
    pub auth_mode: AuthMode,

    /// How tokens are signed
    #[command(flatten)]
    pub signature: SignatureSettings,

    /// A second secret whose HS256 tokens are accepted as well, while the secret is being rotated:
    /// 32 bytes or more
    #[arg(long, env = "AUTH_JWT_SECOND_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub auth_jwt_second_secret: Option<SecretString>,

    /// The public key of the tokens' issuer, in a PEM file
    #[arg(long, env = "AUTH_JWT_PUBLIC_KEY_FILE", value_name = "FILE")]
    pub auth_jwt_public_key_file: Option<PathBuf>,

    /// The public keys of the tokens' issuer, in a JSON Web Key Set, which is read again when it
    /// changes; a token names its key by `kid`
    #[arg(long, env = "AUTH_JWT_JWKS_FILE", value_name = "FILE")]
    pub auth_jwt_jwks_file: Option<PathBuf>,

    /// How far the clocks of the issuer and of the gateway may differ; 10m at most
    #[arg(long, env = "AUTH_JWT_LEEWAY", default_value = "30s", value_parser = duration, value_name = "DURATION")]
    pub auth_jwt_leeway: Duration,
}

/// How tokens are signed, and the claims that they must have.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Authentication")]
pub struct SignatureSettings {
    /// The signature algorithm; tokens with another one are rejected
    #[arg(long, env = "AUTH_JWT_ALGORITHM", value_enum, default_value = "HS256")]
    pub auth_jwt_algorithm: TokenAlgorithm,

    /// The secret that signs HS256 tokens: 32 bytes or more
    #[arg(long, env = "AUTH_JWT_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub auth_jwt_secret: Option<SecretString>,

    /// What a token's `aud` must name. Without it, a token with an `aud` is rejected
    #[arg(long, env = "AUTH_JWT_AUDIENCE", value_name = "NAME")]
    pub auth_jwt_audience: Option<String>,

    /// What a token's `iss` must be. Without it, any issuer is accepted
    #[arg(long, env = "AUTH_JWT_ISSUER", value_name = "NAME")]
    pub auth_jwt_issuer: Option<String>,
}

/// Who authenticates callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuthMode {
    /// The gateway, by the JSON Web Token of each request
    Jwt,
    /// A portal in front of the gateway, which must be the only way to the gateway
    Off,
}

/// A signature algorithm.
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

/// How callers are authenticated.
#[derive(Clone, Debug)]
pub enum AuthConfig {
    /// By a portal in front of the gateway: every request is trusted.
    Trusted,
    /// By the token of each request.
    Tokens(TokenConfig),
}

/// Which tokens are accepted.
#[derive(Clone, Debug)]
pub struct TokenConfig {
    pub(super) algorithm: TokenAlgorithm,
    pub(super) keys: KeySource,
    /// What `aud` must name.
    pub(super) audience: Option<String>,
    /// What `iss` must be.
    pub(super) issuer: Option<String>,
    /// The allowed difference between the clocks of the issuer and the gateway.
    pub(super) leeway: Duration,
}

/// Where the keys come from.
#[derive(Clone, Debug)]
pub(super) enum KeySource {
    /// One, or two during a rotation.
    Secrets(Vec<SecretString>),
    PublicKey(PathBuf),
    KeySet(PathBuf),
}

impl AuthSettings {
    /// Parses the settings.
    ///
    /// # Errors
    /// Names the invalid setting, without showing a secret.
    pub fn parse(self) -> Result<AuthConfig, String> {
        if self.auth_jwt_leeway > MAX_LEEWAY {
            return Err(format!("AUTH_JWT_LEEWAY must be {MAX_LEEWAY:?} at most"));
        }
        if self.auth_mode == AuthMode::Off {
            return Ok(AuthConfig::Trusted);
        }
        let keys = self.key_source()?;
        Ok(AuthConfig::Tokens(TokenConfig {
            algorithm: self.signature.auth_jwt_algorithm,
            keys,
            audience: self.signature.auth_jwt_audience,
            issuer: self.signature.auth_jwt_issuer,
            leeway: self.auth_jwt_leeway,
        }))
    }

    fn key_source(&self) -> Result<KeySource, String> {
        if self.signature.auth_jwt_algorithm == TokenAlgorithm::Hs256 {
            let files = [
                ("AUTH_JWT_PUBLIC_KEY_FILE", &self.auth_jwt_public_key_file),
                ("AUTH_JWT_JWKS_FILE", &self.auth_jwt_jwks_file),
            ];
            if let Some((setting, _)) = files.iter().find(|(_, file)| file.is_some()) {
                return Err(format!(
                    "{setting} needs AUTH_JWT_ALGORITHM to be RS256, ES256 or EdDSA; it is HS256"
                ));
            }
            let mut secrets = vec![self.signature.secret()?.clone()];
            if let Some(second) = &self.auth_jwt_second_secret {
                secrets.push(require_min_length("AUTH_JWT_SECOND_SECRET", second)?.clone());
            }
            return Ok(KeySource::Secrets(secrets));
        }
        match (&self.auth_jwt_public_key_file, &self.auth_jwt_jwks_file) {
            (Some(file), None) => Ok(KeySource::PublicKey(file.clone())),
            (None, Some(file)) => Ok(KeySource::KeySet(file.clone())),
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
    /// When it is missing or too short.
    pub(super) fn secret(&self) -> Result<&SecretString, String> {
        match &self.auth_jwt_secret {
            Some(secret) => require_min_length("AUTH_JWT_SECRET", secret),
            None => Err("AUTH_JWT_SECRET must be given, since AUTH_JWT_ALGORITHM is HS256".into()),
        }
    }
}

fn require_min_length<'a>(
    setting: &str,
    secret: &'a SecretString,
) -> Result<&'a SecretString, String> {
    if secret.expose_secret().len() < MIN_SECRET_BYTES {
        return Err(format!("{setting} must have {MIN_SECRET_BYTES} bytes or more"));
    }
    Ok(secret)
}
