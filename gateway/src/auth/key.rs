use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use secrecy::{ExposeSecret, SecretString};

use super::TokenAlgorithm;

/// The fewest bytes of an RSA key's modulus: 2,048 bits.
const SHORTEST_MODULUS: usize = 256;

/// A key that verifies tokens by one algorithm, and is known to be fit for it.
#[derive(Clone, Debug)]
pub(super) struct Key(DecodingKey);

impl Key {
    pub(super) fn secret(secret: &SecretString) -> Self {
        Self(DecodingKey::from_secret(secret.expose_secret().as_bytes()))
    }

    /// A public key from PEM.
    ///
    /// # Errors
    /// When it is none for `algorithm`.
    pub(super) fn pem(algorithm: TokenAlgorithm, pem: &[u8]) -> Result<Self, String> {
        let key = match algorithm {
            TokenAlgorithm::Rs256 => DecodingKey::from_rsa_pem(pem),
            TokenAlgorithm::Es256 => DecodingKey::from_ec_pem(pem),
            TokenAlgorithm::EdDsa => DecodingKey::from_ed_pem(pem),
            TokenAlgorithm::Hs256 => return Err("a secret is no public key".to_owned()),
        };
        let key = key.map_err(|_| format!("is no public key for {algorithm} in PEM"))?;
        Self::fit(algorithm, key)
    }

    /// A public key of a set, if it is one to verify `algorithm` with.
    pub(super) fn jwk(algorithm: TokenAlgorithm, jwk: &Jwk) -> Option<Self> {
        let named = match algorithm {
            TokenAlgorithm::Rs256 => KeyAlgorithm::RS256,
            TokenAlgorithm::Es256 => KeyAlgorithm::ES256,
            TokenAlgorithm::EdDsa => KeyAlgorithm::EdDSA,
            TokenAlgorithm::Hs256 => return None,
        };
        let of_this_kind = match (algorithm, &jwk.algorithm) {
            (TokenAlgorithm::Rs256, AlgorithmParameters::RSA(_)) => true,
            (TokenAlgorithm::Es256, AlgorithmParameters::EllipticCurve(key)) => {
                key.curve == EllipticCurve::P256
            }
            (TokenAlgorithm::EdDsa, AlgorithmParameters::OctetKeyPair(key)) => {
                key.curve == EllipticCurve::Ed25519
            }
            _ => false,
        };
        let for_this = jwk.common.key_algorithm.is_none_or(|it| it == named);
        let signs = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
        if !(of_this_kind && for_this && signs) {
            return None;
        }
        Self::fit(algorithm, DecodingKey::from_jwk(jwk).ok()?).ok()
    }

    pub(super) fn decoding(&self) -> &DecodingKey {
        &self.0
    }

    fn fit(algorithm: TokenAlgorithm, key: DecodingKey) -> Result<Self, String> {
        let fits = match (algorithm, key.kind()) {
            (TokenAlgorithm::Rs256, DecodingKeyKind::RsaModulusExponent { n, .. }) => {
                n.len() >= SHORTEST_MODULUS
            }
            (TokenAlgorithm::Rs256, DecodingKeyKind::SecretOrDer(der)) => {
                der.len() > SHORTEST_MODULUS
            }
            // An uncompressed point.
            (TokenAlgorithm::Es256, DecodingKeyKind::SecretOrDer(point)) => point.len() == 65,
            (TokenAlgorithm::EdDsa, DecodingKeyKind::SecretOrDer(key)) => key.len() == 32,
            _ => false,
        };
        if fits { Ok(Self(key)) } else { Err(format!("is no key that is fit for {algorithm}")) }
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
