use std::collections::{BTreeMap, HashMap};

use pusher::limits::MAX_PRESENCE_MEMBERS;

use crate::protocol::{ChannelName, Member, Presence, ProtocolError, SocketId, UserId};

/// A channel with at least one subscriber; in a presence channel each has a member.
#[derive(Debug, Default)]
pub(super) struct Channel {
    subscribers: HashMap<SocketId, Option<Member>>,
}

impl Channel {
    /// The subscribed connections.
    pub(super) fn subscribers(&self) -> impl Iterator<Item = &SocketId> {
        self.subscribers.keys()
    }

    /// The number of subscribed connections.
    pub(super) fn subscription_count(&self) -> usize {
        self.subscribers.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.subscribers.is_empty()
    }

    pub(super) fn contains(&self, id: &SocketId) -> bool {
        self.subscribers.contains_key(id)
    }

    /// The user of the connection.
    pub(super) fn user_of(&self, id: &SocketId) -> Option<&UserId> {
        self.subscribers.get(id)?.as_ref().map(|member| &member.id)
    }

    /// Whether any connection is one of `user`.
    pub(super) fn has(&self, user: &UserId) -> bool {
        self.members().any(|member| member.id == *user)
    }

    /// Adds a connection, unless that adds a user to a full channel.
    pub(super) fn add(
        &mut self,
        name: &ChannelName,
        id: SocketId,
        member: Option<Member>,
    ) -> Result<(), ProtocolError> {
        if let Some(member) = &member
            && !self.has(&member.id)
            && self.presence().count >= MAX_PRESENCE_MEMBERS
        {
            return Err(ProtocolError::ChannelFull(name.as_str().to_owned()));
        }
        self.subscribers.insert(id, member);
        Ok(())
    }

    /// Removes a connection. Returns its user if that has no other here.
    pub(super) fn remove(&mut self, id: &SocketId) -> Option<UserId> {
        let member = self.subscribers.remove(id)??;
        (!self.has(&member.id)).then_some(member.id)
    }

    /// The users of the channel.
    pub(super) fn presence(&self) -> Presence {
        let hash: BTreeMap<_, _> =
            self.members().map(|member| (member.id.clone(), member.info.clone())).collect();
        Presence { count: hash.len(), ids: hash.keys().cloned().collect(), hash }
    }

    fn members(&self) -> impl Iterator<Item = &Member> {
        self.subscribers.values().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(channel: &mut Channel, user: usize) -> Result<SocketId, ProtocolError> {
        let id = SocketId::new(channel.subscribers.len() as u64, user as u64);
        let member = Member::parse(&format!(r#"{{"user_id":"{user}"}}"#)).unwrap();
        let name = "presence-a".to_owned().try_into().unwrap();
        channel.add(&name, id.clone(), Some(member)).map(|()| id)
    }

    #[test]
    fn a_user_leaves_with_its_last_connection() {
        let mut channel = Channel::default();
        let (first, second) = (join(&mut channel, 1).unwrap(), join(&mut channel, 1).unwrap());
        assert_eq!(channel.presence().count, 1);
        assert_eq!(channel.remove(&first), None);
        assert!(channel.remove(&second).is_some());
        assert!(channel.is_empty());
    }

    #[test]
    fn a_full_channel_rejects_new_users_and_accepts_connections_of_its_users() {
        let mut channel = Channel::default();
        for user in 0..MAX_PRESENCE_MEMBERS {
            join(&mut channel, user).unwrap();
        }
        assert!(join(&mut channel, MAX_PRESENCE_MEMBERS).is_err());
        assert!(join(&mut channel, 0).is_ok());
    }
}
