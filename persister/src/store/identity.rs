use chat::Message;
use uuid::Uuid;

/// What two messages of one player with one `messageId` must have in common to be the same message.
/// A part that is unknown, since the message was erased or archived, counts as equal.
#[derive(Clone, Debug)]
pub(super) struct Identity<'a> {
    /// `player` or `staff`.
    pub sender_type: Option<&'a str>,
    /// The text of the message.
    pub content: Option<&'a str>,
    /// The ids of its files, in their order.
    pub attachment_ids: Option<Vec<Uuid>>,
}

impl<'a> From<&'a Message> for Identity<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            sender_type: Some(message.sender_type.as_str()),
            content: Some(message.content.as_str()),
            attachment_ids: Some(
                message.attachments.iter().map(|file| file.attachment_id).collect(),
            ),
        }
    }
}

impl Identity<'_> {
    /// Whether `message` is this message sent again.
    pub fn is_repeated_by(&self, message: &Message) -> bool {
        let other = Identity::from(message);
        agree(self.sender_type.as_ref(), other.sender_type.as_ref())
            && agree(self.content.as_ref(), other.content.as_ref())
            && agree(self.attachment_ids.as_ref(), other.attachment_ids.as_ref())
    }
}

fn agree<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
    one.is_none() || one == other
}
