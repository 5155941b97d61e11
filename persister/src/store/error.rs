use diesel::result::{DatabaseErrorKind, Error};

/// Why a batch was not written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database never accepts the batch: one of its events violates a constraint or cannot be
    /// represented in the database.
    #[error("refused by the database: {0}")]
    Refused(String),
    /// The database cannot be used. The connection must be dropped.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let is_final = match &error {
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
        // Every other error counts as an outage: waiting loses nothing.
        if is_final {
            Self::Refused(error.to_string())
        } else {
            Self::Unavailable(error.to_string())
        }
    }
}
