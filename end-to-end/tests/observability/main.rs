//! What an operator sees of a running system in Prometheus and Grafana.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod alerts;
mod panels;
mod watched;
