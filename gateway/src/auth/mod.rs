//! Authentication and authorization.
//!
//! - [`AuthSettings`], [`AuthConfig`]: the keys and the claims that tokens must have.
//! - [`Authenticator`]: verifies a token and returns its [`Caller`].
//! - [`Actor`]: the member of the staff who changes something.
//! - [`Caller`]: who calls, and what that caller may send, read and subscribe to.
//! - [`StaffProfile`]: what else a token says of a member of the staff.
//! - [`TokenCommand`]: makes tokens, for development and for operators.

mod auth_error;
mod authenticator;
mod caller;
mod claims;
mod cryptography;
mod key;
mod key_file;
mod key_set;
mod settings;
mod staff_profile;
mod token;

pub use auth_error::{AuthError, BadToken};
pub use authenticator::Authenticator;
pub use caller::{Actor, Caller, Sender};
pub use claims::Role;
pub(crate) use cryptography::install as install_cryptography;
pub use settings::{AuthConfig, AuthMode, AuthSettings, TokenAlgorithm, TokenConfig};
pub use staff_profile::StaffProfile;
pub use token::TokenCommand;
