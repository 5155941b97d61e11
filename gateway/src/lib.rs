//! The gateway: accepts messages into RabbitMQ, and reads conversations from PostgreSQL. It keeps
//! no state of its own, so that any number of gateways may run.
//!
//! From top to bottom; a module uses only those below it:
//!
//! - [`startup`]: starts and stops the gateway.
//! - [`canned_import`]: imports canned replies.
//! - [`attachment_commands`]: deletes files.
//! - [`openapi`]: the API documentation.
//! - [`routes`]: one file for each route.
//! - [`middleware`]: what runs around the handlers.
//! - [`http`]: extractors of callers, bodies and parameters.
//! - [`state`]: what handlers and middleware share.
//! - [`audit`]: records who reads which conversation.
//! - [`reads`]: reads from the database.
//! - [`read_marks`]: merges and publishes read marks.
//! - [`group_commit`]: publishes events into both queues.
//! - [`settings`]: the settings.
//! - [`portal`]: the settings of the portal's pages.
//! - [`read_mark_mode`]: whose read marks are kept.
//! - [`team_desk`]: the desk that a team of staff shares.
//! - [`attachments`]: files, their inspection and store, and the tokens that prove them.
//! - [`answers`]: the memory of pages.
//! - [`request_log`]: the log of requests.
//! - [`connections`]: limits on clients' connections.
//! - [`metrics`], [`refusing_queues`]: what operators see.
//! - [`limits`]: rate limits and memory budgets.
//! - [`auth`]: authentication and authorization.
//! - [`input`]: the rules for clients' text and ids.
//! - [`problem`]: error responses.
//! - [`clock`]: the timestamps of accepted messages.
//! - [`routes::paths`]: the path of every route.

pub mod answers;
pub mod attachment_commands;
pub mod attachments;
pub mod audit;
pub mod auth;
pub mod canned_import;
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
pub mod read_mark_mode;
pub mod read_marks;
pub mod reads;
pub mod refusing_queues;
pub mod request_log;
pub mod routes;
pub mod settings;
pub mod startup;
pub mod state;
pub mod team_desk;
