//! The body of a delivery: decoded events are equal after encoding and decoding.
#![no_main]

use chat::body::{decode, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(items) = decode(body) else { return };
    let events: Vec<_> = items.into_iter().flatten().collect();
    let encoded: Vec<_> = events.iter().map(|event| event.encode().unwrap()).collect();
    let again: Vec<_> = decode(&encode(&encoded)).unwrap().into_iter().flatten().collect();
    assert_eq!(again, events);
});
