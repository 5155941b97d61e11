//! The broadcaster: takes what happens in the chat off its queue and pushes it to the portals
//! through Pusher, then acknowledges.
//!
//! - [`events`]: which portal hears of what, under which name.
//! - [`payload`]: what it hears.
//! - [`coalesce`]: which messages staff are told of together.
//! - [`digest`]: what they then hear.
//! - [`pusher_client`]: one call to Pusher, and what its answer means.
//! - [`retrying_pusher`]: a call that is repeated until it is done.
//! - [`evidence`]: whether a refusal can be believed.
//! - [`in_flight`]: deliveries of which something is left to do.
//! - [`worker`]: the loop.
//!
//! It links no database code and knows no database: a database that is away cannot hold it up.

pub mod coalesce;
pub mod digest;
pub mod events;
pub mod evidence;
pub mod in_flight;
pub mod metrics;
pub mod payload;
pub mod pusher_client;
pub mod retrying_pusher;
pub mod settings;
pub mod worker;
