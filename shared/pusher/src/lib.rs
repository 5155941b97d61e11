//! The rules of Pusher Channels, without I/O: signatures of calls and subscriptions, names of channels,
//! encryption, limits.
//!
//! The gateway signs subscriptions, the broadcaster signs calls, and local-pusher verifies both with the
//! same code.
//!
//! Source: <https://pusher.com/docs/channels/library_auth_reference/>.

mod access;
mod app;
mod channel;
mod encryption;
pub mod limits;
mod signature;
mod socket_id;

pub use access::{ChannelAccess, ChannelSettings};
pub use app::App;
pub use channel::{Audience, Channels};
pub use encryption::{MasterKey, SharedSecret};
pub use signature::{
    RequestToSign, sign_request, sign_subscription, verify_request, verify_subscription,
};
pub use socket_id::{InvalidSocketId, SocketId};
