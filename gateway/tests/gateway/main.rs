//! Tests of the gateway, with RabbitMQ and PostgreSQL.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod archived;
mod attachments;
mod audit;
mod authentication;
mod commands;
mod compression;
mod confirms;
mod connections;
mod conversations;
mod description;
mod desk;
mod fd_limit;
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
mod read_marks;
mod read_states;
mod reads;
mod sending;
mod stopping;
mod token_keys;
mod tokens;
