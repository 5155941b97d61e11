//! The doors: who a caller is, and what that caller may do.
//!
//! - [`AuthSettings`]: whom the gateway believes.
//! - [`Doors`]: finds out who a caller is, from its token.
//! - [`Caller`]: what that caller may send, read and listen to.
//! - [`TokenCommand`]: makes tokens, for development and for operators.

mod caller;
mod claims;
mod cryptography;
mod doors;
mod key;
mod key_file;
mod key_set;
mod refusal;
mod settings;
mod token;

pub use caller::{Caller, Sender};
pub use doors::Doors;
pub use refusal::{BadToken, Refusal};
pub use settings::{AuthMode, AuthSettings, TokenAlgorithm};
pub use token::TokenCommand;
