//! Tokens of an identity provider, valid and invalid, made without the gateway's code.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
    },
};
use serde_json::{Value, json};
use test_support::JWT_SECRET;

/// An issuer of tokens.
pub enum Issuer {
    Secret(String),
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Issuer {
    /// With the secret of a guarded gateway.
    pub fn usual() -> Self {
        Self::Secret(JWT_SECRET.to_owned())
    }

    /// With an RSA key, the same in every test.
    pub fn rsa() -> Self {
        Self::Rsa(Box::new(RsaKeyPair::from_pkcs8(include_bytes!("keys/rsa.pk8")).unwrap()))
    }

    /// With a new P-256 key.
    pub fn ec() -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self::Ec(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap())
    }

    /// With a new Ed25519 key.
    pub fn ed() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
    }

    /// The `alg` of its tokens.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Secret(_) => "HS256",
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
            Self::Ed(_) => "EdDSA",
        }
    }

    /// Its public key in PEM.
    pub fn pem(&self) -> String {
        // The heads of a SubjectPublicKeyInfo: https://www.rfc-editor.org/rfc/rfc5280#section-4.1
        let der = match self {
            Self::Secret(_) => panic!("a secret is no public key"),
            Self::Rsa(_) => return include_str!("keys/rsa.pub.pem").to_owned(),
            Self::Ec(key) => [
                b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00",
                key.public_key().as_ref(),
            ]
            .concat(),
            Self::Ed(key) => {
                [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", key.public_key().as_ref()]
                    .concat()
            }
        };
        let body = base64::prelude::BASE64_STANDARD.encode(der);
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }

    /// Its public key as an entry of a JSON Web Key Set.
    pub fn jwk(&self, id: &str) -> Value {
        let mut jwk = match self {
            Self::Secret(_) => panic!("a secret is no public key"),
            Self::Rsa(key) => {
                let parts: ring::rsa::PublicKeyComponents<Vec<u8>> = key.public().into();
                json!({ "kty": "RSA", "n": encode(&parts.n), "e": encode(&parts.e) })
            }
            Self::Ec(key) => {
                let point = &key.public_key().as_ref()[1..];
                let (x, y) = (encode(&point[..32]), encode(&point[32..]));
                json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
            }
            Self::Ed(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(key.public_key().as_ref()) })
            }
        };
        jwk["kid"] = id.into();
        jwk["alg"] = self.algorithm().into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// A token for `claims`.
    pub fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({ "typ": "JWT", "alg": self.algorithm() }), claims)
    }

    /// A token with `header`.
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        let signed = format!(
            "{}.{}",
            encode(header.to_string().as_bytes()),
            encode(claims.to_string().as_bytes())
        );
        let signature = self.sign(signed.as_bytes());
        format!("{signed}.{}", encode(&signature))
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Secret(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                hmac::sign(&key, text).as_ref().to_vec()
            }
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let padding = &ring::signature::RSA_PKCS1_SHA256;
                key.sign(padding, &SystemRandom::new(), text, &mut signature).unwrap();
                signature
            }
            Self::Ec(key) => key.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec(),
            Self::Ed(key) => key.sign(text).as_ref().to_vec(),
        }
    }
}

/// The claims of the player `id`, valid for an hour.
pub fn player(id: &str) -> Value {
    json!({ "sub": id, "role": "player", "name": "Bo", "exp": now() + 3_600 })
}

/// The claims of the member of the staff `id`, valid for an hour.
pub fn staff(id: &str) -> Value {
    json!({ "sub": id, "role": "staff", "name": "Ada", "exp": now() + 3_600 })
}

/// `claims` with one replaced.
pub fn with_claim(mut claims: Value, name: &str, value: impl Into<Value>) -> Value {
    claims[name] = value.into();
    claims
}

/// Seconds since the epoch.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
