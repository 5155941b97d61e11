//! GIF files.
//!
//! Source: <https://www.w3.org/Graphics/GIF/spec-gif89a.txt>.

use std::io::Cursor;

use gif::{ColorOutput, DecodeOptions, Encoder, MemoryLimit, Repeat};
use image::metadata::Orientation;

use super::{Refused, picture::Container, pixel_budget::PixelBudget, reader::Reader};

const IMAGE: u8 = 0x2c;
const EXTENSION: u8 = 0x21;
const TRAILER: u8 = 0x3b;
const GRAPHIC_CONTROL: u8 = 0xf9;
const APPLICATION: u8 = 0xff;
const PLAIN_TEXT: u8 = 0x01;

/// Reads up to the end of the picture.
pub(super) fn read(bytes: &[u8], budget: &mut PixelBudget) -> Result<Container, Refused> {
    let mut reader = Reader::new(bytes);
    let mut copy = Vec::with_capacity(bytes.len());
    copy.extend_from_slice(reader.take(6)?);
    let screen: [u8; 7] = reader.array()?;
    let mut fields = Reader::new(&screen);
    let dimensions = budget.picture(fields.u16_le()?.into(), fields.u16_le()?.into())?;
    copy.extend_from_slice(&screen);
    copy.extend_from_slice(color_table(&mut reader, fields.byte()?)?);
    let mut frames = 0_usize;
    // Belongs to the picture that follows, or to a text, which is dropped together with it.
    let mut control: Option<[u8; 4]> = None;
    let mut has_repeat = false;
    loop {
        match reader.byte()? {
            IMAGE => {
                if let Some([flags, delay_low, delay_high, transparent]) = control.take() {
                    copy.extend_from_slice(&[EXTENSION, GRAPHIC_CONTROL, 4]);
                    copy.extend_from_slice(&[flags, delay_low, delay_high, transparent, 0]);
                }
                copy_image(&mut reader, &mut copy, budget)?;
                frames += 1;
            }
            EXTENSION => {
                let label = reader.byte()?;
                let data = sub_blocks(&mut reader)?;
                match label {
                    GRAPHIC_CONTROL => {
                        control =
                            data.strip_prefix(&[4]).and_then(|data| data.first_chunk()).copied();
                    }
                    PLAIN_TEXT => control = None,
                    APPLICATION if !has_repeat => {
                        if let Some(count) = repeat_count(data) {
                            has_repeat = true;
                            copy.extend_from_slice(b"\x21\xff\x0bNETSCAPE2.0\x03\x01");
                            copy.extend_from_slice(&count);
                            copy.push(0);
                        }
                    }
                    // Comments, XMP, and what is not known.
                    _ => {}
                }
            }
            TRAILER if frames > 0 => {
                copy.push(TRAILER);
                return Ok(Container {
                    bytes: copy,
                    dimensions,
                    orientation: Orientation::NoTransforms,
                    profile: None,
                    is_animated: frames > 1,
                });
            }
            _ => return Err(Refused::NotAPicture),
        }
    }
}

fn copy_image(
    reader: &mut Reader<'_>,
    copy: &mut Vec<u8>,
    budget: &mut PixelBudget,
) -> Result<(), Refused> {
    let descriptor: [u8; 9] = reader.array()?;
    let mut fields = Reader::new(&descriptor);
    let _position = (fields.u16_le()?, fields.u16_le()?);
    budget.frame(fields.u16_le()?.into(), fields.u16_le()?.into())?;
    copy.push(IMAGE);
    copy.extend_from_slice(&descriptor);
    copy.extend_from_slice(color_table(reader, fields.byte()?)?);
    copy.push(reader.byte()?);
    copy.extend_from_slice(sub_blocks(reader)?);
    Ok(())
}

/// The table that follows a descriptor with these flags.
fn color_table<'a>(reader: &mut Reader<'a>, flags: u8) -> Result<&'a [u8], Refused> {
    if flags & 0x80 == 0 {
        return Ok(&[]);
    }
    reader.take(3 << ((flags & 7) + 1))
}

/// Blocks, each with its length before it, and the empty one after the last.
fn sub_blocks<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Refused> {
    let mut ahead = reader.clone();
    let mut length = 0;
    loop {
        let block = ahead.byte()?;
        ahead.take(block.into())?;
        length += 1 + usize::from(block);
        if block == 0 {
            return reader.take(length);
        }
    }
}

/// How often an animation repeats, if the extension says so.
fn repeat_count(data: &[u8]) -> Option<[u8; 2]> {
    let data =
        data.strip_prefix(b"\x0bNETSCAPE2.0").or_else(|| data.strip_prefix(b"\x0bANIMEXTS1.0"))?;
    match data {
        [3, 1, low, high, 0] => Some([*low, *high]),
        _ => None,
    }
}

/// Decodes and encodes each frame. Nothing is lost, since the colours stay numbers.
pub(super) fn encode_anew(bytes: &[u8], max_pixels: u64) -> Result<Vec<u8>, Refused> {
    encode_frames(bytes, max_pixels).ok_or(Refused::NotAPicture)
}

fn encode_frames(bytes: &[u8], max_pixels: u64) -> Option<Vec<u8>> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(MemoryLimit::Bytes(max_pixels.try_into().ok()?));
    let mut decoder = options.read_info(Cursor::new(bytes)).ok()?;
    let palette = decoder.global_palette().unwrap_or_default().to_vec();
    let mut copy = Vec::new();
    let mut encoder = Encoder::new(&mut copy, decoder.width(), decoder.height(), &palette).ok()?;
    if decoder.repeat() != Repeat::Finite(0) {
        encoder.set_repeat(decoder.repeat()).ok()?;
    }
    while let Some(frame) = decoder.read_next_frame().ok()? {
        encoder.write_frame(frame).ok()?;
    }
    drop(encoder);
    Some(copy)
}
