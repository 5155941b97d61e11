//! End-to-end encryption. Each encrypted channel has its own secret, which its publisher and its subscribers
//! have; the data of an event is a NaCl secretbox (XSalsa20-Poly1305) in JSON.
//!
//! Source: <https://pusher.com/docs/channels/using_channels/encrypted-channels/>.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use crypto_secretbox::{
    AeadInPlace, KeyInit, Nonce, XSalsa20Poly1305,
    aead::{AeadCore, OsRng},
};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};

use crate::limits::MAX_DATA_BYTES;

/// The most plain bytes whose sealed form is within [`MAX_DATA_BYTES`]: in base64, four characters for three
/// bytes, with a tag and a nonce.
pub const MAX_PLAIN_BYTES: usize =
    (MAX_DATA_BYTES - FRAME.len() - NONCE_CHARACTERS) / 4 * 3 - XSalsa20Poly1305::TAG_SIZE;

const FRAME: &str = r#"{"nonce":"","ciphertext":""}"#;
const NONCE_CHARACTERS: usize = XSalsa20Poly1305::NONCE_SIZE / 3 * 4;

/// The key from which the secrets of all encrypted channels are derived. Its debug form does not show it.
#[derive(Clone, Debug)]
pub struct MasterKey(Arc<SecretBox<[u8; XSalsa20Poly1305::KEY_SIZE]>>);

/// The key of one channel's events. Its debug form does not show it.
#[derive(Debug)]
pub struct SharedSecret(SecretBox<[u8; XSalsa20Poly1305::KEY_SIZE]>);

impl MasterKey {
    /// Parses a key in base64; nothing unless it has 32 bytes.
    pub fn parse(text: &SecretString) -> Option<Self> {
        let bytes = STANDARD.decode(text.expose_secret()).ok()?;
        let key = SecretBox::new(Box::new(bytes.try_into().ok()?));
        Some(Self(Arc::new(key)))
    }

    /// Whether all of its bytes are the same, which those of a random key are not.
    pub(crate) fn repeats_one_byte(&self) -> bool {
        let [first, rest @ ..] = self.0.expose_secret();
        rest.iter().all(|byte| byte == first)
    }

    /// The secret of the channel `name`.
    pub(crate) fn shared_secret(&self, name: &str) -> SharedSecret {
        let digest = Sha256::new().chain_update(name).chain_update(self.0.expose_secret());
        SharedSecret(SecretBox::new(Box::new(digest.finalize().into())))
    }
}

impl SharedSecret {
    /// The secret in base64, for a subscriber.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0.expose_secret())
    }

    /// `data` encrypted with a random nonce.
    pub(crate) fn seal(&self, data: &str) -> String {
        self.seal_with(&XSalsa20Poly1305::generate_nonce(&mut OsRng), data)
    }

    #[expect(clippy::expect_used, reason = "only data that is not encrypted could be refused")]
    fn seal_with(&self, nonce: &Nonce, data: &str) -> String {
        let cipher = XSalsa20Poly1305::new(self.0.expose_secret().into());
        let mut sealed = data.as_bytes().to_vec();
        cipher.encrypt_in_place(nonce, b"", &mut sealed).expect("data that is all encrypted");
        let (nonce, ciphertext) = (STANDARD.encode(nonce), STANDARD.encode(sealed));
        format!(r#"{{"nonce":"{nonce}","ciphertext":"{ciphertext}"}}"#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes 0 to 31.
    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn secret(channel: &str) -> SharedSecret {
        MasterKey::parse(&KEY.into()).unwrap().shared_secret(channel)
    }

    #[test]
    fn a_channels_secret_is_that_of_the_official_sdk() {
        assert_eq!(
            secret("private-encrypted-player-p1").to_base64(),
            "iBUqcNTsd9cVyskxW0+rji2BKzF2AI6qBlen5zyoXVk="
        );
    }

    /// Made with the official SDK's secret and its tweetnacl.
    #[test]
    fn data_is_sealed_as_the_official_sdk_seals_it() {
        let nonce: Vec<_> = (100..124).collect();
        let sealed = secret("private-encrypted-player-p1")
            .seal_with(Nonce::from_slice(&nonce), r#"{"content":"hé 👋"}"#);
        assert_eq!(
            sealed,
            "{\"nonce\":\"ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7\",\"ciphertext\":\
             \"q93KnJD/0IHaQJyNj+qPz1264rbcat2PCRtGlmq6+OafrlH8B4w=\"}"
        );
    }

    #[test]
    fn the_same_data_never_looks_the_same_twice() {
        let secret = secret("private-encrypted-staff-portal");
        assert_ne!(secret.seal("{}"), secret.seal("{}"));
    }

    #[test]
    fn the_most_that_may_be_sealed_just_fits() {
        let sealed = |bytes| secret("private-encrypted-player-p1").seal(&"x".repeat(bytes));
        assert_eq!(sealed(MAX_PLAIN_BYTES).len(), MAX_DATA_BYTES);
        assert!(sealed(MAX_PLAIN_BYTES + 1).len() > MAX_DATA_BYTES);
    }

    #[test]
    fn no_key_is_shown_by_its_debug_form() {
        let shown = format!("{:?} {:?}", MasterKey::parse(&KEY.into()), secret("a"));
        assert_eq!(shown.matches("REDACTED").count(), 2, "{shown}");
    }
}
