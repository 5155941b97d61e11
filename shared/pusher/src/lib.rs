//! What Pusher Channels prescribes to whoever speaks to it, and nothing that speaks: how a call
//! and a subscription are signed, what a channel is called, what is encrypted, how large things may
//! be.
//!
//! The gateway signs subscriptions with it, the broadcaster signs calls, and local-pusher verifies
//! both, so that each rule stands once.
//!
//! Source: <https://pusher.com/docs/channels/library_auth_reference/>.

mod access;
mod app;
mod channel;
mod encryption;
pub mod limits;
mod signature;

pub use access::{ChannelAccess, ChannelSettings};
pub use app::App;
pub use channel::{Audience, Channels};
pub use encryption::{MasterKey, SharedSecret};
pub use signature::{
    RequestToSign, sign_request, sign_subscription, verify_request, verify_subscription,
};
