//! The whole system, from a send over HTTP to what pusher-js receives.

mod events;
mod failures;
mod portal;
