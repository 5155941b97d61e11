//! What the gateway promises, on a real broker and a real database.

mod confirms;
mod conversations;
mod description;
mod inbox;
mod input;
mod outages;
mod plan;
mod pusher_auth;
mod sending;
