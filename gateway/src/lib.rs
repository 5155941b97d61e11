//! The gateway: accepts messages into RabbitMQ, and reads conversations from PostgreSQL. It keeps no state
//! of its own, so that any number of gateways may run.
//!
//! - [`startup`]: starts and stops the gateway.
//! - [`application`]: what the routes share.
//! - [`routes`]: one file for each route.
//! - [`openapi`]: the API documentation.
//! - [`middleware`]: what the gateway does around every handler.
//! - [`http`]: extractors of bodies and parameters.
//! - [`auth`]: authentication and authorization.
//! - [`input`]: the rules for text and ids of clients.
//! - [`limits`]: rate limits, and limits on memory.
//! - [`connections`]: limits on clients' connections.
//! - [`answers`]: the memory that pages take.
//! - [`clock`]: the timestamps of accepted messages.
//! - [`group_commit`]: publishes events into both queues.
//! - [`reads`]: reads from the database.
//! - [`portal`]: the settings of the portal's pages.
//! - [`problem`]: error responses.

pub mod answers;
pub mod application;
mod audit;
pub mod auth;
pub mod clock;
pub mod connections;
mod fd_limit;
pub mod group_commit;
pub mod http;
pub mod input;
pub mod limits;
pub mod metrics;
pub mod middleware;
pub mod openapi;
pub mod portal;
pub mod problem;
pub mod reads;
pub mod refusing_queues;
pub mod routes;
pub mod settings;
pub mod startup;
