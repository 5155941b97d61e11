//! A way to RabbitMQ that can be cut at a step of the protocol.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
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

/// What shall be cut, and what was.
#[derive(Debug, Default)]
struct Orders {
    step: Mutex<Option<Step>>,
    cuts: watch::Sender<u64>,
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
        let mut cuts = self.orders.cuts.subscribe();
        let goal = *cuts.borrow() + 1;
        self.orders.order(Some(step));
        // The sender is among the orders, which are held here.
        cuts.wait_for(|cuts| *cuts >= goal).await.ok();
    }
}

impl Orders {
    fn order(&self, step: Option<Step>) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = step;
    }

    /// Whether to cut here; one order cuts one connection.
    fn cuts(&self, here: impl FnOnce(Step) -> bool) -> bool {
        let mut step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        if !step.is_some_and(here) {
            return false;
        }
        *step = None;
        self.cuts.send_modify(|cuts| *cuts += 1);
        true
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, orders: Arc<Orders>) {
    while let Ok((client, _)) = listener.accept().await {
        if orders.cuts(|step| step == Step::Connect) {
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
        if orders.cuts(comes_to) {
            return Ok(());
        }
        to.write_all(&head).await?;
        to.write_all(&rest).await?;
    }
}
