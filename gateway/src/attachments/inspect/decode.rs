use std::io::Cursor;

use chat::FileType;
use image::{
    DynamicImage, GrayAlphaImage, GrayImage, ImageDecoder, Limits, RgbImage, RgbaImage,
    codecs::{gif::GifDecoder, jpeg::JpegDecoder, webp::WebPDecoder},
};

use super::{Dimensions, Refused, picture::Container};

/// The most bytes that a decoder may allocate for each allowed pixel.
const BYTES_PER_PIXEL: u64 = 12;

/// Decodes the picture, or its first frame, with 8 bits for each colour.
pub(super) fn decode(
    file_type: FileType,
    container: &Container,
    max_pixels: u64,
) -> Result<DynamicImage, Refused> {
    let bytes = Cursor::new(container.bytes.as_slice());
    let max_bytes = max_pixels.saturating_mul(BYTES_PER_PIXEL);
    let image = match file_type {
        FileType::Png => png(bytes, max_bytes),
        FileType::Jpeg => {
            JpegDecoder::new(bytes).ok().and_then(|decoder| limited(decoder, max_bytes))
        }
        FileType::Webp => {
            WebPDecoder::new(bytes).ok().and_then(|decoder| limited(decoder, max_bytes))
        }
        FileType::Gif => {
            GifDecoder::new(bytes).ok().and_then(|decoder| limited(decoder, max_bytes))
        }
        FileType::Pdf | FileType::Text | FileType::Zip | FileType::Mp4 => None,
    };
    image
        .filter(|image| container.dimensions == Dimensions::from(image))
        .ok_or(Refused::NotAPicture)
}

fn limited(mut decoder: impl ImageDecoder, max_bytes: u64) -> Option<DynamicImage> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(max_bytes);
    decoder.set_limits(limits).ok()?;
    DynamicImage::from_decoder(decoder).ok()
}

/// Not by `image`, which decodes 16 bits for each colour, in twice the memory.
fn png(bytes: Cursor<&[u8]>, max_bytes: u64) -> Option<DynamicImage> {
    let bytes_limit = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    let mut decoder = png::Decoder::new_with_limits(bytes, png::Limits { bytes: bytes_limit });
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut pixels).ok()?;
    let (width, height) = (frame.width, frame.height);
    pixels.truncate(frame.buffer_size());
    match frame.color_type {
        png::ColorType::Grayscale => GrayImage::from_raw(width, height, pixels).map(Into::into),
        png::ColorType::GrayscaleAlpha => {
            GrayAlphaImage::from_raw(width, height, pixels).map(Into::into)
        }
        png::ColorType::Rgb => RgbImage::from_raw(width, height, pixels).map(Into::into),
        png::ColorType::Rgba => RgbaImage::from_raw(width, height, pixels).map(Into::into),
        png::ColorType::Indexed => None,
    }
}
