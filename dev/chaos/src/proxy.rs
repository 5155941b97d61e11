//! A way to RabbitMQ that can be cut or held up at a step of the protocol.

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

/// Where in the protocol a connection is cut.
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
    /// When the client has published, and before the broker has all of it.
    Publish,
    /// When the broker confirms: the client does not hear of it.
    Confirm,
    /// When the client acknowledges: the broker does not hear of it.
    Acknowledge,
}

impl Step {
    /// Class and method of the frame at which it happens, and who sends the frame.
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

/// Stands before a broker.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    orders: Arc<Orders>,
    _task: AbortOnDropHandle<()>,
}

/// What shall be done, and how often something was.
#[derive(Debug, Default)]
struct Orders {
    next: Mutex<Option<Order>>,
    done: watch::Sender<u64>,
}

/// What shall be done when a connection comes to `step`, once it has come there `passes` times.
#[derive(Clone, Copy, Debug)]
struct Order {
    step: Step,
    passes: u64,
    end: End,
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug)]
enum End {
    /// It breaks.
    Cut,
    /// It stands, and nothing the sender of the frame sends goes on.
    Hold,
}

impl Proxy {
    /// Stands before the broker at `url`.
    ///
    /// # Errors
    /// When there is no port, or the address is not one.
    pub async fn stand_before(url: &str) -> anyhow::Result<Self> {
        let (before, rest) = url.rsplit_once('@').context("no user in the address")?;
        let (target, path) = rest.split_once('/').context("no virtual host in the address")?;
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

    /// The address of the broker by this way.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts the next connection that comes to `step`, and waits until one has.
    pub async fn cut(&self, step: Step) {
        self.carry_out(Order { step, passes: 0, end: End::Cut }).await;
    }

    /// Lets connections come to `step` so many times, holds up the one that comes next, until its
    /// sender closes it, and waits until one is held up.
    pub async fn hold_up(&self, step: Step, passes: u64) {
        self.carry_out(Order { step, passes, end: End::Hold }).await;
    }

    async fn carry_out(&self, order: Order) {
        let mut done = self.orders.done.subscribe();
        let goal = *done.borrow() + 1;
        *self.orders.lock() = Some(order);
        // The sender is among the orders, which are held here.
        done.wait_for(|done| *done >= goal).await.ok();
    }
}

impl Orders {
    fn lock(&self) -> MutexGuard<'_, Option<Order>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to do here, if something is; one order is for one connection.
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
    // Whichever ends first ends both.
    tokio::select! {
        _ = frames(from_client, to_broker, Side::Client, &orders) => {}
        _ = frames(from_broker, to_client, Side::Broker, &orders) => {}
    }
}

/// The protocol's name and version, with which a client begins.
const GREETING: usize = 8;
/// Type, channel and length.
const HEAD: usize = 7;

/// Carries frames one way until it is cut.
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
        // The octet that ends a frame comes on top.
        let mut rest = vec![0; u32::from_be_bytes(length) as usize + 1];
        from.read_exact(&mut rest).await?;
        let is_method = kind == 1;
        let comes_to = |step: Step| {
            step.frame().is_some_and(|(sender, method)| {
                is_method && sender == side && rest.starts_with(&method)
            })
        };
        match orders.take(comes_to) {
            None => {}
            Some(End::Cut) => return Ok(()),
            Some(End::Hold) => return until_end(from).await,
        }
        to.write_all(&head).await?;
        to.write_all(&rest).await?;
    }
}

/// Takes what comes, for nobody.
async fn until_end(mut from: impl AsyncRead + Unpin) -> std::io::Result<()> {
    tokio::io::copy(&mut from, &mut tokio::io::sink()).await.map(drop)
}
