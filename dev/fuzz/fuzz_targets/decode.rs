//! A body off a queue: what can be read of it is read again the same after it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use chat::event::{decode, encode};

fuzz_target!(|body: &[u8]| {
    let Ok(items) = decode(body) else { return };
    let events: Vec<_> = items.into_iter().flatten().collect();
    let encoded: Vec<_> = events.iter().map(|event| event.encode().unwrap()).collect();
    let again: Vec<_> = decode(&encode(&encoded)).unwrap().into_iter().flatten().collect();
    assert_eq!(again, events);
});
