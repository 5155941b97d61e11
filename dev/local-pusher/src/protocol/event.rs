use super::{ChannelName, EventName, SocketId};

/// An event that a server triggers.
#[derive(Debug)]
pub struct Event {
    /// Its name.
    pub name: EventName,
    /// Its channels, 1 to 100.
    pub channels: Vec<ChannelName>,
    /// Its data, at most 10 KB: any text; by convention JSON.
    pub data: String,
    /// The connection that does not receive it.
    pub except: Option<SocketId>,
}
