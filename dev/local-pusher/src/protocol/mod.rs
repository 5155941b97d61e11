//! The messages of the WebSocket protocol, and their parts, as validated types without state.
//!
//! Source: <https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/>.

mod channel_name;
mod client_message;
mod error;
mod event;
mod event_name;
mod frame;
mod member;

pub use channel_name::{ChannelKind, ChannelName};
pub use client_message::{ClientEvent, ClientMessage, SubscribeRequest};
pub use error::ProtocolError;
pub use event::Event;
pub use event_name::EventName;
pub use frame::{Frame, Presence};
pub use member::{Member, UserId};
pub use pusher::SocketId;
