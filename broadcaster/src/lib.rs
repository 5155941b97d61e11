//! The broadcaster: consumes the chat's events, publishes them to the portals through Pusher, and
//! acknowledges them.
//!
//! - [`events`]: maps chat events to Pusher events.
//! - [`payload`]: the data of a message's events.
//! - [`coalesce`]: which messages are coalesced for staff.
//! - [`digest`]: the event that stands for them.
//! - [`pusher_client`]: one call to Pusher, and its outcome.
//! - [`retrying_pusher`]: calls Pusher until the events are accepted or rejected.
//! - [`evidence`]: whether a rejection is Pusher's.
//! - [`job_queue`]: events that wait for a call.
//! - [`in_flight`]: deliveries that are not acknowledged.
//! - [`worker`]: the loop.
//!
//! It links no database code, so that an outage of the database does not affect it.

pub mod coalesce;
pub mod digest;
pub mod events;
pub mod evidence;
pub mod in_flight;
pub mod job_queue;
pub mod metrics;
pub mod payload;
pub mod pusher_client;
pub mod retrying_pusher;
pub mod settings;
pub mod worker;
