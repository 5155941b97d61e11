use super::RabbitMq;

/// What a parted node takes the other nodes' secret to be.
const WRONG: &str = "parted";

impl RabbitMq {
    /// Parts this node from others of its cluster as a broken network would: neither side reaches
    /// the other, while clients reach both, until they [rejoin](Self::rejoin) or this node is started
    /// again. All are left at once, since nodes that see each other do not put up with a third that
    /// only one of them sees.
    ///
    /// # Errors
    /// Those of [`control`](Self::control).
    pub async fn part_from(&self, others: &[&Self]) -> anyhow::Result<()> {
        // Nodes only speak with those whose secret is theirs, and it is enough if one of two does
        // not recognise the other.
        let refuse = each(others, |other| format!("erlang:set_cookie('{other}', {WRONG})"));
        let leave = each(others, |other| format!("erlang:disconnect_node('{other}')"));
        self.control(&["eval", &format!("{refuse}{leave}ok.")]).await?;
        Ok(())
    }

    /// Lets this node and others that it was parted from reach each other again. That they do so
    /// takes them some seconds: they try now and then.
    ///
    /// # Errors
    /// Those of [`control`](Self::control).
    pub async fn rejoin(&self, others: &[&Self]) -> anyhow::Result<()> {
        let trust =
            each(others, |other| format!("erlang:set_cookie('{other}', erlang:get_cookie())"));
        self.control(&["eval", &format!("{trust}ok.")]).await?;
        Ok(())
    }
}

fn each(nodes: &[&RabbitMq], act: impl Fn(&str) -> String) -> String {
    nodes.iter().map(|node| act(&node.name) + ", ").collect()
}
