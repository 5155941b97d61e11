use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use actix_web::{HttpResponse, http::header};
use bytes::Bytes;
use serde::Serialize;
use tokio::time::timeout;

use super::PAGE_BYTES;
use crate::{
    connections::{Connection, HeldUntilSent},
    limits::{MemoryBudget, Reservation},
    metrics::{CloseReason, Metrics},
    problem::Problem,
};

/// The most bytes that a page takes while it is read: its rows, and its JSON.
const READ_BYTES: usize = 2 * PAGE_BYTES;

/// How long a read waits for memory.
const RESERVE_TIMEOUT: Duration = Duration::from_secs(1);

/// Time between two connections that are closed while a read waits for memory.
const CLOSE_INTERVAL: Duration = Duration::from_millis(10);

/// The client of a read.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// Its connection, if the request came over one.
    pub connection: Option<Arc<Connection>>,
}

/// The memory for pages that are being read, or that their clients have not taken.
#[derive(Clone, Debug)]
pub struct AnswerMemory {
    budget: MemoryBudget,
    unread: Arc<UnreadPages>,
    metrics: Metrics,
}

/// The memory of a page that is being read.
#[derive(Debug)]
pub struct PageMemory {
    reservation: Reservation,
    unread: Arc<UnreadPages>,
    address: IpAddr,
    connection: Option<Arc<Connection>>,
}

/// The memory of a page that its client has not taken.
#[derive(Debug)]
pub struct UnreadMemory {
    _reservation: Reservation,
    unread: Arc<UnreadPages>,
    number: u64,
}

/// The pages that their clients have not taken.
#[derive(Debug, Default)]
struct UnreadPages {
    pages: Mutex<BTreeMap<u64, UnreadPage>>,
    last: AtomicU64,
}

#[derive(Debug)]
struct UnreadPage {
    address: IpAddr,
    bytes: usize,
    connection: Arc<Connection>,
}

impl AnswerMemory {
    /// A memory of `bytes`, and of one page at least.
    pub fn new(bytes: u64, metrics: Metrics) -> Self {
        Self { budget: MemoryBudget::new(bytes, READ_BYTES), unread: Arc::default(), metrics }
    }

    /// Reserves memory for a page that `client` asks for. When there is none, it closes connections
    /// whose clients do not take their pages: those of the client's own address when its share is
    /// exhausted, otherwise those of the address that holds most.
    ///
    /// # Errors
    /// When memory is not available in time.
    pub async fn reserve(&self, client: Client) -> Result<PageMemory, Problem> {
        let Client { address, connection } = client;
        let mut reserve = pin!(self.budget.reserve(address, READ_BYTES));
        let reserved = timeout(RESERVE_TIMEOUT, async {
            loop {
                if let Ok(reserved) = timeout(CLOSE_INTERVAL, &mut reserve).await {
                    return reserved;
                }
                self.close_an_unread_page(address);
            }
        });
        let reservation = reserved.await.map_err(|_| Problem::Busy)?.map_err(|_| Problem::Busy)?;
        Ok(PageMemory { reservation, unread: self.unread.clone(), address, connection })
    }

    /// Closes, of the connections that hold a page, the one that has waited longest for its client.
    fn close_an_unread_page(&self, address: IpAddr) {
        let is_own = self.budget.is_share_exhausted(address, READ_BYTES);
        let closed = self.unread.longest_blocked(is_own.then_some(address));
        if let Some(connection) = closed {
            self.metrics.closed_connections.of(CloseReason::Stalled).inc();
            connection.close();
        }
    }
}

impl PageMemory {
    /// The response with `page` as JSON. It holds its memory until the client has taken it.
    pub fn json(self, page: &impl Serialize) -> HttpResponse {
        let json = match serde_json::to_vec(page) {
            Ok(json) => json,
            Err(error) => {
                tracing::error!(exception.message = %error, "a page cannot be serialized");
                return HttpResponse::from_error(Problem::Internal);
            }
        };
        self.response(json.into())
    }

    /// The response with the JSON `json`. It holds its memory until the client has taken it. Of JSON
    /// that is larger than a page, which several responses share, it holds that of a page.
    pub fn response(self, json: Bytes) -> HttpResponse {
        let memory = self.until_taken(json.len());
        let mut response = HttpResponse::Ok();
        response.insert_header((header::CONTENT_TYPE, "application/json"));
        let mut response = response.body(json);
        response.extensions_mut().insert(HeldUntilSent::new(memory));
        response
    }

    fn until_taken(self, bytes: usize) -> UnreadMemory {
        let Self { reservation, unread, address, connection } = self;
        let number = unread.last.fetch_add(1, Relaxed);
        if let Some(connection) = connection {
            unread.lock().insert(number, UnreadPage { address, bytes, connection });
        }
        UnreadMemory { _reservation: reservation.keep(bytes), unread, number }
    }
}

impl Drop for UnreadMemory {
    fn drop(&mut self) {
        self.unread.lock().remove(&self.number);
    }
}

impl UnreadPages {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, UnreadPage>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that has waited longest for its client, of `address`, or else of the address
    /// with the most bytes.
    fn longest_blocked(&self, address: Option<IpAddr>) -> Option<Arc<Connection>> {
        let pages = self.lock();
        let address = match address {
            Some(address) => address,
            None => largest(pages.values())?,
        };
        let of_address = pages.values().filter(|page| page.address == address);
        let blocked = of_address.filter_map(|page| {
            let since = page.connection.blocked_since()?;
            Some((since, &page.connection))
        });
        blocked.min_by_key(|(since, _)| *since).map(|(_, connection)| Arc::clone(connection))
    }
}

/// The address with the most bytes that its clients do not take.
fn largest<'a>(pages: impl Iterator<Item = &'a UnreadPage>) -> Option<IpAddr> {
    let mut sums = HashMap::<IpAddr, usize>::new();
    for page in pages.filter(|page| page.connection.blocked_since().is_some()) {
        *sums.entry(page.address).or_default() += page.bytes;
    }
    sums.into_iter().max_by_key(|(_, bytes)| *bytes).map(|(address, _)| address)
}

#[cfg(test)]
mod tests {
    use std::{sync::LazyLock, time::Instant};

    use prometheus_client::registry::Registry;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

    fn memory(bytes: u64) -> AnswerMemory {
        AnswerMemory::new(bytes, Metrics::register(&mut Registry::default()))
    }

    fn client(address: u8) -> Client {
        Client { address: IpAddr::from([10, 0, 0, address]), connection: None }
    }

    /// A page that the client at `address` does not take.
    async fn unread(memory: &AnswerMemory, address: u8) -> (Arc<Connection>, UnreadMemory) {
        let connection = Arc::new(Connection::open(*BEGAN));
        connection.write_blocked();
        let client = Client { connection: Some(Arc::clone(&connection)), ..client(address) };
        let page = memory.reserve(client).await.unwrap();
        (connection, page.until_taken(PAGE_BYTES))
    }

    #[actix_web::test]
    async fn page_holds_the_memory_of_its_json_until_it_is_taken() {
        let memory = memory(MIB / 2);
        let page = memory.reserve(client(1)).await.unwrap();
        assert_eq!(memory.reserve(client(2)).await.unwrap_err(), Problem::Busy);
        let answer = page.json(&"x".repeat(300 * 1024));
        assert_eq!(memory.reserve(client(2)).await.unwrap_err(), Problem::Busy);
        drop(answer);
        assert!(memory.reserve(client(2)).await.is_ok());
    }

    #[actix_web::test]
    async fn client_of_the_address_that_holds_most_is_disconnected() {
        let memory = memory(64 * MIB);
        let (alone, _page) = unread(&memory, 1).await;
        let mut held = Vec::new();
        for address in 2..=37 {
            for _ in 0..7 {
                held.push((address, unread(&memory, address).await));
            }
        }
        held.push((38, unread(&memory, 38).await));
        held.push((39, unread(&memory, 39).await));
        assert!(reserved_after_closing(&memory, 40, &mut held).await);
        let is_held = |address: u8| held.iter().any(|(holder, _)| *holder == address);
        assert!(!alone.is_closing() && is_held(38) && is_held(39));
    }

    #[actix_web::test]
    async fn address_with_an_exhausted_share_loses_its_longest_waiting_page() {
        let memory = memory(64 * MIB);
        let (other, _page) = unread(&memory, 1).await;
        let mut held = Vec::new();
        for _ in 0..7 {
            held.push((2, unread(&memory, 2).await));
        }
        let first = held.first().map(|(_, (connection, _))| Arc::clone(connection)).unwrap();
        assert!(reserved_after_closing(&memory, 2, &mut held).await);
        assert!(first.is_closing() && !other.is_closing());
    }

    /// Whether `address` gets memory when closed connections release theirs.
    async fn reserved_after_closing(
        memory: &AnswerMemory,
        address: u8,
        held: &mut Vec<(u8, (Arc<Connection>, UnreadMemory))>,
    ) -> bool {
        let mut reserve = pin!(memory.reserve(client(address)));
        loop {
            if let Ok(reserved) = timeout(CLOSE_INTERVAL, &mut reserve).await {
                return reserved.is_ok();
            }
            held.retain(|(_, (connection, _))| !connection.is_closing());
        }
    }
}
