use pusher::App;

use crate::protocol::{
    ChannelKind, ChannelName, Member, ProtocolError, SocketId, SubscribeRequest,
};

/// An authorized subscription, with a member for a presence channel.
#[derive(Debug)]
pub struct Subscription {
    pub(super) channel: ChannelName,
    pub(super) member: Option<Member>,
}

impl Subscription {
    /// Checks the credentials of a request of the connection `socket_id`.
    ///
    /// # Errors
    /// An error without a number, with the text of Pusher.
    ///
    /// Source: <https://pusher.com/docs/channels/library_auth_reference/auth-signatures/>.
    pub fn authorize(
        app: &App,
        socket_id: &SocketId,
        request: SubscribeRequest,
    ) -> Result<Self, ProtocolError> {
        let channel = request.channel;
        let auth = request.auth.as_deref();
        match channel.kind() {
            ChannelKind::Public => Ok(Self { channel, member: None }),
            ChannelKind::Private | ChannelKind::Encrypted => {
                verify(app, socket_id, &channel, auth, None)?;
                Ok(Self { channel, member: None })
            }
            ChannelKind::Presence => {
                let data = request.channel_data.ok_or_else(|| {
                    ProtocolError::invalid("Invalid channel_data: a presence channel needs it")
                })?;
                verify(app, socket_id, &channel, auth, Some(&data))?;
                let member = Member::parse(&data).map_err(ProtocolError::invalid)?;
                Ok(Self { channel, member: Some(member) })
            }
        }
    }
}

fn verify(
    app: &App,
    socket_id: &SocketId,
    channel: &ChannelName,
    auth: Option<&str>,
    data: Option<&str>,
) -> Result<(), ProtocolError> {
    let (socket_id, channel) = (socket_id.as_str(), channel.as_str());
    let (key, signature) = auth.and_then(|auth| auth.split_once(':')).ok_or_else(|| {
        ProtocolError::Invalid(format!(
            "Auth value for subscription to {channel} is invalid: \
             should be of format 'key:signature'"
        ))
    })?;
    if key != app.key {
        return Err(ProtocolError::Invalid(format!(
            "Invalid key in subscription auth data: '{key}'"
        )));
    }
    if !pusher::verify_subscription(&app.secret, socket_id, channel, data, signature) {
        let signed = data.map_or_else(String::new, |data| format!(":{data}"));
        return Err(ProtocolError::Invalid(format!(
            "Invalid signature: Expected HMAC SHA256 hex digest of \
             {socket_id}:{channel}{signed}, but got {signature}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app() -> App {
        App { id: "3".to_owned(), key: "key".to_owned(), secret: "secret".into() }
    }

    fn authorize(
        channel: &str,
        auth: Option<&str>,
        data: Option<&str>,
    ) -> Result<Subscription, ProtocolError> {
        let request = SubscribeRequest {
            channel: channel.to_owned().try_into().unwrap(),
            auth: auth.map(str::to_owned),
            channel_data: data.map(str::to_owned),
        };
        Subscription::authorize(&app(), &"1.2".to_owned().try_into().unwrap(), request)
    }

    fn signed(channel: &str, data: Option<&str>) -> String {
        format!("key:{}", pusher::sign_subscription(&app().secret, "1.2", channel, data))
    }

    #[test]
    fn a_public_channel_needs_no_signature() {
        assert!(authorize("room", None, None).is_ok());
    }

    #[test]
    fn a_private_channel_needs_its_own_signature() {
        assert!(authorize("private-a", Some(&signed("private-a", None)), None).is_ok());
        assert!(authorize("private-a", Some(&signed("private-b", None)), None).is_err());
        assert!(authorize("private-a", Some("other:00"), None).is_err());
        assert!(authorize("private-a", Some("nonsense"), None).is_err());
        assert!(authorize("private-a", None, None).is_err());
        let encrypted = "private-encrypted-a";
        assert!(authorize(encrypted, Some(&signed(encrypted, None)), None).is_ok());
        assert!(authorize(encrypted, Some(&signed("private-a", None)), None).is_err());
    }

    #[test]
    fn a_presence_channel_needs_a_signed_member() {
        let (channel, data) = ("presence-a", r#"{"user_id":"1"}"#);
        assert!(authorize(channel, Some(&signed(channel, Some(data))), Some(data)).is_ok());
        assert!(authorize(channel, Some(&signed(channel, None)), Some(data)).is_err());
        assert!(authorize(channel, Some(&signed(channel, None)), None).is_err());
        assert!(authorize(channel, Some(&signed(channel, Some("{}"))), Some("{}")).is_err());
    }
}
