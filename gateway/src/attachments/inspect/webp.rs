//! WebP files.
//!
//! Source: <https://www.rfc-editor.org/rfc/rfc9649>.

use image::metadata::Orientation;

use super::{
    Dimensions, Refused, icc, picture::Container, pixel_budget::PixelBudget, reader::Reader,
};

/// The flags of an extended file that are kept.
const ALPHA: u8 = 0x10;
const ANIMATION: u8 = 0x02;
const PROFILE: u8 = 0x20;

/// Reads the file; what follows it is dropped.
pub(super) fn read(bytes: &[u8], budget: &mut PixelBudget) -> Result<Container, Refused> {
    let mut reader = Reader::new(bytes);
    if &reader.array()? != b"RIFF" {
        return Err(Refused::NotAPicture);
    }
    let length = reader.u32_le()?;
    let mut reader = Reader::new(reader.take_u32(length)?);
    if &reader.array()? != b"WEBP" {
        return Err(Refused::NotAPicture);
    }
    let first = Chunk::read(&mut reader)?;
    if &first.kind == b"VP8X" {
        return read_extended(&first, &mut reader, budget);
    }
    let coded = first.coded_dimensions()?.ok_or(Refused::NotAPicture)?;
    let dimensions = budget.picture(coded.width, coded.height)?;
    let mut chunks = Vec::new();
    first.write(&mut chunks);
    Ok(Container {
        bytes: file(&chunks),
        dimensions,
        orientation: Orientation::NoTransforms,
        profile: None,
        is_animated: false,
    })
}

fn read_extended(
    header: &Chunk<'_>,
    reader: &mut Reader<'_>,
    budget: &mut PixelBudget,
) -> Result<Container, Refused> {
    let mut fields = Reader::new(header.data);
    let [flags, _, _, _] = fields.array()?;
    let (width, height) = (fields.u24_le()? + 1, fields.u24_le()? + 1);
    let dimensions = budget.picture(width, height)?;
    let is_animated = flags & ANIMATION != 0;
    let (mut orientation, mut profile) = (None, None);
    let mut coded = Vec::new();
    let (mut has_animation, mut has_alpha, mut has_picture) = (false, false, false);
    while !reader.rest().is_empty() {
        let chunk = Chunk::read(reader)?;
        match &chunk.kind {
            b"ICCP" if profile.is_none() => {
                profile = icc::is_profile(chunk.data).then(|| chunk.data.to_vec());
            }
            b"EXIF" if orientation.is_none() => {
                let exif = chunk.data.strip_prefix(b"Exif\0\0").unwrap_or(chunk.data);
                orientation = Orientation::from_exif_chunk(exif);
            }
            b"ANIM" if is_animated && !has_animation && chunk.data.len() == 6 => {
                has_animation = true;
                chunk.write(&mut coded);
            }
            b"ANMF" if is_animated && has_animation => {
                let data = frame(chunk.data, dimensions, budget)?;
                Chunk { kind: chunk.kind, data: &data }.write(&mut coded);
                has_picture = true;
            }
            b"ALPH" if !is_animated && !has_alpha && !has_picture => {
                has_alpha = true;
                chunk.write(&mut coded);
            }
            b"VP8 " | b"VP8L" if !is_animated && !has_picture => {
                if chunk.coded_dimensions()? != Some(dimensions) {
                    return Err(Refused::NotAPicture);
                }
                has_picture = true;
                chunk.write(&mut coded);
            }
            // XMP, and what is not known.
            _ => {}
        }
    }
    if !has_picture {
        return Err(Refused::NotAPicture);
    }
    let mut chunks = Vec::new();
    let flags = flags & (ALPHA | ANIMATION) | if profile.is_some() { PROFILE } else { 0 };
    let mut data = vec![flags, 0, 0, 0];
    write_u24(&mut data, width - 1);
    write_u24(&mut data, height - 1);
    Chunk { kind: *b"VP8X", data: &data }.write(&mut chunks);
    if let Some(profile) = &profile {
        Chunk { kind: *b"ICCP", data: profile }.write(&mut chunks);
    }
    chunks.extend_from_slice(&coded);
    Ok(Container {
        bytes: file(&chunks),
        dimensions,
        orientation: orientation.unwrap_or(Orientation::NoTransforms),
        profile,
        is_animated,
    })
}

/// The data of an `ANMF` chunk, with the picture alone.
fn frame(data: &[u8], canvas: Dimensions, budget: &mut PixelBudget) -> Result<Vec<u8>, Refused> {
    let mut reader = Reader::new(data);
    let (left, top) = (reader.u24_le()? * 2, reader.u24_le()? * 2);
    let (width, height) = (reader.u24_le()? + 1, reader.u24_le()? + 1);
    budget.frame(width, height)?;
    if left + width > canvas.width || top + height > canvas.height {
        return Err(Refused::NotAPicture);
    }
    let (duration, flags) = (reader.u24_le()?, reader.byte()?);
    let mut frame = Vec::with_capacity(data.len());
    for number in [left / 2, top / 2, width - 1, height - 1, duration] {
        write_u24(&mut frame, number);
    }
    frame.push(flags & 0b11);
    let mut has_alpha = false;
    loop {
        let chunk = Chunk::read(&mut reader)?;
        match chunk.coded_dimensions()? {
            Some(coded) if coded == (Dimensions { width, height }) => {
                chunk.write(&mut frame);
                return Ok(frame);
            }
            Some(_) => return Err(Refused::NotAPicture),
            None if &chunk.kind == b"ALPH" && !has_alpha => {
                has_alpha = true;
                chunk.write(&mut frame);
            }
            None => {}
        }
    }
}

fn write_u24(bytes: &mut Vec<u8>, number: u32) {
    let [low, middle, high, _] = number.to_le_bytes();
    bytes.extend_from_slice(&[low, middle, high]);
}

fn file(chunks: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(chunks.len() + 12);
    let length = u32::try_from(chunks.len() + 4).unwrap_or(u32::MAX);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(b"WEBP");
    bytes.extend_from_slice(chunks);
    bytes
}

struct Chunk<'a> {
    kind: [u8; 4],
    data: &'a [u8],
}

impl<'a> Chunk<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Refused> {
        let kind = reader.array()?;
        let length = reader.u32_le()?;
        let data = reader.take_u32(length)?;
        // Some programs leave the last padding away.
        if length % 2 == 1 && !reader.rest().is_empty() {
            reader.byte()?;
        }
        Ok(Self { kind, data })
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let length = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&self.kind);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(self.data);
        if self.data.len() % 2 == 1 {
            bytes.push(0);
        }
    }

    /// What the coded picture in this chunk says of itself; `None` if the chunk has none.
    fn coded_dimensions(&self) -> Result<Option<Dimensions>, Refused> {
        let mut reader = Reader::new(self.data);
        Ok(Some(match &self.kind {
            b"VP8 " => {
                let _tag = reader.u24_le()?;
                if reader.array()? != [0x9d, 0x01, 0x2a] {
                    return Err(Refused::NotAPicture);
                }
                let (width, height) = (reader.u16_le()?, reader.u16_le()?);
                Dimensions { width: (width & 0x3fff).into(), height: (height & 0x3fff).into() }
            }
            b"VP8L" => {
                if reader.byte()? != 0x2f {
                    return Err(Refused::NotAPicture);
                }
                let fields = reader.u32_le()?;
                Dimensions { width: (fields & 0x3fff) + 1, height: (fields >> 14 & 0x3fff) + 1 }
            }
            _ => return Ok(None),
        }))
    }
}
