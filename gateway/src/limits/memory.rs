use super::LimitSettings;
use crate::connections::CONNECTION_BYTES;

const MIB: u64 = 1024 * 1024;

/// What the gateway takes that no setting bounds: the program, its threads, and what is known of callers.
const PROCESS_BYTES: u64 = 48 * MIB;

/// What a read takes on its connection to the database.
const READ_BYTES: u64 = MIB;

/// That the memory is enough for all that the settings allow clients to take at once, with `reads` of the
/// database at a time.
///
/// # Errors
/// Says what takes how much.
pub fn check_memory(settings: &LimitSettings, reads: u64) -> Result<(), String> {
    let connections = u64::from(settings.max_connections) * CONNECTION_BYTES;
    let LimitSettings { memory_limit, request_memory, answer_memory, .. } = settings;
    let parts = [connections, *request_memory, *answer_memory, reads * READ_BYTES, PROCESS_BYTES];
    let needed = parts.into_iter().fold(0, u64::saturating_add);
    if needed <= *memory_limit {
        return Ok(());
    }
    let mib = |bytes: u64| bytes.div_ceil(MIB);
    Err(format!(
        "MEMORY_LIMIT must be {}MiB at least: {}MiB for MAX_CONNECTIONS of {}KiB each, {}MiB for \
         REQUEST_MEMORY, {}MiB for ANSWER_MEMORY, {}MiB for DATABASE_POOL_SIZE and INBOX_POOL_SIZE, and \
         {}MiB for all else; raise it, or lower one of these",
        mib(needed),
        mib(connections),
        CONNECTION_BYTES / 1024,
        mib(*request_memory),
        mib(*answer_memory),
        mib(reads * READ_BYTES),
        mib(PROCESS_BYTES),
    ))
}
