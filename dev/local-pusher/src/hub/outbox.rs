use std::sync::Arc;

use tokio::sync::mpsc;

use crate::{protocol::Frame, wire::Wire};

/// Upper bound for the frames that wait for one client: 2.5 MB with events of 10 KB.
const CAPACITY: usize = 256;

/// The frames that wait to be sent to one client. When it is full the client is cut, and may connect
/// again.
#[derive(Debug)]
pub struct Outbox {
    frames: mpsc::Sender<Frame>,
    wire: Arc<Wire>,
}

/// The receiving end of an [`Outbox`].
pub type OutgoingFrames = mpsc::Receiver<Frame>;

impl Outbox {
    /// An empty outbox for the client of `wire`.
    pub fn new(wire: Arc<Wire>) -> (Self, OutgoingFrames) {
        let (frames, outgoing) = mpsc::channel(CAPACITY);
        (Self { frames, wire }, outgoing)
    }

    /// Appends a frame, or cuts the client.
    pub fn send(&self, frame: Frame) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.frames.try_send(frame) {
            tracing::warn!("a client does not read its events and is cut");
            self.cut();
        }
    }

    /// Cuts the client.
    pub fn cut(&self) {
        self.wire.cut();
    }
}
