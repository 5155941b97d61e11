//! The parameters of pages.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, Error, IntoDeserializer, Unexpected, Visitor},
};

/// The most entries of a page: 1 to 200, by default 50.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "i64")]
pub struct PageLimit(i64);

impl PageLimit {
    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<i64> for PageLimit {
    type Error = &'static str;

    fn try_from(limit: i64) -> Result<Self, Self::Error> {
        if (1..=200).contains(&limit) { Ok(Self(limit)) } else { Err("must be 1 to 200") }
    }
}

/// A `seq` that a client has seen, or 0 for none.
#[derive(Clone, Copy, Debug)]
pub struct Seq(i64);

impl Seq {
    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Seq {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_i64(SeqVisitor)
    }
}

/// Reads a whole number of 0 or more. In JSON, 5.0 is the same number as 5.
struct SeqVisitor;

impl Visitor<'_> for SeqVisitor {
    type Value = Seq;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number")
    }

    fn visit_i64<E: de::Error>(self, seq: i64) -> Result<Seq, E> {
        if seq >= 0 { Ok(Seq(seq)) } else { Err(E::custom("must not be negative")) }
    }

    fn visit_u64<E: de::Error>(self, seq: u64) -> Result<Seq, E> {
        i64::try_from(seq).map(Seq).map_err(|_| E::custom("is too large"))
    }

    fn visit_f64<E: de::Error>(self, seq: f64) -> Result<Seq, E> {
        if seq.fract() != 0.0 || seq.abs() >= i64::MAX as f64 {
            return Err(E::invalid_type(Unexpected::Float(seq), &self));
        }
        self.visit_i64(seq as i64)
    }
}

/// Values separated by commas, each once, in order: 1 to 20.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T>(pub Vec<T>);

/// The most values of a list.
const MAX_LISTED: usize = 20;

impl<'de, T: Deserialize<'de> + Ord> Deserialize<'de> for Listed<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let value = |name: &str| T::deserialize(name.to_owned().into_deserializer());
        let mut values: Vec<T> = text.split(',').map(value).collect::<Result<_, D::Error>>()?;
        values.sort_unstable();
        values.dedup();
        match values.len() <= MAX_LISTED {
            true => Ok(Self(values)),
            false => Err(D::Error::custom("must have 20 values or fewer")),
        }
    }
}
