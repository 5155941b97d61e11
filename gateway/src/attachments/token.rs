use std::time::Duration;

use chat::{Attachment, PlayerId};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{
    DecodingKey, EncodingKey, Header, Validation, decode, encode, errors::ErrorKind,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{auth::install_cryptography, problem::Problem};

/// How long a token is valid.
pub const VALIDITY: TimeDelta = TimeDelta::hours(24);

/// The audience of the tokens, which no token of a caller has.
const AUDIENCE: &str = "urn:player-portal-chat:attachment";

/// How far the clocks of gateways may differ.
const LEEWAY: Duration = Duration::from_secs(30);

/// Signs and verifies the tokens that prove that a file is stored. A send verifies them alone: it
/// asks neither the store nor the database.
#[derive(Clone)]
pub struct UploadTokens {
    signing: EncodingKey,
    /// That of the signing secret, and that of the second one.
    verifying: Vec<DecodingKey>,
    rules: Validation,
}

impl std::fmt::Debug for UploadTokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("UploadTokens")
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    aud: String,
    /// The player.
    sub: String,
    exp: i64,
    /// The SHA-256 of the bytes as they were uploaded, in hexadecimal.
    sha256: String,
    file: Attachment,
}

/// A token, and when it expires.
#[derive(Clone, Debug)]
pub struct UploadToken {
    /// The token.
    pub token: String,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUploadToken {
    /// Not signed by a gateway with one of these secrets.
    #[error("must be the token of an upload, unchanged")]
    Invalid,
    /// Older than 24 hours.
    #[error("has expired: upload the file again")]
    Expired,
    /// Of a file of another player.
    #[error("is the token of another player's file")]
    OtherPlayer,
}

impl UploadTokens {
    /// Signs with `secret`, and also verifies what `second_secret` signed.
    pub fn new(secret: &SecretString, second_secret: Option<&SecretString>) -> Self {
        install_cryptography();
        let verifying = [secret].into_iter().chain(second_secret);
        let verifying = verifying
            .map(|secret| DecodingKey::from_secret(secret.expose_secret().as_bytes()))
            .collect();
        let mut rules = Validation::default();
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["aud", "exp", "sub"]);
        rules.leeway = LEEWAY.as_secs();
        Self {
            signing: EncodingKey::from_secret(secret.expose_secret().as_bytes()),
            verifying,
            rules,
        }
    }

    /// A token for a stored file of `player`, valid from `now` on.
    ///
    /// # Errors
    /// Never: the claims can be signed.
    pub fn sign(
        &self,
        player: &PlayerId,
        file: Attachment,
        sha256: String,
        now: DateTime<Utc>,
    ) -> Result<UploadToken, Problem> {
        let expires_at = now + VALIDITY;
        let sub = player.as_str().to_owned();
        let exp = expires_at.timestamp();
        let claims = Claims { aud: AUDIENCE.to_owned(), sub, exp, sha256, file };
        let token = encode(&Header::default(), &claims, &self.signing).map_err(|error| {
            tracing::error!(exception.message = %error, "an upload token cannot be signed");
            Problem::Internal
        })?;
        Ok(UploadToken { token, expires_at })
    }

    /// The file of `player` that `token` proves.
    ///
    /// # Errors
    /// When the token is invalid or expired, or of another player.
    pub fn verify(&self, token: &str, player: &PlayerId) -> Result<Attachment, BadUploadToken> {
        let mut refusal = BadUploadToken::Invalid;
        for key in &self.verifying {
            match decode::<Claims>(token, key, &self.rules) {
                Ok(verified) if verified.claims.sub == player.as_str() => {
                    return Ok(verified.claims.file);
                }
                Ok(_) => return Err(BadUploadToken::OtherPlayer),
                Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => {
                    refusal = BadUploadToken::Expired;
                }
                // The other secret may have signed it.
                Err(_) => {}
            }
        }
        Err(refusal)
    }
}

#[cfg(test)]
mod tests {
    use chat::{FileName, FileType};
    use uuid::Uuid;

    use super::*;
    use crate::limits::BODY_LIMIT;

    const SECRET: &str = "a secret of more than thirty-two bytes";

    fn tokens(secret: &str) -> UploadTokens {
        UploadTokens::new(&secret.to_owned().into(), None)
    }

    fn player(id: &str) -> PlayerId {
        PlayerId::try_from(id.to_owned()).unwrap()
    }

    fn file(name: &str) -> Attachment {
        Attachment {
            attachment_id: Uuid::now_v7(),
            name: FileName::try_from(name.to_owned()).unwrap(),
            content_type: FileType::Jpeg,
            size: u64::MAX,
            width: Some(u32::MAX),
            height: Some(u32::MAX),
            thumbnail: true,
        }
    }

    #[test]
    fn token_proves_the_file_of_one_player_for_a_day() {
        let (tokens, file, now) = (tokens(SECRET), file("boss.jpg"), Utc::now());
        let sign = |at| tokens.sign(&player("p1"), file.clone(), "00".repeat(32), at).unwrap();
        let token = sign(now);
        assert_eq!(token.expires_at, now + TimeDelta::hours(24));
        assert_eq!(tokens.verify(&token.token, &player("p1")), Ok(file.clone()));
        let other = tokens.verify(&token.token, &player("p2"));
        assert_eq!(other, Err(BadUploadToken::OtherPlayer));
        let old = sign(now - TimeDelta::hours(25));
        assert_eq!(tokens.verify(&old.token, &player("p1")), Err(BadUploadToken::Expired));
    }

    #[test]
    fn tokens_of_two_secrets_are_valid_and_the_first_secret_signs() {
        const OTHER: &str = "another secret of more than thirty-two bytes";
        let both = UploadTokens::new(&OTHER.to_owned().into(), Some(&SECRET.to_owned().into()));
        let (old, new, file, now) = (tokens(SECRET), tokens(OTHER), file("a.jpg"), Utc::now());
        let sign = |by: &UploadTokens, at| {
            by.sign(&player("p1"), file.clone(), "00".repeat(32), at).unwrap().token
        };
        assert_eq!(both.verify(&sign(&old, now), &player("p1")), Ok(file.clone()));
        assert_eq!(new.verify(&sign(&both, now), &player("p1")), Ok(file.clone()));
        assert_eq!(old.verify(&sign(&both, now), &player("p1")), Err(BadUploadToken::Invalid));
        let other_player = both.verify(&sign(&old, now), &player("p2"));
        assert_eq!(other_player, Err(BadUploadToken::OtherPlayer));
        for by in [&old, &new] {
            let expired = sign(by, now - TimeDelta::hours(25));
            assert_eq!(both.verify(&expired, &player("p1")), Err(BadUploadToken::Expired));
        }
        let third = tokens("a third secret of more than thirty-two bytes");
        let forged = both.verify(&sign(&third, now), &player("p1"));
        assert_eq!(forged, Err(BadUploadToken::Invalid));
    }

    #[test]
    fn changed_token_and_the_token_of_a_caller_are_invalid() {
        let tokens = tokens(SECRET);
        let signed = tokens.sign(&player("p1"), file("a.jpg"), "00".repeat(32), Utc::now());
        let token = signed.unwrap().token;
        let invalid = |token: &str| {
            assert_eq!(
                tokens.verify(token, &player("p1")),
                Err(BadUploadToken::Invalid),
                "{token}"
            );
        };
        for place in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'Q' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_ne!(tokens.verify(&changed, &player("p1")), Ok(file("a.jpg")));
            assert!(tokens.verify(&changed, &player("p1")).is_err(), "{place}");
        }
        invalid("");
        invalid("a.b.c");
        let other = super::tests::tokens("another secret of more than thirty-two bytes");
        let forged = other.sign(&player("p1"), file("a.jpg"), "00".repeat(32), Utc::now());
        invalid(&forged.unwrap().token);
        // The same secret for callers' tokens by mistake.
        let caller = serde_json::json!({
            "sub": "p1", "role": "player", "exp": Utc::now().timestamp() + 3_600
        });
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        invalid(&encode(&Header::default(), &caller, &key).unwrap());
    }

    /// The longest message in the longest JSON encoding, its other fields, and five tokens.
    #[test]
    fn longest_message_with_five_tokens_fits_into_a_body() {
        const MESSAGE: usize = chat::Content::MAX_CHARACTERS * 12;
        const NAMES_AND_IDS: usize = 4 * 128 * 12;
        const OTHERS: usize = 500;
        let player = player(&"p".repeat(128));
        let file = file(&"\u{1f600}".repeat(200));
        let token = tokens(SECRET).sign(&player, file, "00".repeat(32), Utc::now()).unwrap().token;
        let total = MESSAGE + NAMES_AND_IDS + OTHERS + 5 * (token.len() + 3);
        assert!(total <= BODY_LIMIT, "{total} {}", token.len());
    }
}
