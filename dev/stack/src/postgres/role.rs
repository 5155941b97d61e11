/// The user as which a process connects to the database. `deploy/database/users.sql` creates the
/// users; here they have the password of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseRole {
    /// Owns the tables; migrations run as this user.
    Owner,
    /// Writes to the tables; the persister's.
    Writer,
    /// Reads the tables; the gateway's.
    Reader,
}

impl DatabaseRole {
    pub(crate) const ALL: [Self; 3] = [Self::Owner, Self::Writer, Self::Reader];

    /// `url`, if it has a user and a password, with the user of this role.
    pub fn url(self, url: &str) -> String {
        let replaced = url.split_once("://").and_then(|(scheme, rest)| {
            let (_, password_and_server) = rest.split_once(':').filter(|_| rest.contains('@'))?;
            Some(format!("{scheme}://{}:{password_and_server}", self.user()))
        });
        replaced.unwrap_or_else(|| url.to_owned())
    }

    pub(super) fn user(self) -> &'static str {
        match self {
            Self::Owner => "chat_owner",
            Self::Writer => "chat_writer",
            Self::Reader => "chat_reader",
        }
    }

    /// The setting from which `users.sql` takes the user's password.
    pub(crate) fn password_setting(self) -> &'static str {
        match self {
            Self::Owner => "chat.owner_password",
            Self::Writer => "chat.writer_password",
            Self::Reader => "chat.reader_password",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_replaces_the_user_of_an_address() {
        let url = "postgres://chat_1b:secret@127.0.0.1:5432/chat?application_name=x";
        assert_eq!(
            DatabaseRole::Reader.url(url),
            "postgres://chat_reader:secret@127.0.0.1:5432/chat?application_name=x"
        );
        for nameless in ["postgres://127.0.0.1:5432/chat", "chat"] {
            assert_eq!(DatabaseRole::Writer.url(nameless), nameless);
        }
    }
}
