use std::fmt;

use chat::PlayerId;
use object_store::path::{Path, PathPart};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use strum::EnumIter;
use uuid::Uuid;

/// The name of a player in the store: the SHA-256 of the player's id, which may have characters that
/// a path cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlayerKey([u8; 32]);

impl PlayerKey {
    /// The name of `player`.
    pub fn new(player: &PlayerId) -> Self {
        Self(sha256(player.as_str().as_bytes()))
    }

    /// The name that is `text` in hexadecimal.
    pub fn parse(text: &str) -> Option<Self> {
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key).ok().map(|()| Self(key))
    }

    /// The folder of the player below `prefix`.
    pub(crate) fn folder(self, prefix: &Path) -> Path {
        prefix.clone().join(PathPart::from(self.to_string()))
    }
}

impl fmt::Display for PlayerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

/// An attachment in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttachmentKey {
    /// Its player.
    pub player: PlayerKey,
    /// Its id.
    pub id: Uuid,
}

/// The objects of an attachment that are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumIter)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// The file.
    Original,
    /// The smaller picture.
    Thumbnail,
}

impl Variant {
    /// Its name in the store and in URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Thumbnail => "thumbnail",
        }
    }
}

/// The name of the object with what is known of an attachment.
const FACTS: &str = "facts";

impl AttachmentKey {
    /// The folder of the attachment below `prefix`.
    pub(super) fn folder(self, prefix: &Path) -> Path {
        self.player.folder(prefix).join(PathPart::from(self.id.to_string()))
    }

    pub(super) fn object(self, prefix: &Path, variant: Variant) -> Path {
        self.folder(prefix).join(PathPart::from(variant.as_str()))
    }

    pub(super) fn facts(self, prefix: &Path) -> Path {
        self.folder(prefix).join(PathPart::from(FACTS))
    }

    /// The attachment to which the object `path` below `prefix` belongs; `None` for other objects.
    pub(crate) fn of_object(prefix: &Path, path: &Path) -> Option<Self> {
        let mut parts = path.prefix_match(prefix)?;
        let player = PlayerKey::parse(parts.next()?.as_ref())?;
        let id = Uuid::try_parse(parts.next()?.as_ref()).ok()?;
        Some(Self { player, id })
    }
}

/// The SHA-256 of `bytes`.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    for (byte, digest) in sum.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
        *byte = *digest;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_of_a_player_is_a_path_segment_whatever_the_id_is() {
        let key = |id: &str| PlayerKey::new(&PlayerId::try_from(id.to_owned()).unwrap());
        // Source: printf p1 | sha256sum
        let hex = "f64551fcd6f07823cb87971cfb91446425da18286b3ab1ef935e0cbd7a69f68a";
        assert_eq!(key("p1").to_string(), hex);
        assert_eq!(PlayerKey::parse(hex), Some(key("p1")));
        assert_ne!(key(".."), key("p1"));
        for bad in ["", "f6", &format!("{hex}00"), &hex.replace('e', "/")] {
            assert_eq!(PlayerKey::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn object_names_its_attachment() {
        let player = PlayerKey::new(&PlayerId::try_from("p1".to_owned()).unwrap());
        let key = AttachmentKey { player, id: Uuid::now_v7() };
        for prefix in [Path::default(), Path::from("chat/files")] {
            for object in
                [key.object(&prefix, Variant::Original), key.facts(&prefix), key.folder(&prefix)]
            {
                assert_eq!(AttachmentKey::of_object(&prefix, &object), Some(key), "{object}");
            }
            let probe = prefix.clone().join(PathPart::from("probe"));
            assert_eq!(AttachmentKey::of_object(&prefix, &probe), None);
        }
    }
}
