//! Files as cameras, screens and attackers make them.

use std::io::{Cursor, Write};

use flate2::{Compression, Crc, write::ZlibEncoder};
use image::{ExtendedColorType, ImageFormat, Rgb, RgbImage};

/// The words of [`photo`]'s metadata.
pub const MAKER: &[u8] = b"made at home";

/// A photo as a phone stores it: 640 pixels wide, 320 high, the left half red and the right half
/// blue, with the instruction to turn it clockwise, and with the place where it was made.
pub fn photo() -> Vec<u8> {
    let picture = RgbImage::from_fn(640, 320, |x, _| match x {
        0..320 => Rgb([200, 0, 0]),
        _ => Rgb([0, 0, 200]),
    });
    let mut jpeg = Cursor::new(Vec::new());
    picture.write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
    let jpeg = jpeg.into_inner();
    let exif = exif();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    // After the marker with which a JPEG begins.
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
}

/// Exif, in the byte order of Intel: the orientation 6, the maker, and a place.
fn exif() -> Vec<u8> {
    const ASCII: u16 = 2;
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    const RATIONAL: u16 = 5;
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        let (tag, kind) = (tag.to_le_bytes(), kind.to_le_bytes());
        [&tag[..], &kind, &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    // The offsets: 8 octets of head, then 3 entries of 12 octets, then 2 of them.
    let (place, texts) = (8 + 2 + 3 * 12 + 4, 8 + 2 + 3 * 12 + 4 + 2 + 2 * 12 + 4);
    let maker = u32::try_from(MAKER.len()).unwrap();
    let north = u32::from(b'N');
    let latitude = [48_u32, 1, 51, 1, 29, 1].map(u32::to_le_bytes).concat();
    [
        &b"Exif\0\0II*\0\x08\0\0\0"[..],
        &3_u16.to_le_bytes(),
        &entry(0x010f, ASCII, maker, texts),
        &entry(0x0112, SHORT, 1, 6),
        &entry(0x8825, LONG, 1, place),
        &[0; 4],
        &2_u16.to_le_bytes(),
        &entry(0x0001, ASCII, 2, north),
        &entry(0x0002, RATIONAL, 3, texts + maker),
        &[0; 4],
        MAKER,
        &latitude,
    ]
    .concat()
}

/// A picture of 20,000 × 20,000 pixels, which are 50 MB, in about 50 kB.
pub fn bomb() -> Vec<u8> {
    const SIDE: u32 = 20_000;
    let mut header = [SIDE.to_be_bytes(), SIDE.to_be_bytes()].concat();
    // One bit for each pixel, gray.
    header.extend([1, 0, 0, 0, 0]);
    // A row begins with the number of its filter.
    let row = vec![0; 1 + SIDE as usize / 8];
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::default());
    for _ in 0..SIDE {
        pixels.write_all(&row).unwrap();
    }
    let pixels = pixels.finish().unwrap();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", &header), (b"IDAT", &pixels), (b"IEND", &Vec::new())] {
        png.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        let mut sum = Crc::new();
        for part in [&kind[..], data] {
            sum.update(part);
            png.extend(part);
        }
        png.extend(sum.sum().to_be_bytes());
    }
    png
}

/// A small picture.
pub fn dot() -> Vec<u8> {
    let mut png = Cursor::new(Vec::new());
    image::write_buffer_with_format(
        &mut png,
        &[7; 12],
        2,
        2,
        ExtendedColorType::Rgb8,
        ImageFormat::Png,
    )
    .unwrap();
    png.into_inner()
}
