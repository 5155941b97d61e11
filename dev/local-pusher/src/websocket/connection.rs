use std::{
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_ws::{AggregatedMessage, CloseCode, CloseReason, Closed, MessageStream, Session};
use futures_util::StreamExt;
use tokio::time;
use uuid::Uuid;

use super::rate::ClientEventRate;
use crate::{
    hub::{Outbox, OutgoingFrames, Subscription},
    protocol::{ClientMessage, Frame, ProtocolError, SocketId},
    wire::Wire,
    world::World,
};

/// How long one frame may take on its way to the client before the client counts as gone.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// One client that was let in.
pub(super) struct Connection {
    id: SocketId,
    world: Arc<World>,
    session: Session,
    wire: Arc<Wire>,
    client_events: ClientEventRate,
}

/// Why a connection ends.
enum Ending {
    /// The client is out of reach; there is nobody to tell.
    Gone,
    /// The client said goodbye.
    Left,
    /// The client is told why.
    Closed(ProtocolError),
}

/// Tells a client why it may not come in, or not stay, and closes.
pub(super) async fn turn_away(mut session: Session, error: &ProtocolError) -> Result<(), Closed> {
    session.text(Frame::error(error).as_str()).await?;
    let code = error.code().map_or(CloseCode::Normal, CloseCode::Other);
    session.close(Some(CloseReason { code, description: Some(error.to_string()) })).await
}

impl Connection {
    pub(super) fn new(world: Arc<World>, session: Session, wire: Arc<Wire>) -> Self {
        let client_events = ClientEventRate::new(Instant::now());
        // No client can guess a random id, and no two connections have the same.
        let (left, right) = Uuid::new_v4().as_u64_pair();
        Self { id: SocketId::new(left, right), world, session, wire, client_events }
    }

    /// Talks with the client until one of both ends it.
    pub(super) async fn run(mut self, messages: MessageStream) {
        let (outbox, outgoing) = Outbox::new(self.wire.clone());
        let seconds = self.world.settings.activity_timeout.as_secs().max(1);
        outbox.send(Frame::connection_established(&self.id, seconds));
        self.world.hub.connect(self.id.clone(), outbox);
        let ending = self.talk(messages, outgoing).await;
        self.world.hub.disconnect(&self.id);
        let goodbye = match ending {
            Ending::Gone => ControlFlow::Break(Ending::Gone),
            Ending::Left => within_time(self.session.close(None)).await,
            Ending::Closed(error) => within_time(turn_away(self.session, &error)).await,
        };
        if goodbye.is_break() {
            self.wire.cut();
        }
    }

    async fn talk(&mut self, messages: MessageStream, mut outgoing: OutgoingFrames) -> Ending {
        let mut messages = messages.aggregate_continuations();
        let patience = self.world.settings.activity_timeout;
        let mut silent_until = time::Instant::now() + patience;
        let mut awaits_pong = false;
        let stop = self.world.stop.clone();
        loop {
            let step = tokio::select! {
                frame = outgoing.recv() => match frame {
                    Some(frame) => self.send(&frame).await,
                    None => ControlFlow::Break(Ending::Gone),
                },
                message = messages.next() => {
                    silent_until = time::Instant::now() + patience;
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
            AggregatedMessage::Text(text) => match self.obey(&text) {
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

    /// Does what the client says; the answer, where the hub does not give it.
    fn obey(&mut self, text: &str) -> Result<Option<Frame>, ProtocolError> {
        let hub = &self.world.hub;
        match ClientMessage::parse(text)? {
            ClientMessage::Ping => return Ok(Some(Frame::pong())),
            ClientMessage::Pong => {}
            ClientMessage::Subscribe(request) => {
                let app = &self.world.settings.app;
                hub.subscribe(&self.id, Subscription::authorize(app, &self.id, request)?)?;
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
