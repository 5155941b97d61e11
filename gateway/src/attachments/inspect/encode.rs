use chat::FileType;
use fast_image_resize::{FilterType as ResizeFilter, ResizeAlg, ResizeOptions, Resizer};
use image::{
    DynamicImage, ImageEncoder, ImageError, ImageResult,
    codecs::{
        jpeg::JpegEncoder,
        png::{CompressionType, FilterType, PngEncoder},
        webp::WebPEncoder,
    },
    metadata::Orientation,
};

use super::{Dimensions, Refused, Thumbnail, icc};

/// Of 100: the difference from what a camera wrote is not visible.
const QUALITY: u8 = 90;

/// Of 100.
const THUMBNAIL_QUALITY: u8 = 80;

/// Encodes a whole picture.
pub(super) fn encode(
    image: &DynamicImage,
    file_type: FileType,
    profile: Option<&[u8]>,
) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::new();
    let written = match file_type {
        FileType::Png => write(image, png(&mut bytes), profile),
        FileType::Jpeg => write(image, JpegEncoder::new_with_quality(&mut bytes, QUALITY), profile),
        FileType::Webp => write(image, WebPEncoder::new_lossless(&mut bytes), profile),
        FileType::Gif | FileType::Pdf | FileType::Text | FileType::Zip | FileType::Mp4 => {
            return Err(Refused::NotAPicture);
        }
    };
    written.map_err(|_| Refused::NotAPicture)?;
    Ok(bytes)
}

/// A smaller copy, upright; `None` if the picture is not larger than that.
pub(super) fn thumbnail(
    image: &DynamicImage,
    orientation: Orientation,
    profile: Option<&[u8]>,
) -> Result<Option<Thumbnail>, Refused> {
    let Dimensions { width, height } = Dimensions::from(image).within(Thumbnail::LONGEST_SIDE);
    if (width, height) == (image.width(), image.height()) {
        return Ok(None);
    }
    let mut small = DynamicImage::new(width, height, image.color());
    // The mean of the pixels that become one.
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(ResizeFilter::Box));
    let resized = Resizer::new().resize(image, &mut small, &options);
    resized.map_err(|_| Refused::NotAPicture)?;
    small.apply_orientation(orientation);
    let mut bytes = Vec::new();
    let (file_type, written) = if is_transparent(&small) {
        (FileType::Png, write(&small, png(&mut bytes), profile))
    } else {
        let small = if small.color().has_color() {
            DynamicImage::from(small.into_rgb8())
        } else {
            DynamicImage::from(small.into_luma8())
        };
        let encoder = JpegEncoder::new_with_quality(&mut bytes, THUMBNAIL_QUALITY);
        (FileType::Jpeg, write(&small, encoder, profile))
    };
    written.map_err(|_| Refused::NotAPicture)?;
    Ok(Some(Thumbnail { file_type, bytes: bytes.into() }))
}

fn is_transparent(image: &DynamicImage) -> bool {
    match image {
        DynamicImage::ImageRgba8(pixels) => pixels.pixels().any(|pixel| pixel.0[3] < u8::MAX),
        DynamicImage::ImageLumaA8(pixels) => pixels.pixels().any(|pixel| pixel.0[1] < u8::MAX),
        _ => false,
    }
}

/// Fast, since a slow compression of a large picture takes seconds.
fn png(bytes: &mut Vec<u8>) -> PngEncoder<&mut Vec<u8>> {
    PngEncoder::new_with_quality(bytes, CompressionType::Fast, FilterType::Adaptive)
}

fn write(
    image: &DynamicImage,
    mut encoder: impl ImageEncoder,
    profile: Option<&[u8]>,
) -> ImageResult<()> {
    if let Some(profile) = profile.filter(|profile| icc::describes(profile, image.color())) {
        encoder.set_icc_profile(profile.to_vec()).map_err(ImageError::Unsupported)?;
    }
    image.write_with_encoder(encoder)
}
