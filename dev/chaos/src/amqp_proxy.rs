//! A proxy in front of RabbitMQ that cuts or holds a connection at a step of the protocol.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Context;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::task::AbortOnDropHandle;

/// A step of the protocol at which a connection is cut or held.
///
/// Source of the numbers: the AMQP 0-9-1 specification, <https://www.rabbitmq.com/resources/specs/amqp0-9-1.xml>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// When the client connects.
    Connect,
    /// When the client asks for the virtual host.
    Open,
    /// When the client declares a queue.
    Declare,
    /// When the client publishes, before the broker has the whole message.
    Publish,
    /// When the broker confirms; the client does not receive the confirm.
    Confirm,
    /// When the client acknowledges; the broker does not receive the acknowledgement.
    Acknowledge,
}

impl Step {
    /// The sender of the step's frame, and the frame's class and method.
    fn frame(self) -> Option<(Side, [u8; 4])> {
        match self {
            Self::Connect => None,
            Self::Open => Some((Side::Client, [0, 10, 0, 40])),
            Self::Declare => Some((Side::Client, [0, 50, 0, 10])),
            Self::Publish => Some((Side::Client, [0, 60, 0, 40])),
            Self::Confirm => Some((Side::Broker, [0, 60, 0, 80])),
            Self::Acknowledge => Some((Side::Client, [0, 60, 0, 80])),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Broker,
}

/// A proxy in front of a broker.
#[derive(Debug)]
pub struct AmqpProxy {
    url: String,
    orders: Arc<Orders>,
    _task: AbortOnDropHandle<()>,
}

/// The order for the next connection at its step, and the number of orders carried out.
#[derive(Debug, Default)]
struct Orders {
    next: Mutex<Option<Order>>,
    done: watch::Sender<u64>,
}

/// Applies `end` to a connection at `step`, after `passes` frames of that step.
#[derive(Clone, Copy, Debug)]
struct Order {
    step: Step,
    passes: u64,
    end: End,
}

/// The end of a connection.
#[derive(Clone, Copy, Debug)]
enum End {
    /// The connection is closed.
    Cut,
    /// The connection stays open, and forwards nothing more from the sender of the frame.
    Hold,
}

impl AmqpProxy {
    /// Starts a proxy in front of the broker at `url`.
    ///
    /// # Errors
    /// When no port is free, or the URL is invalid.
    pub async fn start(url: &str) -> anyhow::Result<Self> {
        let (before, rest) = url.rsplit_once('@').context("the URL has no user")?;
        let (target, path) = rest.split_once('/').context("the URL has no virtual host")?;
        let target: SocketAddr = target.parse()?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let own = listener.local_addr()?;
        let orders = Arc::<Orders>::default();
        let task = tokio::spawn(accept(listener, target, Arc::clone(&orders)));
        Ok(Self {
            url: format!("{before}@{own}/{path}"),
            orders,
            _task: AbortOnDropHandle::new(task),
        })
    }

    /// The URL of the broker through the proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts the next connection that reaches `step`, and waits until one has.
    pub async fn cut(&self, step: Step) {
        self.carry_out(Order { step, passes: 0, end: End::Cut }).await;
    }

    /// Forwards `passes` frames of `step`, holds the connection of the next until its sender closes
    /// it, and waits until one is held.
    pub async fn hold(&self, step: Step, passes: u64) {
        self.carry_out(Order { step, passes, end: End::Hold }).await;
    }

    async fn carry_out(&self, order: Order) {
        let mut done = self.orders.done.subscribe();
        let goal = *done.borrow() + 1;
        *self.orders.lock() = Some(order);
        // The sender lives as long as the orders.
        done.wait_for(|done| *done >= goal).await.ok();
    }
}

impl Orders {
    fn lock(&self) -> MutexGuard<'_, Option<Order>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the order if it applies here; an order is for one connection.
    fn take(&self, is_here: impl FnOnce(Step) -> bool) -> Option<End> {
        let mut next = self.lock();
        let order = next.as_mut().filter(|order| is_here(order.step))?;
        if order.passes > 0 {
            order.passes -= 1;
            return None;
        }
        let end = order.end;
        *next = None;
        self.done.send_modify(|done| *done += 1);
        Some(end)
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, orders: Arc<Orders>) {
    while let Ok((client, _)) = listener.accept().await {
        if orders.take(|step| step == Step::Connect).is_some() {
            continue;
        }
        tokio::spawn(forward(client, target, Arc::clone(&orders)));
    }
}

async fn forward(client: TcpStream, target: SocketAddr, orders: Arc<Orders>) {
    let Ok(broker) = TcpStream::connect(target).await else { return };
    client.set_nodelay(true).and_then(|()| broker.set_nodelay(true)).ok();
    let ((from_client, to_client), (from_broker, to_broker)) =
        (client.into_split(), broker.into_split());
    // The end of one direction ends both.
    tokio::select! {
        _ = frames(from_client, to_broker, Side::Client, &orders) => {}
        _ = frames(from_broker, to_client, Side::Broker, &orders) => {}
    }
}

/// Length of the protocol header, the name and version that a client sends first.
const GREETING: usize = 8;
/// Length of a frame's type, channel and size.
const HEAD: usize = 7;

/// Forwards frames in one direction until the connection ends.
async fn frames(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    side: Side,
    orders: &Orders,
) -> std::io::Result<()> {
    if side == Side::Client {
        let mut greeting = [0; GREETING];
        from.read_exact(&mut greeting).await?;
        to.write_all(&greeting).await?;
    }
    loop {
        let mut head = [0; HEAD];
        from.read_exact(&mut head).await?;
        let [kind, _, _, length @ ..] = head;
        // One more octet ends the frame.
        let mut rest = vec![0; u32::from_be_bytes(length) as usize + 1];
        from.read_exact(&mut rest).await?;
        let is_method = kind == 1;
        let is_at = |step: Step| {
            step.frame().is_some_and(|(sender, method)| {
                is_method && sender == side && rest.starts_with(&method)
            })
        };
        match orders.take(is_at) {
            None => {}
            Some(End::Cut) => return Ok(()),
            Some(End::Hold) => return discard(from).await,
        }
        to.write_all(&head).await?;
        to.write_all(&rest).await?;
    }
}

/// Reads and drops everything until the sender closes the connection.
async fn discard(mut from: impl AsyncRead + Unpin) -> std::io::Result<()> {
    tokio::io::copy(&mut from, &mut tokio::io::sink()).await.map(drop)
}
