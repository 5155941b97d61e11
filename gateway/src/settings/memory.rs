use crate::{
    connections::{CONNECTION_BYTES, MAX_WORKERS, WORKER_BYTES},
    limits::LimitSettings,
};

const MIB: u64 = 1024 * 1024;

/// Memory of the program and of the state of rate limits, in bytes.
pub const PROGRAM_BYTES: u64 = 24 * MIB;

/// Memory of one read on its connection to the database.
const READ_BYTES: u64 = MIB;

/// Checks that `MEMORY_LIMIT` is enough for everything that the settings allow clients to take at
/// once, with `reads` concurrent reads of the database, and `files` bytes for attachments.
///
/// # Errors
/// Lists how much each part takes.
pub(super) fn check_memory(settings: &LimitSettings, reads: u64, files: u64) -> Result<(), String> {
    let connections = u64::from(settings.max_connections) * CONNECTION_BYTES;
    let LimitSettings { memory_limit, request_memory, answer_memory, .. } = settings;
    let reads = reads * READ_BYTES;
    // As on the largest machine, so that settings fit on each or on none.
    let process = PROGRAM_BYTES + MAX_WORKERS as u64 * WORKER_BYTES;
    let parts = [connections, *request_memory, *answer_memory, reads, files, process];
    let needed = parts.into_iter().fold(0, u64::saturating_add);
    if needed <= *memory_limit {
        return Ok(());
    }
    let mib = |bytes: u64| bytes.div_ceil(MIB);
    let attachments = match files {
        0 => String::new(),
        files => format!("{}MiB for ATTACHMENT_MEMORY and ATTACHMENT_WORKERS, ", mib(files)),
    };
    Err(format!(
        "MEMORY_LIMIT must be {}MiB at least: {}MiB for MAX_CONNECTIONS of {}KiB each, {}MiB for \
         REQUEST_MEMORY, {}MiB for ANSWER_MEMORY, {}MiB for DATABASE_POOL_SIZE and INBOX_POOL_SIZE, \
         {attachments}and {}MiB for all else; raise it, or lower one of these",
        mib(needed),
        mib(connections),
        CONNECTION_BYTES / 1024,
        mib(*request_memory),
        mib(*answer_memory),
        mib(reads),
        mib(process),
    ))
}
