use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret, SecretString};

use crate::{Channels, MasterKey};

/// Who may subscribe to the channels; the prefix of their names expresses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ChannelAccess {
    /// `staff-portal` and `player-{playerId}`: every client that has the app key may subscribe
    Public,
    /// `private-staff-portal` and `private-player-{playerId}`: a subscription needs a signature
    Private,
    /// `private-encrypted-staff-portal` and `private-encrypted-player-{playerId}`: a subscription
    /// needs a signature, and Pusher cannot read the events
    Encrypted,
}

/// The channels. The gateway and the broadcaster must have the same settings.
#[derive(Args, Clone, Debug)]
pub struct ChannelSettings {
    /// Who may subscribe to the channels
    #[arg(
        long,
        env = "PUSHER_CHANNEL_ACCESS",
        value_enum,
        default_value = "private",
        help_heading = "Pusher channels"
    )]
    pub pusher_channel_access: ChannelAccess,

    /// The key from which the keys of encrypted channels are derived: 32 random bytes in base64, such as
    /// those of `openssl rand -base64 32`; required if access is encrypted
    #[arg(
        long,
        env = "PUSHER_ENCRYPTION_MASTER_KEY",
        value_name = "BASE64",
        hide_env_values = true,
        help_heading = "Pusher channels"
    )]
    pub pusher_encryption_master_key: Option<SecretString>,
}

impl ChannelSettings {
    /// The channels.
    ///
    /// # Errors
    /// States what is wrong with the master key of encrypted channels, without showing it.
    pub fn channels(&self) -> Result<Channels, String> {
        match self.pusher_channel_access {
            ChannelAccess::Public => Ok(Channels::Public),
            ChannelAccess::Private => Ok(Channels::Private),
            ChannelAccess::Encrypted => self.master_key().map(Channels::Encrypted),
        }
    }

    fn master_key(&self) -> Result<MasterKey, String> {
        let key = self.pusher_encryption_master_key.as_ref();
        let key = key.filter(|key| !key.expose_secret().is_empty()).ok_or(
            "PUSHER_ENCRYPTION_MASTER_KEY must be given when PUSHER_CHANNEL_ACCESS is encrypted",
        )?;
        let key = MasterKey::parse(key)
            .ok_or("PUSHER_ENCRYPTION_MASTER_KEY must be 32 bytes in base64")?;
        if key.repeats_one_byte() {
            return Err("PUSHER_ENCRYPTION_MASTER_KEY repeats one byte".to_owned());
        }
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channels(access: ChannelAccess, key: Option<&str>) -> Result<Channels, String> {
        let pusher_encryption_master_key = key.map(SecretString::from);
        ChannelSettings { pusher_channel_access: access, pusher_encryption_master_key }.channels()
    }

    #[test]
    fn channels_are_private_by_default() {
        #[derive(clap::Parser)]
        struct Settings {
            #[command(flatten)]
            channels: ChannelSettings,
        }
        let settings = <Settings as clap::Parser>::parse_from(["test"]);
        assert!(matches!(settings.channels.channels(), Ok(Channels::Private)));
    }

    #[test]
    fn only_encrypted_channels_need_a_master_key() {
        assert!(matches!(channels(ChannelAccess::Public, None), Ok(Channels::Public)));
        assert!(matches!(channels(ChannelAccess::Private, None), Ok(Channels::Private)));
        assert!(matches!(channels(ChannelAccess::Private, Some("x")), Ok(Channels::Private)));
        let key = Some("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        assert!(matches!(channels(ChannelAccess::Encrypted, key), Ok(Channels::Encrypted(_))));
    }

    #[test]
    fn an_error_about_the_master_key_is_one_line_and_does_not_show_it() {
        for missing in [None, Some("")] {
            let error = channels(ChannelAccess::Encrypted, missing).unwrap_err();
            assert!(error.contains("must be given"), "{error}");
        }
        let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let error = channels(ChannelAccess::Encrypted, Some(zeros)).unwrap_err();
        assert!(error.ends_with("repeats one byte"), "{error}");
        let long = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g";
        for invalid in ["secret", "AAEC", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", long] {
            let error = channels(ChannelAccess::Encrypted, Some(invalid)).unwrap_err();
            assert_eq!(error, "PUSHER_ENCRYPTION_MASTER_KEY must be 32 bytes in base64");
        }
    }
}
