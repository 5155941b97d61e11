use bytes::Bytes;
use chat::FileType;
use image::metadata::Orientation;

use super::{
    Dimensions, Inspected, Refused, Rules, decode, encode, gif, jpeg, pixel_budget::PixelBudget,
    png, webp,
};

/// A picture's container, with its metadata taken out.
#[derive(Debug)]
pub(super) struct Container {
    /// The same pixels without metadata.
    pub(super) bytes: Vec<u8>,
    /// As encoded: before the picture is turned upright.
    pub(super) dimensions: Dimensions,
    /// How the picture must be turned.
    pub(super) orientation: Orientation,
    /// Its colour profile.
    pub(super) profile: Option<Vec<u8>>,
    /// Whether it may move.
    pub(super) is_animated: bool,
}

/// Inspects a picture.
///
/// A picture that is upright keeps its pixels bit for bit. One that a camera marked as turned is
/// encoded anew: JPEG with high quality and not without loss, since no library in this language with
/// a fitting licence turns the coefficients of a JPEG; PNG and WebP without loss. Animations are not
/// turned: no camera writes them.
pub(super) fn inspect(
    file_type: FileType,
    bytes: Bytes,
    rules: &Rules,
) -> Result<Inspected, Refused> {
    let mut budget = PixelBudget::new(rules.max_pixels);
    let container = match file_type {
        FileType::Png => png::read(&bytes, &mut budget)?,
        FileType::Jpeg => jpeg::read(&bytes, &mut budget)?,
        FileType::Webp => webp::read(&bytes, &mut budget)?,
        FileType::Gif => gif::read(&bytes, &mut budget)?,
        FileType::Pdf | FileType::Text | FileType::Zip | FileType::Mp4 => {
            return Err(Refused::NotAPicture);
        }
    };
    // Decoding needs memory; the upload is copied and not needed any more.
    drop(bytes);
    if container.is_animated {
        budget.canvas(container.dimensions)?;
    }
    let mut image = decode::decode(file_type, &container, rules.max_pixels)?;
    let profile = container.profile.as_deref();
    let orientation =
        if container.is_animated { Orientation::NoTransforms } else { container.orientation };
    let thumbnail = encode::thumbnail(&image, orientation, profile)?;
    let (dimensions, bytes) = if rules.reencode && file_type == FileType::Gif {
        (container.dimensions, gif::encode_anew(&container.bytes, rules.max_pixels)?)
    } else if rules.reencode || orientation != Orientation::NoTransforms {
        image.apply_orientation(orientation);
        let dimensions = Dimensions::from(&image);
        (dimensions, encode::encode(&image, file_type, profile)?)
    } else {
        (container.dimensions, container.bytes)
    };
    Ok(Inspected { file_type, bytes: bytes.into(), dimensions: Some(dimensions), thumbnail })
}
