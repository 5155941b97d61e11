use std::time::Duration;

use clap::Args;
use lapin::uri::{AMQPScheme, AMQPUri};
use secrecy::{ExposeSecret, SecretString};

use super::{Partition, Partitions, QueueNames};
use service::{TlsSettings, settings::duration, warn_of_cleartext};

/// How to reach RabbitMQ, and the names of the queues.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "RabbitMQ")]
pub struct BrokerSettings {
    /// URL of RabbitMQ, such as amqp://user:password@host:5672/vhost, or several of one cluster,
    /// separated by commas and tried in turn. With amqps:// the connection is encrypted, and RabbitMQ's
    /// certificate must be valid for the host
    #[arg(
        long = "amqp-url",
        env = "AMQP_URL",
        value_name = "URL[,URL…]",
        value_delimiter = ',',
        required = true,
        hide_env_values = true
    )]
    pub amqp_urls: Vec<SecretString>,

    /// Prefix of the names of the exchange and the queues; each system on one broker needs its own
    #[arg(long, env = "QUEUE_PREFIX", default_value = "chat", value_name = "NAME")]
    pub queue_prefix: String,

    /// Bytes that one queue may hold before new messages are rejected. It must be the same for every
    /// service, and the same as when the queues were declared, or RabbitMQ rejects the connection. All
    /// queues together must fit well into the broker's disk
    #[arg(long, env = "QUEUE_MAX_BYTES", default_value_t = 8 * 1024 * 1024 * 1024, value_name = "BYTES")]
    pub queue_max_bytes: u64,

    /// Pairs of queues that players are spread over, by a hash of their ids. It must be the same for every
    /// service. To raise it, restart persisters with it first, then broadcasters, then gateways; to lower
    /// it, gateways, then persisters, then broadcasters
    #[arg(long, env = "QUEUE_PARTITIONS", default_value = "1", value_name = "NUMBER")]
    pub queue_partitions: Partitions,

    /// Time within which RabbitMQ must respond or confirm a publish; the confirm of a large body may take
    /// a second longer for each MiB
    #[arg(long, env = "BROKER_TIMEOUT", default_value = "1500ms", value_parser = duration, value_name = "DURATION")]
    pub broker_timeout: Duration,

    /// The authorities that encrypted connections trust
    #[command(flatten)]
    pub tls: TlsSettings,
}

/// How a worker consumes its queue.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "RabbitMQ")]
pub struct ConsumerSettings {
    /// Time for which a worker holds deliveries that it cannot finish, because the database or Pusher is
    /// down, before it requeues them and starts again. It must be shorter than RabbitMQ's
    /// `consumer_timeout`, after which RabbitMQ closes the channel: 30 minutes by default
    #[arg(long, env = "DELIVERY_HOLD", default_value = "25m", value_parser = duration, value_name = "DURATION")]
    pub delivery_hold: Duration,
}

impl BrokerSettings {
    /// The names of the exchange and the queues.
    pub fn names(&self) -> QueueNames {
        QueueNames::new(&self.queue_prefix)
    }

    /// The span that names the partition in log lines, where there are several.
    pub fn span(&self, partition: Partition) -> tracing::Span {
        match (self.queue_partitions.count(), partition) {
            (1, Partition::FIRST) => tracing::Span::none(),
            _ => tracing::info_span!("partition", number = partition.number()),
        }
    }

    /// Warns if a RabbitMQ on another machine is reached without encryption.
    pub fn warn_of_cleartext(&self) {
        let addresses = self.amqp_urls.iter().map(|url| url.expose_secret().parse::<AMQPUri>());
        let plain = addresses.flatten().filter(|address| address.scheme == AMQPScheme::AMQP);
        let hosts: Vec<_> = plain.map(|address| address.authority.host).collect();
        warn_of_cleartext("AMQP_URL", hosts.iter().map(String::as_str));
    }

    /// Checks the settings that clap does not.
    ///
    /// # Errors
    /// Names the invalid setting, and shows no secret.
    pub fn check(&self) -> Result<(), String> {
        let well_formed =
            self.amqp_urls.iter().all(|url| url.expose_secret().parse::<AMQPUri>().is_ok());
        if !well_formed {
            return Err("AMQP_URL must be amqp:// or amqps:// URLs separated by commas".into());
        }
        Ok(())
    }
}
