//! What the broadcaster promises, on a real broker and a Pusher that can be told to misbehave.

mod batches;
mod dead_letters;
mod outages;
mod support;
