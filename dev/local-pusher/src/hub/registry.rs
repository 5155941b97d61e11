use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{Outbox, Subscription, channel::Channel};
use crate::protocol::{ChannelKind, ChannelName, ClientEvent, Frame, ProtocolError, SocketId};

/// All connections, and all channels with subscribers. One lock, under which nothing waits: all
/// subscribers of a channel receive its events in the same order, and only after the confirmation of
/// their subscription.
#[derive(Debug, Default)]
pub struct Hub {
    registry: Mutex<Registry>,
}

#[derive(Debug, Default)]
struct Registry {
    connections: HashMap<SocketId, Connection>,
    channels: BTreeMap<ChannelName, Channel>,
}

#[derive(Debug)]
struct Connection {
    outbox: Outbox,
    channels: HashSet<ChannelName>,
}

impl Hub {
    /// Adds a connection.
    pub fn connect(&self, id: SocketId, outbox: Outbox) {
        let connection = Connection { outbox, channels: HashSet::new() };
        self.lock().connections.insert(id, connection);
    }

    /// Removes a connection and its subscriptions.
    pub fn disconnect(&self, id: &SocketId) {
        self.lock().disconnect(id);
    }

    /// Cuts all connections, and returns their number.
    pub fn disconnect_all(&self) -> usize {
        let mut registry = self.lock();
        let ids: Vec<_> = registry.connections.keys().cloned().collect();
        for connection in registry.connections.values() {
            connection.outbox.cut();
        }
        for id in &ids {
            registry.disconnect(id);
        }
        ids.len()
    }

    /// Subscribes a connection, confirms it to the client, and announces a new member to the others.
    ///
    /// # Errors
    /// The connection is subscribed already, or the presence channel is full.
    pub fn subscribe(
        &self,
        id: &SocketId,
        subscription: Subscription,
    ) -> Result<(), ProtocolError> {
        self.lock().subscribe(id, subscription)
    }

    /// Ends a subscription, if there is one.
    pub fn unsubscribe(&self, id: &SocketId, name: &ChannelName) {
        self.lock().unsubscribe(id, name);
    }

    /// Sends `frame` to the subscribers of the channel, except to `except`.
    pub fn publish(&self, name: &ChannelName, frame: &Frame, except: Option<&SocketId>) {
        self.lock().publish(name, frame, except);
    }

    /// Sends an event of a client to the other subscribers of the channel.
    ///
    /// # Errors
    /// The channel is public or encrypted, or the client is not subscribed to it.
    pub fn publish_from_client(
        &self,
        id: &SocketId,
        event: &ClientEvent,
    ) -> Result<(), ProtocolError> {
        match event.channel.kind() {
            ChannelKind::Private | ChannelKind::Presence => {}
            ChannelKind::Public | ChannelKind::Encrypted => {
                return Err(ProtocolError::invalid(
                    "Client event rejected - only supported on private (non-encrypted) and \
                     presence channels",
                ));
            }
        }
        let registry = self.lock();
        let channel = registry
            .channels
            .get(&event.channel)
            .filter(|channel| channel.contains(id))
            .ok_or_else(|| {
                ProtocolError::invalid("Client event rejected - you didn't subscribe this channel")
            })?;
        let sender = channel.user_of(id);
        let frame = Frame::client_event(&event.channel, &event.name, &event.data, sender);
        registry.publish(&event.channel, &frame, Some(id));
        Ok(())
    }

    /// The number of connections.
    pub fn connection_count(&self) -> usize {
        self.lock().connections.len()
    }

    /// The number of subscriptions of each channel that has any.
    pub fn subscriptions(&self) -> BTreeMap<ChannelName, usize> {
        let registry = self.lock();
        let channels = registry.channels.iter();
        channels.map(|(name, channel)| (name.clone(), channel.subscription_count())).collect()
    }

    /// No code panics in the middle of a change, so a poisoned lock is consistent.
    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    fn subscribe(
        &mut self,
        id: &SocketId,
        Subscription { channel: name, member }: Subscription,
    ) -> Result<(), ProtocolError> {
        let Some(connection) = self.connections.get_mut(id) else {
            return Ok(()); // cut meanwhile
        };
        if connection.channels.contains(&name) {
            let name = name.as_str();
            return Err(ProtocolError::Invalid(format!("Existing subscription to channel {name}")));
        }
        let channel = self.channels.entry(name.clone()).or_default();
        let is_new_user = member.as_ref().is_some_and(|member| !channel.has(&member.id));
        channel.add(&name, id.clone(), member.clone())?;
        let presence = member.as_ref().map(|_| channel.presence());
        connection.channels.insert(name.clone());
        connection.outbox.send(Frame::subscription_succeeded(&name, presence.as_ref()));
        if let Some(member) = member.filter(|_| is_new_user) {
            self.publish(&name, &Frame::member_added(&name, &member), Some(id));
        }
        Ok(())
    }

    fn unsubscribe(&mut self, id: &SocketId, name: &ChannelName) {
        if let Some(connection) = self.connections.get_mut(id) {
            connection.channels.remove(name);
        }
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        let user_who_left = channel.remove(id);
        if channel.is_empty() {
            self.channels.remove(name);
        } else if let Some(user) = user_who_left {
            self.publish(name, &Frame::member_removed(name, &user), None);
        }
    }

    fn disconnect(&mut self, id: &SocketId) {
        let names =
            self.connections.get_mut(id).map(|connection| std::mem::take(&mut connection.channels));
        for name in names.unwrap_or_default() {
            self.unsubscribe(id, &name);
        }
        self.connections.remove(id);
    }

    fn publish(&self, name: &ChannelName, frame: &Frame, except: Option<&SocketId>) {
        let Some(channel) = self.channels.get(name) else {
            return;
        };
        for id in channel.subscribers().filter(|id| Some(*id) != except) {
            if let Some(connection) = self.connections.get(id) {
                connection.outbox.send(frame.clone());
            }
        }
    }
}
