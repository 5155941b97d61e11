//! PNG files.
//!
//! Source: <https://www.w3.org/TR/png-3/>.

use std::io::{Read, Write};

use flate2::{Compression, Crc, read::ZlibDecoder, write::ZlibEncoder};
use image::metadata::Orientation;

use super::{Refused, icc, picture::Container, pixel_budget::PixelBudget, reader::Reader};

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Reads up to the end of the picture.
pub(super) fn read(bytes: &[u8], budget: &mut PixelBudget) -> Result<Container, Refused> {
    let mut reader = Reader::new(bytes);
    if reader.array()? != SIGNATURE {
        return Err(Refused::NotAPicture);
    }
    let header = Chunk::read(&mut reader)?;
    if &header.kind != b"IHDR" || header.data.len() != 13 {
        return Err(Refused::NotAPicture);
    }
    let mut fields = Reader::new(header.data);
    let dimensions = budget.picture(fields.u32_be()?, fields.u32_be()?)?;
    let mut container = Container {
        bytes: Vec::with_capacity(bytes.len()),
        dimensions,
        orientation: Orientation::NoTransforms,
        profile: None,
        is_animated: false,
    };
    container.bytes.extend_from_slice(&SIGNATURE);
    header.write(&mut container.bytes);
    loop {
        let chunk = Chunk::read(&mut reader)?;
        match &chunk.kind {
            b"IEND" => {
                Chunk { data: &[], ..chunk }.write(&mut container.bytes);
                return Ok(container);
            }
            b"IHDR" => return Err(Refused::NotAPicture),
            b"eXIf" => {
                if let Some(orientation) = Orientation::from_exif_chunk(chunk.data) {
                    container.orientation = orientation;
                }
            }
            b"iCCP" if container.profile.is_none() => {
                container.profile = profile(chunk.data);
                if let Some(data) = container.profile.as_deref().and_then(pack_profile) {
                    Chunk { kind: chunk.kind, data: &data }.write(&mut container.bytes);
                }
            }
            b"acTL" if chunk.data.len() == 8 => {
                container.is_animated = true;
                chunk.write(&mut container.bytes);
            }
            b"fcTL" if chunk.data.len() == 26 => {
                let mut fields = Reader::new(chunk.data);
                let (_number, width, height) =
                    (fields.u32_be()?, fields.u32_be()?, fields.u32_be()?);
                budget.frame(width, height)?;
                chunk.write(&mut container.bytes);
            }
            kind if is_kept(kind, chunk.data.len()) => chunk.write(&mut container.bytes),
            // Text, time, other programs' chunks.
            _ => {}
        }
    }
}

/// Whether the pixels and their colours need the chunk.
fn is_kept(kind: &[u8; 4], length: usize) -> bool {
    match kind {
        b"PLTE" | b"IDAT" | b"fdAT" => true,
        b"tRNS" => length <= 256,
        b"sRGB" => length == 1,
        b"gAMA" | b"cICP" => length == 4,
        b"sBIT" => length <= 4,
        b"cLLI" => length == 8,
        b"mDCV" => length == 24,
        b"cHRM" => length == 32,
        _ => false,
    }
}

/// The profile in an `iCCP` chunk. The size is bounded, whatever a few bytes decompress to.
fn profile(data: &[u8]) -> Option<Vec<u8>> {
    let end_of_name = data.iter().position(|byte| *byte == 0)?;
    let compressed = data.get(end_of_name + 2..)?;
    let mut profile = Vec::new();
    let limit = u64::try_from(icc::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    ZlibDecoder::new(compressed).take(limit).read_to_end(&mut profile).ok()?;
    icc::is_profile(&profile).then_some(profile)
}

/// The chunk's data, written anew: without the profile's name, and without bytes after its end.
fn pack_profile(profile: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(b"icc\0\0".to_vec(), Compression::default());
    encoder.write_all(profile).ok()?;
    encoder.finish().ok()
}

struct Chunk<'a> {
    kind: [u8; 4],
    data: &'a [u8],
}

impl<'a> Chunk<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Refused> {
        let length = reader.u32_be()?;
        let kind = reader.array()?;
        let chunk = Self { kind, data: reader.take_u32(length)? };
        if reader.u32_be()? != chunk.checksum() {
            return Err(Refused::NotAPicture);
        }
        Ok(chunk)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        // The data come from a chunk, or are a profile, whose size is bounded.
        let length = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&self.kind);
        bytes.extend_from_slice(self.data);
        bytes.extend_from_slice(&self.checksum().to_be_bytes());
    }

    fn checksum(&self) -> u32 {
        let mut crc = Crc::new();
        crc.update(&self.kind);
        crc.update(self.data);
        crc.sum()
    }
}
