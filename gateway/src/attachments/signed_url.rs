use std::time::Duration;

use chat::{Attachment, FileName, FileType};
use chrono::{DateTime, Utc};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{AttachmentKey, Variant};
use crate::routes::paths;

/// The times at which URLs expire are multiples of this, so that the URL of a file stays the same for
/// as long and browsers keep the file. A URL is valid for once to twice as long.
const PERIOD: i64 = 15 * 60;

/// What the key of the URLs is derived for. The secret signs tokens, too.
const PURPOSE: &[u8] = b"urn:player-portal-chat:attachment-url:1";

/// Signs and verifies the URLs of files, with which browsers load them without a token.
#[derive(Clone, Debug)]
pub struct UrlSigner {
    signing: hmac::Key,
    /// What the second secret signed is valid, too.
    second: Option<hmac::Key>,
}

/// The query of a URL. All of it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlQuery {
    /// When the URL expires, in seconds since 1970.
    pub exp: i64,
    /// What the file is.
    #[serde(rename = "type")]
    pub content_type: FileType,
    /// The file's name.
    pub name: FileName,
    /// The signature, in hexadecimal.
    pub sig: String,
}

/// A URL, without the gateway's address, and when it expires.
#[derive(Clone, Debug)]
pub struct SignedUrl {
    /// The path and the query.
    pub url: String,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

impl UrlSigner {
    /// Signs with a key that is derived from `secret`, and also verifies what the key of `second_secret`
    /// signed.
    pub fn new(secret: &SecretString, second_secret: Option<&SecretString>) -> Self {
        Self { signing: derived_key(secret), second: second_secret.map(derived_key) }
    }

    /// The URL of an object of `file` at `now`.
    ///
    /// # Errors
    /// Never: the query can be encoded.
    pub fn sign(
        &self,
        key: AttachmentKey,
        variant: Variant,
        file: &Attachment,
        now: DateTime<Utc>,
    ) -> Result<SignedUrl, serde_urlencoded::ser::Error> {
        let exp = (now.timestamp().div_euclid(PERIOD) + 2) * PERIOD;
        let mut query = UrlQuery {
            exp,
            content_type: file.content_type,
            name: file.name.clone(),
            sig: String::new(),
        };
        let signature = hmac::sign(&self.signing, signed_text(key, variant, &query).as_bytes());
        query.sig = hex::encode(signature.as_ref());
        let path = paths::ATTACHMENT_FILE
            .replace("{key}", &key.player.to_string())
            .replace("{attachment_id}", &key.id.to_string())
            .replace("{variant}", variant.as_str());
        let url = format!("{path}?{}", serde_urlencoded::to_string(&query)?);
        let expires_at = DateTime::from_timestamp(exp, 0).unwrap_or(now);
        Ok(SignedUrl { url, expires_at })
    }

    /// For how long a URL is still valid at `now`; `None` when it is not, or was not signed here. The
    /// signature is compared in constant time.
    pub fn verify(
        &self,
        key: AttachmentKey,
        variant: Variant,
        query: &UrlQuery,
        now: DateTime<Utc>,
    ) -> Option<Duration> {
        let signature = hex::decode(&query.sig).ok()?;
        let text = signed_text(key, variant, query);
        let mut keys = [&self.signing].into_iter().chain(&self.second);
        if !keys.any(|key| hmac::verify(key, text.as_bytes(), &signature).is_ok()) {
            return None;
        }
        let left = u64::try_from(query.exp.saturating_sub(now.timestamp())).ok()?;
        (left > 0).then(|| Duration::from_secs(left))
    }
}

fn derived_key(secret: &SecretString) -> hmac::Key {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&secret, PURPOSE).as_ref())
}

/// Everything that the signature covers. The name has no control characters, and thus no line feeds.
fn signed_text(key: AttachmentKey, variant: Variant, query: &UrlQuery) -> String {
    format!(
        "{}\n{}\n{}\n{}\n{}\n{}",
        key.player,
        key.id,
        variant.as_str(),
        query.exp,
        query.content_type.as_str(),
        query.name.as_str()
    )
}

#[cfg(test)]
mod tests {
    use chat::PlayerId;
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::attachments::PlayerKey;

    fn key(player: &str) -> AttachmentKey {
        let player = PlayerKey::new(&PlayerId::try_from(player.to_owned()).unwrap());
        AttachmentKey { player, id: Uuid::from_u128(7) }
    }

    fn file() -> Attachment {
        Attachment {
            attachment_id: Uuid::from_u128(7),
            name: FileName::try_from("größe & \"co\".png".to_owned()).unwrap(),
            content_type: FileType::Png,
            size: 1,
            width: None,
            height: None,
            thumbnail: false,
        }
    }

    fn signer(secret: &str) -> UrlSigner {
        UrlSigner::new(&secret.to_owned().into(), None)
    }

    fn query(url: &str) -> UrlQuery {
        serde_urlencoded::from_str(url.split_once('?').unwrap().1).unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn url_stays_the_same_for_a_quarter_of_an_hour_and_is_valid_for_as_long_at_least() {
        let signer = signer("secret");
        let sign = |at| signer.sign(key("p1"), Variant::Original, &file(), at).unwrap();
        let (begin, end) = (at(9_000), at(9_899));
        let url = sign(begin);
        assert_eq!((&sign(end).url, url.expires_at), (&url.url, at(10_800)));
        assert_ne!(sign(at(9_900)).url, url.url);
        let left = |now| signer.verify(key("p1"), Variant::Original, &query(&url.url), now);
        assert_eq!(left(end), Some(Duration::from_secs(901)));
        assert_eq!(left(url.expires_at - TimeDelta::seconds(1)), Some(Duration::from_secs(1)));
        assert_eq!(left(url.expires_at), None);
        assert_eq!(left(url.expires_at + TimeDelta::days(1)), None);
    }

    #[test]
    fn signature_covers_every_part_of_the_url() {
        let signer = signer("secret");
        let now = at(9_000);
        let good = query(&signer.sign(key("p1"), Variant::Original, &file(), now).unwrap().url);
        let is_valid =
            |key, variant, query: &UrlQuery| signer.verify(key, variant, query, now).is_some();
        assert!(is_valid(key("p1"), Variant::Original, &good));
        assert!(!is_valid(key("p2"), Variant::Original, &good));
        let other = AttachmentKey { id: Uuid::from_u128(8), ..key("p1") };
        assert!(!is_valid(other, Variant::Original, &good));
        assert!(!is_valid(key("p1"), Variant::Thumbnail, &good));
        let name = FileName::try_from("a.html".to_owned()).unwrap();
        for changed in [
            UrlQuery { exp: good.exp + 1, ..good.clone() },
            UrlQuery { content_type: FileType::Pdf, ..good.clone() },
            UrlQuery { name, ..good.clone() },
            UrlQuery { sig: "00".repeat(32), ..good.clone() },
            UrlQuery { sig: String::new(), ..good.clone() },
            UrlQuery { sig: good.sig[..62].to_owned(), ..good.clone() },
        ] {
            assert!(!is_valid(key("p1"), Variant::Original, &changed), "{changed:?}");
        }
        let others = UrlSigner::new(&"another".to_owned().into(), None);
        assert!(others.verify(key("p1"), Variant::Original, &good, now).is_none());
    }

    #[test]
    fn urls_of_two_secrets_are_valid_and_the_first_secret_signs() {
        let (old, new, now) = (signer("old"), signer("new"), at(9_000));
        let both = UrlSigner::new(&"new".to_owned().into(), Some(&"old".to_owned().into()));
        let sign = |by: &UrlSigner| {
            query(&by.sign(key("p1"), Variant::Original, &file(), now).unwrap().url)
        };
        let is_valid = |by: &UrlSigner, query: &UrlQuery| {
            by.verify(key("p1"), Variant::Original, query, now).is_some()
        };
        assert!(is_valid(&both, &sign(&old)) && is_valid(&both, &sign(&new)));
        assert!(is_valid(&new, &sign(&both)) && !is_valid(&old, &sign(&both)));
        assert!(!is_valid(&both, &sign(&signer("another"))));
    }
}
