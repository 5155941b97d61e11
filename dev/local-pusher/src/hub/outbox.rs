use std::sync::Arc;

use tokio::sync::mpsc;

use crate::{protocol::Frame, wire::Wire};

/// The most frames that may wait for one client. At Pusher's 10 KB an event that is 2.5 MB.
const CAPACITY: usize = 256;

/// What waits to be sent to one client. It is bounded, and nobody waits for a slow client: one
/// that does not keep up is cut off, and may connect again.
#[derive(Debug)]
pub struct Outbox {
    frames: mpsc::Sender<Frame>,
    wire: Arc<Wire>,
}

/// The end of an [`Outbox`] from which the connection takes what it sends.
pub type OutgoingFrames = mpsc::Receiver<Frame>;

impl Outbox {
    /// An empty outbox for the client at the other end of `wire`.
    pub fn new(wire: Arc<Wire>) -> (Self, OutgoingFrames) {
        let (frames, outgoing) = mpsc::channel(CAPACITY);
        (Self { frames, wire }, outgoing)
    }

    /// Puts a frame behind those that wait, or cuts the client off.
    pub fn send(&self, frame: Frame) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.frames.try_send(frame) {
            tracing::warn!("a client does not read what it is sent and is cut off");
            self.cut();
        }
    }

    /// Cuts the client off.
    pub fn cut(&self) {
        self.wire.cut();
    }
}
