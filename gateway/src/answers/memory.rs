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
use serde::Serialize;
use tokio::time::timeout;

use super::PAGE_BYTES;
use crate::{
    connections::{Connection, HeldUntilSent},
    limits::{MemoryBudget, Reservation},
    metrics::{CloseReason, Metrics},
    problem::Problem,
};

/// What a page may take while it is made: its rows, and its JSON.
const BYTES_OF_A_READ: usize = 2 * PAGE_BYTES;

/// How long a page waits for memory.
const RESERVE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long it waits until the gateway closes a connection whose client does not take its answer.
const CLOSE_INTERVAL: Duration = Duration::from_millis(10);

/// The client of a read.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// Its connection, if the request came over one.
    pub connection: Option<Arc<Connection>>,
}

/// The memory for pages that are being read, or that their clients have not yet taken.
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

/// The memory of a page that its client has not yet taken.
#[derive(Debug)]
pub struct UnreadMemory {
    _reservation: Reservation,
    unread: Arc<UnreadPages>,
    number: u64,
}

/// The pages that their clients have not yet taken.
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
    /// A memory of `bytes`, or of one page where that is more.
    pub fn new(bytes: u64, metrics: Metrics) -> Self {
        Self { budget: MemoryBudget::new(bytes, BYTES_OF_A_READ), unread: Arc::default(), metrics }
    }

    /// Reserves memory for a page that `client` asks for. Where there is none, connections are closed
    /// whose clients do not take their pages: those of the client's own address when its share is used
    /// up, otherwise those of the address that holds most.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn reserve(&self, client: Client) -> Result<PageMemory, Problem> {
        let Client { address, connection } = client;
        let mut reserve = pin!(self.budget.reserve(address, BYTES_OF_A_READ));
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

    /// Closes the connection that has waited longest for its client among those that hold a page, so that
    /// `address` gets memory.
    fn close_an_unread_page(&self, address: IpAddr) {
        let of_own = self.budget.is_share_exhausted(address, BYTES_OF_A_READ);
        let closed = self.unread.longest_blocked(of_own.then_some(address));
        if let Some(connection) = closed {
            self.metrics.closed_connections.of(CloseReason::Stalled).inc();
            connection.close();
        }
    }
}

impl PageMemory {
    /// An answer of `page` as JSON, which holds as much memory as it needs until its client has taken it.
    pub fn json(self, page: &impl Serialize) -> HttpResponse {
        let json = match serde_json::to_vec(page) {
            Ok(json) => json,
            Err(error) => {
                tracing::error!(cause = %error, "a page cannot be written as JSON");
                return HttpResponse::from_error(Problem::Internal);
            }
        };
        let memory = self.until_taken(json.len());
        let mut answer = HttpResponse::Ok();
        answer.insert_header((header::CONTENT_TYPE, "application/json"));
        let mut answer = answer.body(json);
        answer.extensions_mut().insert(HeldUntilSent::new(memory));
        answer
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

    /// The connection that has waited longest for its client, of `address` or of the address whose pages
    /// take most.
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

/// The address whose clients hold most while they do not take it.
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

    /// A page of `address` that its client does not take.
    async fn unread(memory: &AnswerMemory, address: u8) -> (Arc<Connection>, UnreadMemory) {
        let connection = Arc::new(Connection::open(*BEGAN));
        connection.write_blocked();
        let client = Client { connection: Some(Arc::clone(&connection)), ..client(address) };
        let page = memory.reserve(client).await.unwrap();
        (connection, page.until_taken(PAGE_BYTES))
    }

    #[actix_web::test]
    async fn a_page_holds_what_its_json_needs_until_it_is_taken_and_others_are_told_to_come_again()
    {
        let memory = memory(MIB / 2);
        let page = memory.reserve(client(1)).await.unwrap();
        assert_eq!(memory.reserve(client(2)).await.unwrap_err(), Problem::Busy);
        let answer = page.json(&"x".repeat(300 * 1024));
        assert_eq!(memory.reserve(client(2)).await.unwrap_err(), Problem::Busy);
        drop(answer);
        assert!(memory.reserve(client(2)).await.is_ok());
    }

    #[actix_web::test]
    async fn of_clients_that_take_no_page_one_of_the_address_with_most_is_disconnected() {
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
    async fn an_address_whose_share_is_used_up_loses_its_own_longest_waiting_page() {
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

    /// Whether `address` gets memory while connections that are closed give theirs back.
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
