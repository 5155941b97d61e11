use std::io::Cursor;

use bytes::Bytes;
use chat::FileType;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use proptest::prelude::*;
use strum::IntoEnumIterator as _;

use super::{samples::*, *};

const FORMATS: [ImageFormat; 4] =
    [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif];

fn rules() -> Rules {
    Rules { types: FileType::iter().collect(), max_pixels: Rules::MAX_PIXELS, reencode: false }
}

fn inspected(bytes: &[u8]) -> Inspected {
    inspect(Bytes::copy_from_slice(bytes), &rules()).unwrap()
}

fn refused(bytes: &[u8]) -> Refused {
    inspect(Bytes::copy_from_slice(bytes), &rules()).unwrap_err()
}

fn encoded_anew(bytes: &[u8]) -> Inspected {
    let rules = Rules { reencode: true, ..rules() };
    inspect(Bytes::copy_from_slice(bytes), &rules).unwrap()
}

fn decoded(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory(bytes).unwrap()
}

fn sample(format: ImageFormat) -> Vec<u8> {
    match format {
        ImageFormat::Gif => gif(32, 16, 2, &[]),
        _ => encoded(quarters(32, 16), format),
    }
}

/// Each kind of picture, with the secret in each place that is none of its pixels.
fn with_metadata(format: ImageFormat, orientation: u16) -> Vec<u8> {
    let (plain, exif) = (sample(format), exif(orientation));
    let mut bytes = match format {
        ImageFormat::Jpeg => {
            let mut jpeg = plain;
            for (marker, prefix) in [
                (0xe0, b"JFXX\0\x10".as_slice()),
                (0xe1, b"http://ns.adobe.com/xap/1.0/\0"),
                (0xe2, b"MPF\0"),
                (0xe2, b"ICC_PROFILE\0\x01\x01"),
                (0xeb, b"JP"),
                (0xed, b"Photoshop 3.0\08BIM"),
                (0xef, b""),
                (0xf0, b""),
                (0xfe, b""),
            ] {
                jpeg = with_segment(&jpeg, marker, &[prefix, SECRET]);
            }
            with_segment(&jpeg, 0xe1, &[b"Exif\0\0", &exif])
        }
        ImageFormat::Png => {
            let packed = deflated(SECRET);
            let mut png = plain;
            for (kind, parts) in [
                (b"tEXt", [b"Comment\0".as_slice(), SECRET]),
                (b"zTXt", [b"Comment\0\0", &packed]),
                (b"iTXt", [b"XML:com.adobe.xmp\0\0\0\0\0", SECRET]),
                (b"tIME", [&[0; 7], SECRET]),
                (b"gAMA", [&[0; 4], SECRET]),
                (b"caBX", [b"", SECRET]),
                (b"prVt", [b"", SECRET]),
                (b"iCCP", [SECRET, &[0, 0, 1, 2, 3]]),
            ] {
                png = with_png_chunk(&png, kind, &parts);
            }
            with_png_chunk(&png, b"eXIf", &[&exif])
        }
        ImageFormat::WebP => {
            let plain = webp_picture(32, 16);
            webp_of(&[
                webp_header(0x2c, 32, 16),
                webp_chunk(b"ICCP", SECRET),
                plain,
                webp_chunk(b"EXIF", &exif),
                webp_chunk(b"XMP ", SECRET),
                webp_chunk(b"PRVT", SECRET),
            ])
        }
        _ => {
            let extensions = [
                gif_extension(0xfe, &[SECRET]),
                gif_extension(0xff, &[b"XMP DataXMP", SECRET]),
                gif_extension(0xff, &[b"ICCRGBG1012", SECRET]),
                gif_extension(0xff, &[b"NETSCAPE2.0", SECRET]),
                gif_extension(0xf9, &[SECRET]),
                gif_extension(0xf9, &[&[0; 4], SECRET]),
                gif_extension(0x01, &[&[0; 12], SECRET]),
            ];
            gif(32, 16, 2, &extensions.concat())
        }
    };
    bytes.extend_from_slice(SECRET);
    bytes
}

#[test]
fn a_picture_loses_its_metadata_and_keeps_its_pixels() {
    for format in FORMATS {
        let bytes = with_metadata(format, 1);
        assert!(contains(&bytes, SECRET));
        let stored = inspected(&bytes);
        assert!(!contains(&stored.bytes, SECRET), "{format:?}");
        let plain = match format {
            ImageFormat::WebP => webp_of(&[webp_header(0, 32, 16), webp_picture(32, 16)]),
            _ => sample(format),
        };
        assert!(stored.bytes == plain, "{format:?}: {}", stored.bytes.escape_ascii());
        assert_eq!(stored.dimensions, Some(Dimensions { width: 32, height: 16 }));
    }
}

#[test]
fn a_picture_that_is_inspected_again_stays_the_same() {
    for format in FORMATS {
        for reencode in [false, true] {
            let rules = Rules { reencode, ..rules() };
            let bytes = with_metadata(format, 6);
            let once = inspect(bytes.into(), &rules).unwrap();
            let twice = inspected(&once.bytes);
            assert!(once.bytes == twice.bytes, "{format:?}");
            assert_eq!((once.file_type, once.dimensions), (twice.file_type, twice.dimensions));
        }
    }
}

#[test]
fn a_picture_is_stored_upright() {
    // Which of the quarters come to the top left and right.
    let expected = [(0, 1), (1, 0), (3, 2), (2, 3), (0, 2), (2, 0), (3, 1), (1, 3)];
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        for (orientation, (left, right)) in (1..).zip(expected) {
            let stored = inspected(&with_metadata(format, orientation));
            assert!(!contains(&stored.bytes, SECRET), "{format:?} {orientation}");
            let picture = decoded(&stored.bytes).into_rgb8();
            let (width, height) = if orientation < 5 { (32, 16) } else { (16, 32) };
            assert_eq!(picture.dimensions(), (width, height), "{format:?} {orientation}");
            assert_eq!(stored.dimensions, Some(Dimensions { width, height }));
            for (x, quarter) in [(2, left), (width - 3, right)] {
                let Rgb(color) = *picture.get_pixel(x, 2);
                let is_near = color.iter().zip(QUARTERS[quarter]).all(|(a, b)| a.abs_diff(b) < 20);
                assert!(is_near, "{format:?} {orientation}: {color:?} at {x}");
            }
        }
    }
}

#[test]
fn a_color_profile_is_kept() {
    let profile_of = |format: ImageFormat, bytes: &[u8]| {
        let mut decoder =
            image::ImageReader::with_format(Cursor::new(bytes), format).into_decoder().unwrap();
        image::ImageDecoder::icc_profile(&mut decoder).unwrap()
    };
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        for length in [128, 100_000] {
            let bytes = encoded_with_profile(format, length);
            for stored in [inspected(&bytes), encoded_anew(&bytes)] {
                assert_eq!(profile_of(format, &stored.bytes), Some(profile(length)), "{format:?}");
            }
        }
    }
}

#[test]
fn bytes_behind_a_profile_are_removed() {
    let mut packed = deflated(&profile(200));
    packed.extend_from_slice(SECRET);
    let png = sample(ImageFormat::Png);
    let bytes = with_png_chunk(&png, b"iCCP", &[SECRET, &[0, 0], &packed]);
    let stored = inspected(&bytes).bytes;
    assert!(contains(&stored, b"iCCP") && !contains(&stored, SECRET));

    let mut longer = profile(200);
    longer.extend_from_slice(SECRET);
    let jpeg = sample(ImageFormat::Jpeg);
    let bytes = with_segment(&jpeg, 0xe2, &[b"ICC_PROFILE\0\x01\x01", &longer]);
    assert!(inspected(&bytes).bytes == jpeg);
}

#[test]
fn a_compressed_profile_or_text_needs_no_memory() {
    let bomb = deflated(&vec![0; 8_000_000]);
    let plain = sample(ImageFormat::Png);
    let mut bytes = with_png_chunk(&plain, b"iCCP", &[b"a\0\0", &bomb]);
    bytes = with_png_chunk(&bytes, b"zTXt", &[b"a\0\0", &bomb]);
    assert!(inspected(&bytes).bytes == plain);
}

#[test]
fn pixels_that_decompress_to_more_than_the_picture_are_harmless() {
    let bytes = png_of(4, 4, &deflated(&vec![0; 8_000_000]));
    assert_eq!(inspected(&bytes).dimensions, Some(Dimensions { width: 4, height: 4 }));
}

#[test]
fn too_many_pixels_are_refused_by_the_header() {
    let expected = |pixels| Refused::TooManyPixels { pixels, max: Rules::MAX_PIXELS };
    // Nothing but the header is valid, so nothing else was read.
    let png = png_of(20_000, 20_000, &[0; 100_000]);
    assert_eq!(refused(&png), expected(400_000_000));

    let mut jpeg = sample(ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|bytes| bytes == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    assert_eq!(refused(&jpeg), expected(65_535 * 65_535));

    let mut gif = gif(4, 4, 1, &[]);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    assert_eq!(refused(&gif), expected(65_535 * 65_535));

    let webp = webp_of(&[webp_header(0, 1 << 24, 1 << 24), webp_picture(4, 4)]);
    assert_eq!(refused(&webp), expected(1 << 48));
    let mut webp = webp_of(&[webp_picture(4, 4)]);
    webp[21..25].copy_from_slice(&[0xff, 0xff, 0xff, 0x0f]);
    assert_eq!(refused(&webp), expected(1 << 28));
}

#[test]
fn a_frame_larger_than_the_allowed_picture_is_refused() {
    let mut gif = gif(4, 4, 1, &[]);
    let frame = gif.windows(5).rposition(|bytes| bytes == [0x2c, 0, 0, 0, 0]).unwrap();
    gif[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    assert!(matches!(refused(&gif), Refused::TooManyPixels { .. }));
}

#[test]
fn an_animation_of_many_or_large_frames_is_refused() {
    let refused = |bytes: Vec<u8>, max_pixels| {
        inspect(bytes.into(), &Rules { max_pixels, ..rules() }).unwrap_err()
    };
    let expected = Refused::TooMuchAnimation { max: 100, max_of_frames: 4000 };
    assert_eq!(refused(gif(10, 10, 41, &[]), 400), expected);
    assert_eq!(refused(gif(11, 10, 2, &[]), 400), expected);

    let frame = webp_frame(10, 10, &[webp_picture(10, 10)]);
    let mut chunks = vec![webp_header(2, 10, 10), webp_chunk(b"ANIM", &[0; 6])];
    chunks.extend(std::iter::repeat_n(frame, 41));
    assert_eq!(refused(webp_of(&chunks), 400), expected);

    let control = [&[0; 4], &[0, 0, 0, 10, 0, 0, 0, 10][..], &[0; 14]].concat();
    let mut png = encoded(quarters(10, 10), ImageFormat::Png);
    for _ in 0..41 {
        png = with_png_chunk(&png, b"fcTL", &[&control]);
    }
    assert_eq!(refused(png, 400), expected);
}

#[test]
fn an_animation_keeps_moving_without_metadata() {
    let webp = |secret: Option<Vec<u8>>| {
        let picture = || webp_picture(32, 16);
        let frame = |secret: Option<Vec<u8>>| {
            let chunks: Vec<_> = secret.into_iter().chain([picture()]).collect();
            webp_frame(32, 16, &chunks)
        };
        webp_of(&[
            webp_header(0x02, 32, 16),
            webp_chunk(b"ANIM", &[0; 6]),
            frame(secret.clone()),
            frame(secret),
        ])
    };
    let stored = inspected(&webp(Some(webp_chunk(b"PRVT", SECRET))));
    assert!(stored.bytes == webp(None), "{}", stored.bytes.escape_ascii());

    let gif = gif(32, 16, 3, &gif_extension(0xfe, &[SECRET]));
    for stored in [inspected(&gif), encoded_anew(&gif)] {
        assert!(!contains(&stored.bytes, SECRET));
        assert!(contains(&stored.bytes, b"NETSCAPE2.0"));
        let decoder = image::codecs::gif::GifDecoder::new(Cursor::new(&stored.bytes)).unwrap();
        let frames = image::AnimationDecoder::into_frames(decoder).collect_frames().unwrap();
        let colors: Vec<_> = frames.iter().map(|frame| frame.buffer().get_pixel(9, 9).0).collect();
        assert_eq!(colors, [[0, 0, 0, 255], [255, 0, 0, 255], [0, 255, 0, 255]]);
        assert!(frames.iter().all(|frame| frame.delay().numer_denom_ms() == (50, 1)));
    }
}

#[test]
fn a_webp_whose_sizes_differ_is_refused() {
    let bytes = webp_of(&[webp_header(0, 33, 16), webp_picture(32, 16)]);
    assert_eq!(refused(&bytes), Refused::NotAPicture);
    let frame = webp_frame(32, 17, &[webp_picture(32, 17)]);
    let bytes = webp_of(&[webp_header(2, 32, 16), webp_chunk(b"ANIM", &[0; 6]), frame]);
    assert_eq!(refused(&bytes), Refused::NotAPicture);
}

#[test]
fn a_part_of_a_picture_is_refused() {
    for format in FORMATS {
        let whole = sample(format);
        for length in 12..whole.len() {
            assert_eq!(refused(&whole[..length]), Refused::NotAPicture, "{format:?} {length}");
        }
    }
}

#[test]
fn a_picture_of_many_scans_is_refused() {
    let jpeg = sample(ImageFormat::Jpeg);
    let scan = jpeg.windows(2).position(|bytes| bytes == [0xff, 0xda]).unwrap();
    let (head, scan) = jpeg[..jpeg.len() - 2].split_at(scan);
    let bytes = [head, &scan.repeat(65), &[0xff, 0xd9]].concat();
    assert_eq!(refused(&bytes), Refused::NotAPicture);
}

#[test]
fn what_calls_itself_a_picture_is_refused() {
    for text in ["<html><body>boss.png</body></html>", "<svg onload='alert(1)'/>", "#!/bin/sh\n"] {
        assert_eq!(refused(text.as_bytes()), Refused::NotAllowed);
        for magic in [b"\x89PNG\r\n\x1a\n".as_slice(), b"\xff\xd8\xff", b"GIF89a"] {
            let bytes = [magic, text.as_bytes()].concat();
            // Of a text, a GIF's size may be read.
            assert!(
                matches!(refused(&bytes), Refused::NotAPicture | Refused::TooManyPixels { .. }),
                "{}",
                bytes.escape_ascii()
            );
        }
    }
    assert_eq!(refused(&[]), Refused::Empty);
    let only_text = Rules { types: [FileType::Text].into(), ..rules() };
    let png = sample(ImageFormat::Png);
    assert_eq!(inspect(png.into(), &only_text).unwrap_err(), Refused::NotAllowed);
}

#[test]
fn other_files_are_stored_as_they_are() {
    for (bytes, file_type) in [
        (b"%PDF-1.7\n".as_slice(), FileType::Pdf),
        (b"12:03 the boss is stuck", FileType::Text),
        (b"PK\x03\x04", FileType::Zip),
        (b"\0\0\0\x20ftypisom", FileType::Mp4),
    ] {
        let stored = inspected(bytes);
        assert_eq!((stored.file_type, &*stored.bytes), (file_type, bytes));
        assert!(stored.dimensions.is_none() && stored.thumbnail.is_none());
    }
}

#[test]
fn a_large_picture_has_a_thumbnail() {
    let photo = RgbImage::from_fn(1000, 500, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8]));
    for (bytes, orientation, file_type, size) in [
        (encoded(photo.clone(), ImageFormat::Jpeg), 1, FileType::Jpeg, (480, 240)),
        (encoded(photo.clone(), ImageFormat::Jpeg), 6, FileType::Jpeg, (240, 480)),
        (encoded(photo.clone(), ImageFormat::WebP), 1, FileType::Jpeg, (480, 240)),
        (encoded(transparent(500, 1000), ImageFormat::Png), 1, FileType::Png, (240, 480)),
        (
            encoded(DynamicImage::from(photo).into_rgba8(), ImageFormat::Png),
            1,
            FileType::Jpeg,
            (480, 240),
        ),
        (encoded(image::GrayImage::new(1, 2000), ImageFormat::Png), 1, FileType::Jpeg, (1, 480)),
        (gif(600, 300, 2, &[]), 1, FileType::Jpeg, (480, 240)),
    ] {
        let bytes = if orientation == 1 {
            bytes
        } else {
            with_segment(&bytes, 0xe1, &[b"Exif\0\0", &exif(orientation)])
        };
        let thumbnail = inspected(&bytes).thumbnail.unwrap();
        assert_eq!(thumbnail.file_type, file_type);
        assert_eq!(file_type::detect(&thumbnail.bytes), Some(file_type));
        let small = decoded(&thumbnail.bytes);
        assert_eq!((small.width(), small.height()), size);
    }
    let bytes = encoded(quarters(480, 100), ImageFormat::Png);
    assert!(inspected(&bytes).thumbnail.is_none());
}

#[test]
fn a_picture_of_16_bits_is_stored_as_it_is() {
    let image = DynamicImage::from(quarters(500, 100)).into_rgba16();
    let bytes = encoded(image, ImageFormat::Png);
    let stored = inspected(&bytes);
    assert!(stored.bytes == bytes);
    assert_eq!(stored.thumbnail.unwrap().file_type, FileType::Jpeg);
}

#[test]
fn a_picture_that_is_encoded_anew_has_no_byte_of_the_upload() {
    let mut data = deflated(&[0; 5 * 4]);
    data.extend_from_slice(SECRET);
    let png = png_of(4, 4, &data);
    let jpeg = sample(ImageFormat::Jpeg);
    let jpeg = [&jpeg[..jpeg.len() - 2], SECRET, &[0xff, 0xd9]].concat();
    for bytes in [png, jpeg] {
        assert!(contains(&inspected(&bytes).bytes, SECRET));
        let stored = encoded_anew(&bytes);
        assert!(!contains(&stored.bytes, SECRET));
        assert_eq!(file_type::detect(&stored.bytes), Some(stored.file_type));
    }
}

fn formats() -> impl Strategy<Value = ImageFormat> {
    prop::sample::select(FORMATS.as_slice())
}

proptest! {
    #[test]
    fn no_bytes_make_a_panic(
        format in formats(),
        has_metadata: bool,
        reencode: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
        inserted in (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..16)),
    ) {
        let mut bytes = if has_metadata { with_metadata(format, 6) } else { sample(format) };
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        let at = inserted.0.index(bytes.len());
        bytes.splice(at..at, inserted.1);
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let rules = Rules { max_pixels: 100_000, reencode, ..rules() };
        if let Ok(stored) = inspect(bytes.into(), &rules) {
            prop_assert!(stored.file_type.is_picture() == stored.dimensions.is_some());
        }
    }

    #[test]
    fn no_noise_makes_a_panic(
        magic in prop::sample::select(vec![
            b"".as_slice(),
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff",
            b"GIF89a",
            b"RIFF\xff\0\0\0WEBP",
        ]),
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [magic, &noise].concat();
        let rules = Rules { max_pixels: 100_000, ..rules() };
        let inspected = inspect(bytes.into(), &rules);
        prop_assert!(magic.is_empty() || inspected.is_err());
    }

    #[test]
    fn no_metadata_survives(
        format in formats(),
        kind in any::<[u8; 4]>(),
        marker in 0xe0..=0xfe_u8,
        mut data in prop::collection::vec(any::<u8>(), 0..100),
        place in any::<prop::sample::Index>(),
        behind in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let plain = sample(format);
        let at = place.index(data.len() + 1);
        data.splice(at..at, SECRET.iter().copied());
        let mut bytes = match format {
            ImageFormat::Jpeg => with_segment(&plain, marker, &[&data]),
            ImageFormat::Png => {
                let kind = kind.map(|byte| b'a' + byte % 26);
                with_png_chunk(&plain, &kind, &[&data])
            }
            ImageFormat::WebP => webp_of(&[
                webp_header(kind[0] & 0xfd, 32, 16),
                webp_picture(32, 16),
                webp_chunk(&kind, &data),
            ]),
            _ => gif(32, 16, 2, &gif_extension(marker, &[&data])),
        };
        bytes.extend_from_slice(&behind);
        bytes.extend_from_slice(SECRET);
        prop_assert!(!contains(&inspected(&bytes).bytes, SECRET));
    }
}
