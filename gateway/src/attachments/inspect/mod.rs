//! Inspects an uploaded file by its bytes alone: finds its type, refuses what is not allowed, and
//! makes the bytes that are stored. Pure: no I/O, no clock, no settings besides [`Rules`].
//!
//! A picture's container is copied part by part, and only those parts that its pixels need: what is
//! not known is dropped, and so is everything after the end of the picture.

mod decode;
mod encode;
mod file_type;
mod gif;
mod icc;
mod jpeg;
mod picture;
mod pixel_budget;
mod png;
mod reader;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod text;
mod webp;

use std::collections::BTreeSet;

use bytes::Bytes;
use chat::FileType;
use image::DynamicImage;

/// What may be stored.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The allowed types.
    pub types: BTreeSet<FileType>,
    /// The most pixels of a picture, which bounds the memory of its decoding.
    pub max_pixels: u64,
    /// Whether pictures are encoded anew, so that no byte of the upload is stored: not even what is
    /// hidden among the coded pixels. Moving PNG and WebP pictures become still; GIF pictures keep
    /// moving.
    pub reencode: bool,
}

impl Rules {
    /// The default of `max_pixels`.
    pub const MAX_PIXELS: u64 = 25_000_000;
}

/// A file that may be stored.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// What it is.
    pub file_type: FileType,
    /// The bytes to store: of a picture, upright and without metadata.
    pub bytes: Bytes,
    /// The size of a picture as it is shown; `None` for other files.
    pub dimensions: Option<Dimensions>,
    /// A smaller copy of a picture; `None` where the file itself is small enough, or no picture.
    pub thumbnail: Option<Thumbnail>,
}

/// A smaller copy of a picture: of its first frame, if it moves.
#[derive(Clone, Debug)]
pub struct Thumbnail {
    /// [`FileType::Jpeg`], or [`FileType::Png`] for a picture that is transparent somewhere.
    pub file_type: FileType,
    /// The bytes to store.
    pub bytes: Bytes,
}

impl Thumbnail {
    /// The longest side, in pixels. A picture that is not longer has no thumbnail.
    pub const LONGEST_SIDE: u32 = 480;
}

/// The size of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimensions {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

impl Dimensions {
    /// The same proportions with sides of at most `longest` pixels, and at least one.
    fn within(self, longest: u32) -> Self {
        let side = self.width.max(self.height);
        if side <= longest {
            return self;
        }
        let scaled = |length: u32| {
            let rounded =
                (u64::from(length) * u64::from(longest) + u64::from(side) / 2) / u64::from(side);
            u32::try_from(rounded).unwrap_or(longest).max(1)
        };
        Self { width: scaled(self.width), height: scaled(self.height) }
    }
}

impl From<&DynamicImage> for Dimensions {
    fn from(image: &DynamicImage) -> Self {
        Self { width: image.width(), height: image.height() }
    }
}

/// Why a file cannot be stored. The text says what its sender must change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has no bytes.
    #[error("the file must not be empty")]
    Empty,
    /// Its type is not in [`Rules::types`], or not known.
    #[error("the file must be of an allowed type, by its content and not by its name")]
    NotAllowed,
    /// It begins as a picture, and is none, or only a part of one.
    #[error("the picture must be complete and valid: save it again with another program")]
    NotAPicture,
    /// It has more pixels than [`Rules::max_pixels`].
    #[error("the picture must have {max} pixels or fewer, and has {pixels}: make it smaller")]
    TooManyPixels {
        /// Of the picture.
        pixels: u64,
        /// Allowed.
        max: u64,
    },
    /// The animation has a larger canvas or more frames than can be shown on every device.
    #[error(
        "the animation must have {max} pixels or fewer, and {max_of_frames} in all its frames together: make it smaller or shorter"
    )]
    TooMuchAnimation {
        /// Allowed.
        max: u64,
        /// Allowed in all frames together.
        max_of_frames: u64,
    },
}

/// Inspects a file. Takes up to some seconds, and up to the memory in
/// [`pool`](super::pool); so it runs only there.
///
/// # Errors
/// Fails if the file may not be stored.
pub fn inspect(bytes: Bytes, rules: &Rules) -> Result<Inspected, Refused> {
    if bytes.is_empty() {
        return Err(Refused::Empty);
    }
    let file_type = file_type::detect(&bytes)
        .filter(|file_type| rules.types.contains(file_type))
        .ok_or(Refused::NotAllowed)?;
    if file_type.is_picture() {
        return picture::inspect(file_type, bytes, rules);
    }
    Ok(Inspected { file_type, bytes, dimensions: None, thumbnail: None })
}
