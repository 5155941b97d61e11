use std::{
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_ws::{AggregatedMessage, CloseCode, CloseReason, Closed, MessageStream, Session};
use futures_util::StreamExt;
use pusher::App;
use tokio::time;
use uuid::Uuid;

use super::rate::ClientEventRate;
use crate::{
    hub::{Outbox, OutgoingFrames, Subscription},
    protocol::{ClientMessage, Frame, ProtocolError, SocketId},
    wire::Wire,
    world::World,
};

/// The time for one frame to be sent, after which the client counts as disconnected.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// The connection of an accepted client.
pub(super) struct Connection {
    id: SocketId,
    /// With the pair of key and secret by which it connected.
    app: App,
    world: Arc<World>,
    session: Session,
    wire: Arc<Wire>,
    client_events: ClientEventRate,
}

/// Why a connection ends.
enum Ending {
    /// The client has disconnected.
    Gone,
    /// The client has closed the WebSocket.
    Left,
    /// The server closes the WebSocket with this error.
    Closed(ProtocolError),
}

/// Sends the error, and closes the WebSocket.
pub(super) async fn reject(mut session: Session, error: &ProtocolError) -> Result<(), Closed> {
    session.text(Frame::error(error).as_str()).await?;
    let code = error.code().map_or(CloseCode::Normal, CloseCode::Other);
    session.close(Some(CloseReason { code, description: Some(error.to_string()) })).await
}

impl Connection {
    pub(super) fn new(world: Arc<World>, app: App, session: Session, wire: Arc<Wire>) -> Self {
        let client_events = ClientEventRate::new(Instant::now());
        // No client can guess a random id, and no two connections have the same.
        let (left, right) = Uuid::new_v4().as_u64_pair();
        Self { id: SocketId::new(left, right), app, world, session, wire, client_events }
    }

    /// Exchanges messages until the client or the server ends the connection.
    pub(super) async fn run(mut self, messages: MessageStream) {
        let (outbox, outgoing) = Outbox::new(self.wire.clone());
        let seconds = self.world.settings.activity_timeout.as_secs().max(1);
        outbox.send(Frame::connection_established(&self.id, seconds));
        self.world.hub.connect(self.id.clone(), outbox);
        let ending = self.exchange(messages, outgoing).await;
        self.world.hub.disconnect(&self.id);
        let closed = match ending {
            Ending::Gone => ControlFlow::Break(Ending::Gone),
            Ending::Left => within_time(self.session.close(None)).await,
            Ending::Closed(error) => within_time(reject(self.session, &error)).await,
        };
        if closed.is_break() {
            self.wire.cut();
        }
    }

    async fn exchange(&mut self, messages: MessageStream, mut outgoing: OutgoingFrames) -> Ending {
        let mut messages = messages.aggregate_continuations();
        let activity_timeout = self.world.settings.activity_timeout;
        let mut silent_until = time::Instant::now() + activity_timeout;
        let mut awaits_pong = false;
        let stop = self.world.stop.clone();
        loop {
            let step = tokio::select! {
                frame = outgoing.recv() => match frame {
                    Some(frame) => self.send(&frame).await,
                    None => ControlFlow::Break(Ending::Gone),
                },
                message = messages.next() => {
                    silent_until = time::Instant::now() + activity_timeout;
                    awaits_pong = false;
                    match message {
                        Some(Ok(message)) => self.receive(message).await,
                        Some(Err(_)) | None => ControlFlow::Break(Ending::Gone),
                    }
                }
                () = time::sleep_until(silent_until) => {
                    if awaits_pong {
                        ControlFlow::Break(Ending::Closed(ProtocolError::NoPong))
                    } else {
                        silent_until = time::Instant::now() + self.world.settings.pong_timeout;
                        awaits_pong = true;
                        self.send(&Frame::ping()).await
                    }
                }
                () = stop.cancelled() => {
                    ControlFlow::Break(Ending::Closed(ProtocolError::GoingAway))
                }
            };
            if let ControlFlow::Break(ending) = step {
                return ending;
            }
        }
    }

    async fn receive(&mut self, message: AggregatedMessage) -> ControlFlow<Ending> {
        match message {
            AggregatedMessage::Text(text) => match self.handle(&text) {
                Ok(None) => ControlFlow::Continue(()),
                Ok(Some(answer)) => self.send(&answer).await,
                Err(error) => self.send(&Frame::error(&error)).await,
            },
            AggregatedMessage::Binary(_) => {
                let error = ProtocolError::invalid("Binary frames are not supported");
                self.send(&Frame::error(&error)).await
            }
            AggregatedMessage::Ping(data) => within_time(self.session.pong(&data)).await,
            AggregatedMessage::Pong(_) => ControlFlow::Continue(()),
            AggregatedMessage::Close(_) => ControlFlow::Break(Ending::Left),
        }
    }

    /// Handles a message. Returns the answer, unless the hub sends it.
    fn handle(&mut self, text: &str) -> Result<Option<Frame>, ProtocolError> {
        let hub = &self.world.hub;
        match ClientMessage::parse(text)? {
            ClientMessage::Ping => return Ok(Some(Frame::pong())),
            ClientMessage::Pong => {}
            ClientMessage::Subscribe(request) => {
                let subscription = Subscription::authorize(&self.app, &self.id, request)?;
                hub.subscribe(&self.id, subscription)?;
            }
            ClientMessage::Unsubscribe(channel) => hub.unsubscribe(&self.id, &channel),
            ClientMessage::Event(event) => {
                if !self.client_events.admits(Instant::now()) {
                    return Err(ProtocolError::ClientEventRate);
                }
                hub.publish_from_client(&self.id, &event)?;
            }
        }
        Ok(None)
    }

    async fn send(&mut self, frame: &Frame) -> ControlFlow<Ending> {
        within_time(self.session.text(frame.as_str())).await
    }
}

async fn within_time(sending: impl Future<Output = Result<(), Closed>>) -> ControlFlow<Ending> {
    match time::timeout(SEND_TIMEOUT, sending).await {
        Ok(Ok(())) => ControlFlow::Continue(()),
        Ok(Err(_)) | Err(_) => ControlFlow::Break(Ending::Gone),
    }
}
