use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use secrecy::{ExposeSecret, SecretString};

use super::TokenAlgorithm;

/// The minimum length of an RSA modulus, in bytes: 2,048 bits.
const MIN_MODULUS_BYTES: usize = 256;

/// A key that is known to be valid for one algorithm.
#[derive(Clone, Debug)]
pub(super) struct Key(DecodingKey);

impl Key {
    pub(super) fn secret(secret: &SecretString) -> Self {
        Self(DecodingKey::from_secret(secret.expose_secret().as_bytes()))
    }

    /// Parses a public key in PEM.
    ///
    /// # Errors
    /// When it is not a public key for `algorithm`.
    pub(super) fn pem(algorithm: TokenAlgorithm, pem: &[u8]) -> Result<Self, String> {
        let key = match algorithm {
            TokenAlgorithm::Rs256 => DecodingKey::from_rsa_pem(pem),
            TokenAlgorithm::Es256 => DecodingKey::from_ec_pem(pem),
            TokenAlgorithm::EdDsa => DecodingKey::from_ed_pem(pem),
            TokenAlgorithm::Hs256 => {
                return Err("is a public key, and HS256 needs a secret".to_owned());
            }
        };
        let key = key.map_err(|_| format!("is not a public key for {algorithm} in PEM"))?;
        Self::checked(algorithm, key)
    }

    /// The public key of a JSON Web Key, if it verifies `algorithm`.
    pub(super) fn jwk(algorithm: TokenAlgorithm, jwk: &Jwk) -> Option<Self> {
        let named = match algorithm {
            TokenAlgorithm::Rs256 => KeyAlgorithm::RS256,
            TokenAlgorithm::Es256 => KeyAlgorithm::ES256,
            TokenAlgorithm::EdDsa => KeyAlgorithm::EdDSA,
            TokenAlgorithm::Hs256 => return None,
        };
        let is_of_type = match (algorithm, &jwk.algorithm) {
            (TokenAlgorithm::Rs256, AlgorithmParameters::RSA(_)) => true,
            (TokenAlgorithm::Es256, AlgorithmParameters::EllipticCurve(key)) => {
                key.curve == EllipticCurve::P256
            }
            (TokenAlgorithm::EdDsa, AlgorithmParameters::OctetKeyPair(key)) => {
                key.curve == EllipticCurve::Ed25519
            }
            _ => false,
        };
        let allows_algorithm = jwk.common.key_algorithm.is_none_or(|algorithm| algorithm == named);
        let is_for_signatures =
            matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
        if !(is_of_type && allows_algorithm && is_for_signatures) {
            return None;
        }
        Self::checked(algorithm, DecodingKey::from_jwk(jwk).ok()?).ok()
    }

    pub(super) fn decoding(&self) -> &DecodingKey {
        &self.0
    }

    fn checked(algorithm: TokenAlgorithm, key: DecodingKey) -> Result<Self, String> {
        let is_valid = match (algorithm, key.kind()) {
            (TokenAlgorithm::Rs256, DecodingKeyKind::RsaModulusExponent { n, .. }) => {
                n.len() >= MIN_MODULUS_BYTES
            }
            (TokenAlgorithm::Rs256, DecodingKeyKind::SecretOrDer(der)) => {
                der.len() > MIN_MODULUS_BYTES
            }
            // An uncompressed point.
            (TokenAlgorithm::Es256, DecodingKeyKind::SecretOrDer(point)) => point.len() == 65,
            (TokenAlgorithm::EdDsa, DecodingKeyKind::SecretOrDer(key)) => key.len() == 32,
            _ => false,
        };
        if is_valid { Ok(Self(key)) } else { Err(format!("is not a valid key for {algorithm}")) }
    }
}

impl TokenAlgorithm {
    pub(super) fn in_tokens(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::HS256,
            Self::Rs256 => Algorithm::RS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

impl std::fmt::Display for TokenAlgorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.in_tokens())
    }
}
