/// Chooses the cryptography that TLS to RabbitMQ and Pusher uses in this process: *ring*, which
/// builds without further tools. To be called once, before the first connection.
pub fn install_crypto() {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("the process had chosen its cryptography already");
    }
}
