//! JPEG files.
//!
//! Source: <https://www.w3.org/Graphics/JPEG/itu-t81.pdf>, annex B.

use std::collections::BTreeMap;

use image::metadata::Orientation;

use super::{
    Dimensions, Refused, icc, picture::Container, pixel_budget::PixelBudget, reader::Reader,
};

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const DQT: u8 = 0xdb;
const DHT: u8 = 0xc4;
const DRI: u8 = 0xdd;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;

/// The most scans. A progressive picture has about ten; each costs a pass over all pixels, however
/// few bytes it has.
const MAX_SCANS: usize = 64;

/// The bytes of a profile in one segment at most.
const PROFILE_PART: usize = 65_519;

/// What is known of the file so far.
#[derive(Default)]
struct Parts<'a> {
    dimensions: Option<Dimensions>,
    orientation: Option<Orientation>,
    /// Version and density.
    jfif: Option<&'a [u8]>,
    adobe: Option<&'a [u8]>,
    /// By their number.
    profile: BTreeMap<u8, &'a [u8]>,
    scans: usize,
    /// Tables, frame header and scans, as they are in the file.
    coded: Vec<u8>,
}

/// Reads up to the end of the first picture: cameras append further ones, and films.
pub(super) fn read(bytes: &[u8], budget: &mut PixelBudget) -> Result<Container, Refused> {
    let mut reader = Reader::new(bytes);
    if reader.array()? != [0xff, SOI] {
        return Err(Refused::NotAPicture);
    }
    let mut parts = Parts::default();
    loop {
        match next_marker(&mut reader)? {
            EOI => return parts.into_container(),
            SOI => return Err(Refused::NotAPicture),
            // Markers without a segment: none has a meaning here.
            0x01 | 0xd0..=0xd7 => {}
            marker => {
                let length = reader.u16_be()?.checked_sub(2).ok_or(Refused::NotAPicture)?;
                let segment = reader.take(length.into())?;
                parts.add(marker, segment, budget)?;
                if marker == SOS {
                    parts.coded.extend_from_slice(take_coded_data(&mut reader)?);
                }
            }
        }
    }
}

/// Skips what is between two segments.
fn next_marker(reader: &mut Reader<'_>) -> Result<u8, Refused> {
    loop {
        while reader.byte()? != 0xff {}
        let mut byte = 0xff;
        while byte == 0xff {
            byte = reader.byte()?;
        }
        if byte != 0 {
            return Ok(byte);
        }
    }
}

/// Takes what follows the header of a scan, up to the next marker.
fn take_coded_data<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Refused> {
    let rest = reader.rest();
    let mut length = 0;
    loop {
        let searched = rest.get(length..).unwrap_or_default();
        length += searched.iter().position(|byte| *byte == 0xff).ok_or(Refused::NotAPicture)?;
        match rest.get(length + 1) {
            Some(0x00 | 0xd0..=0xd7) => length += 2,
            Some(0xff) => length += 1,
            Some(_) => return reader.take(length),
            None => return Err(Refused::NotAPicture),
        }
    }
}

impl<'a> Parts<'a> {
    fn add(
        &mut self,
        marker: u8,
        segment: &'a [u8],
        budget: &mut PixelBudget,
    ) -> Result<(), Refused> {
        match marker {
            // Without the thumbnail that may follow.
            APP0 => {
                if let Some(rest) = segment.strip_prefix(b"JFIF\0") {
                    self.jfif = self.jfif.or(rest.get(..7));
                }
            }
            APP1 => {
                if let Some(exif) = segment.strip_prefix(b"Exif\0\0")
                    && self.orientation.is_none()
                {
                    self.orientation = Orientation::from_exif_chunk(exif);
                }
            }
            APP2 => {
                if let Some([number, _, part @ ..]) = segment.strip_prefix(b"ICC_PROFILE\0") {
                    self.profile.entry(*number).or_insert(part);
                }
            }
            APP14 if segment.starts_with(b"Adobe") => {
                self.adobe = self.adobe.or(segment.get(..12));
            }
            DQT | DHT | DRI => self.copy(marker, segment),
            SOS => {
                self.scans += 1;
                if self.scans > MAX_SCANS || self.dimensions.is_none() {
                    return Err(Refused::NotAPicture);
                }
                self.copy(marker, segment);
            }
            // Baseline, extended and progressive.
            0xc0..=0xc2 => {
                let mut header = Reader::new(segment);
                let (_precision, height, width) =
                    (header.byte()?, header.u16_be()?, header.u16_be()?);
                let dimensions = budget.picture(width.into(), height.into())?;
                if self.dimensions.replace(dimensions).is_some() {
                    return Err(Refused::NotAPicture);
                }
                self.copy(marker, segment);
            }
            // Lossless, hierarchical and arithmetic: no browser shows them.
            0xc3 | 0xc5..=0xcf | 0xde | 0xdf => return Err(Refused::NotAPicture),
            // Comments, and what programs add.
            _ => {}
        }
        Ok(())
    }

    fn copy(&mut self, marker: u8, segment: &[u8]) {
        write_segment(&mut self.coded, marker, &[segment]);
    }

    fn into_container(self) -> Result<Container, Refused> {
        let dimensions = self.dimensions.filter(|_| self.scans > 0).ok_or(Refused::NotAPicture)?;
        let profile = self.profile();
        let mut bytes = vec![0xff, SOI];
        if let Some(jfif) = self.jfif {
            write_segment(&mut bytes, APP0, &[b"JFIF\0", jfif, &[0, 0]]);
        }
        if let Some(adobe) = self.adobe {
            write_segment(&mut bytes, APP14, &[adobe]);
        }
        if let Some(profile) = &profile {
            let parts = profile.chunks(PROFILE_PART);
            let count = u8::try_from(parts.len()).unwrap_or(u8::MAX);
            for (number, part) in (1..=count).zip(parts) {
                write_segment(&mut bytes, APP2, &[b"ICC_PROFILE\0", &[number, count], part]);
            }
        }
        bytes.extend_from_slice(&self.coded);
        bytes.extend_from_slice(&[0xff, EOI]);
        Ok(Container {
            bytes,
            dimensions,
            orientation: self.orientation.unwrap_or(Orientation::NoTransforms),
            profile,
            is_animated: false,
        })
    }

    fn profile(&self) -> Option<Vec<u8>> {
        let profile: Vec<u8> = self.profile.values().copied().flatten().copied().collect();
        icc::is_profile(&profile).then_some(profile)
    }
}

fn write_segment(bytes: &mut Vec<u8>, marker: u8, parts: &[&[u8]]) {
    let length: usize = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    // The parts come from a segment, whose length fits, or are cut to fit.
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&[0xff, marker]);
    bytes.extend_from_slice(&length.to_be_bytes());
    for part in parts {
        bytes.extend_from_slice(part);
    }
}
