use super::Refused;

/// Reads bytes from front to back, and never past their end.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

/// Fails with [`Refused::NotAPicture`] where the bytes end too early.
impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Refused> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Refused::NotAPicture)?;
        self.0 = rest;
        Ok(taken)
    }

    /// `count` bytes, where the file itself says how many.
    pub(super) fn take_u32(&mut self, count: u32) -> Result<&'a [u8], Refused> {
        self.take(usize::try_from(count).map_err(|_| Refused::NotAPicture)?)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Refused::NotAPicture)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Refused> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(super) fn u16_be(&mut self) -> Result<u16, Refused> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(super) fn u16_le(&mut self) -> Result<u16, Refused> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(super) fn u24_le(&mut self) -> Result<u32, Refused> {
        let [low, middle, high] = self.array()?;
        Ok(u32::from_le_bytes([low, middle, high, 0]))
    }

    pub(super) fn u32_be(&mut self) -> Result<u32, Refused> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(super) fn u32_le(&mut self) -> Result<u32, Refused> {
        Ok(u32::from_le_bytes(self.array()?))
    }
}
