//! What the gateway promises, on a real broker and a real database.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod archived;
mod audit;
mod authentication;
mod commands;
mod compression;
mod confirms;
mod connections;
mod conversations;
mod description;
mod descriptors;
mod hostile;
mod inbox;
mod input;
mod limits;
mod metrics;
mod outages;
mod pages;
mod partitions;
mod plan;
mod portal;
mod properties;
mod pusher_auth;
mod raw;
mod reads;
mod sending;
mod stopping;
mod token_keys;
mod tokens;
