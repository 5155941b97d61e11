use diesel::result::{DatabaseErrorKind, Error};

/// Why a batch was not written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database will never take it: there is an event in it that breaks a constraint or has no
    /// form in the database.
    #[error("refused by the database: {0}")]
    Refused(String),
    /// Another persister wrote the same message at the same moment. Trying again finds it there.
    #[error("another persister wrote one of its messages at the same moment")]
    Raced,
    /// The database cannot be used at the moment; the connection is to be given up.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let will_never_do = match &error {
            Error::DatabaseError(kind, _) => matches!(
                kind,
                DatabaseErrorKind::UniqueViolation
                    | DatabaseErrorKind::ForeignKeyViolation
                    | DatabaseErrorKind::NotNullViolation
                    | DatabaseErrorKind::CheckViolation
                    | DatabaseErrorKind::ExclusionViolation
                    | DatabaseErrorKind::RestrictViolation
            ),
            Error::SerializationError(_) => true,
            _ => false,
        };
        // Everything else, known or not, is taken for an outage: waiting loses nothing.
        if will_never_do {
            Self::Refused(error.to_string())
        } else {
            Self::Unavailable(error.to_string())
        }
    }
}
