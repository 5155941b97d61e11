//! Pictures for the tests, and metadata to plant into them.

use std::io::{Cursor, Write};

use flate2::{Compression, write::ZlibEncoder};
use image::{
    DynamicImage, ImageEncoder, ImageFormat, RgbImage, Rgba, RgbaImage,
    codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder},
};

/// Must not be in what is stored.
pub(super) const SECRET: &[u8] = b"52.5200 N 13.4050 E";

/// The colours of the quarters: at the top left and right, at the bottom left and right.
pub(super) const QUARTERS: [[u8; 3]; 4] = [[250, 20, 20], [20, 250, 20], [20, 20, 250], [240; 3]];

pub(super) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A picture of four quarters.
pub(super) fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let quarter = usize::from(x >= width / 2) + 2 * usize::from(y >= height / 2);
        image::Rgb(QUARTERS[quarter])
    })
}

pub(super) fn transparent(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| Rgba([x as u8, y as u8, 7, (x + y) as u8]))
}

pub(super) fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A profile of nothing, for pictures in colour.
pub(super) fn profile(length: usize) -> Vec<u8> {
    let mut profile = vec![0; length];
    profile[..4].copy_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
    profile[16..20].copy_from_slice(b"RGB ");
    profile[36..40].copy_from_slice(b"acsp");
    profile
}

pub(super) fn encoded_with_profile(format: ImageFormat, length: usize) -> Vec<u8> {
    let (image, mut bytes) = (DynamicImage::from(quarters(32, 16)), Vec::new());
    match format {
        ImageFormat::Jpeg => {
            let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
            encoder.set_icc_profile(profile(length)).unwrap();
            image.write_with_encoder(encoder).unwrap();
        }
        ImageFormat::Png => {
            let mut encoder = PngEncoder::new(&mut bytes);
            encoder.set_icc_profile(profile(length)).unwrap();
            image.write_with_encoder(encoder).unwrap();
        }
        _ => {
            let mut encoder = WebPEncoder::new_lossless(&mut bytes);
            encoder.set_icc_profile(profile(length)).unwrap();
            image.write_with_encoder(encoder).unwrap();
        }
    }
    bytes
}

/// EXIF with an orientation, a place, and a thumbnail of the secret.
pub(super) fn exif(orientation: u16) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend_from_slice(&[0x12, 0x01, 3, 0, 1, 0, 0, 0]);
    exif.extend_from_slice(&u32::from(orientation).to_le_bytes());
    // The directory of the place, behind this one.
    exif.extend_from_slice(&[0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend_from_slice(&[1, 0, 2, 0, 2, 0]);
    exif.extend_from_slice(&u32::try_from(SECRET.len()).unwrap().to_le_bytes());
    exif.extend_from_slice(&[56, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend_from_slice(SECRET);
    exif
}

/// Puts a segment behind the first two bytes.
pub(super) fn with_segment(jpeg: &[u8], marker: u8, parts: &[&[u8]]) -> Vec<u8> {
    let data = parts.concat();
    let mut bytes = vec![0xff, 0xd8, 0xff, marker];
    bytes.extend_from_slice(&u16::try_from(data.len() + 2).unwrap().to_be_bytes());
    bytes.extend_from_slice(&data);
    bytes.extend_from_slice(&jpeg[2..]);
    bytes
}

/// Puts a chunk behind the header.
pub(super) fn with_png_chunk(png: &[u8], kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    [&png[..33], &png_chunk(kind, &parts.concat()), &png[33..]].concat()
}

pub(super) fn png_chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    let length = u32::try_from(data.len()).unwrap();
    [&length.to_be_bytes(), kind.as_slice(), data, &crc.sum().to_be_bytes()].concat()
}

/// A PNG of these data, in one channel of 8 bits.
pub(super) fn png_of(width: u32, height: u32, data: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes(), height.to_be_bytes().as_slice(), &[8, 0, 0, 0, 0]].concat();
    let chunks = [png_chunk(b"IHDR", &header), png_chunk(b"IDAT", data), png_chunk(b"IEND", &[])];
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks.concat()].concat()
}

pub(super) fn deflated(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn webp_chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let padding: &[u8] = if data.len() % 2 == 1 { &[0] } else { &[] };
    let length = u32::try_from(data.len()).unwrap();
    [kind.as_slice(), &length.to_le_bytes(), data, padding].concat()
}

pub(super) fn webp_of(chunks: &[Vec<u8>]) -> Vec<u8> {
    let chunks = chunks.concat();
    let length = u32::try_from(chunks.len() + 4).unwrap();
    [b"RIFF", length.to_le_bytes().as_slice(), b"WEBP", &chunks].concat()
}

/// The first chunk of an extended file.
pub(super) fn webp_header(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let (width, height) = ((width - 1).to_le_bytes(), (height - 1).to_le_bytes());
    webp_chunk(b"VP8X", &[&[flags, 0, 0, 0], &width[..3], &height[..3]].concat())
}

/// The chunk of a picture without loss, which is the only one in its file.
pub(super) fn webp_picture(width: u32, height: u32) -> Vec<u8> {
    encoded(quarters(width, height), ImageFormat::WebP)[12..].to_vec()
}

/// The chunk of a frame that fills the canvas.
pub(super) fn webp_frame(width: u32, height: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    let (width, height) = ((width - 1).to_le_bytes(), (height - 1).to_le_bytes());
    let header = [&[0; 6], &width[..3], &height[..3], &[100, 0, 0, 0]].concat();
    webp_chunk(b"ANMF", &[header, chunks.concat()].concat())
}

/// An animation that repeats, with frames of one colour each; `between` is before each frame.
pub(super) fn gif(width: u16, height: u16, frames: u8, between: &[u8]) -> Vec<u8> {
    let palette = [0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255];
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, width, height, &palette).unwrap();
    encoder.set_repeat(gif::Repeat::Infinite).unwrap();
    for number in 0..frames {
        encoder.get_mut().extend_from_slice(between);
        let pixels = vec![number % 4; usize::from(width) * usize::from(height)];
        let mut frame = gif::Frame::from_indexed_pixels(width, height, pixels, None);
        frame.delay = 5;
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    bytes
}

pub(super) fn gif_extension(label: u8, blocks: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![0x21, label];
    for block in blocks {
        bytes.push(u8::try_from(block.len()).unwrap());
        bytes.extend_from_slice(block);
    }
    bytes.push(0);
    bytes
}
