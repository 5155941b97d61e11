//! What the gateway does around every handler.

mod close_on_drain;
mod compress;
mod head_as_get;
mod headers;
mod limit_by_address;
mod record_requests;
mod strict_transport_security;

pub use close_on_drain::close_on_drain;
pub use compress::compress;
pub use head_as_get::head_as_get;
pub use headers::{cors, docs_csp, no_store, security_headers};
pub use limit_by_address::{limit_by_address, limit_others_by_address};
pub use record_requests::record_requests;
pub use strict_transport_security::strict_transport_security;
