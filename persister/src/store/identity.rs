use chat::Message;

/// What two messages of one player with one `messageId` must have in common to be the same message.
/// A part that is unknown, since the message was erased or archived, counts as equal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity<'a> {
    /// `player` or `staff`.
    pub sender_type: Option<&'a str>,
    /// The text of the message.
    pub content: Option<&'a str>,
}

impl<'a> From<&'a Message> for Identity<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            sender_type: Some(message.sender_type.as_str()),
            content: Some(message.content.as_str()),
        }
    }
}

impl Identity<'_> {
    /// Whether `message` is this message sent again.
    pub fn is_repeated_by(&self, message: &Message) -> bool {
        let other = Identity::from(message);
        let agree = |one: Option<&str>, other| one.is_none() || one == other;
        agree(self.sender_type, other.sender_type) && agree(self.content, other.content)
    }
}
