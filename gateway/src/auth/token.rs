use std::time::Duration;

use chat::{Name, Team};
use clap::Args;
use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use secrecy::ExposeSecret;
use serde::Serialize;
use service::settings::duration;

use super::{
    Caller, TokenAlgorithm,
    claims::{Claims, Role},
    cryptography,
    settings::SignatureSettings,
};
use crate::input::NewName;

/// Makes a token that the gateway accepts.
#[derive(Args, Clone, Debug)]
pub struct TokenCommand {
    /// The role of its bearer
    #[arg(long, value_enum)]
    role: Role,

    /// Its bearer: a player's id, or the portal's id for a member of the staff
    #[arg(long, value_name = "ID")]
    subject: String,

    /// The display name of its bearer
    #[arg(long)]
    name: Option<String>,

    /// The teams of a member of the staff
    #[arg(long, value_name = "TEAM[,TEAM…]", value_delimiter = ',', value_parser = team)]
    teams: Vec<Team>,

    /// Its bearer leads other members of the staff
    #[arg(long)]
    lead: bool,

    /// How many open sessions the member of the staff takes at once
    #[arg(long, value_name = "NUMBER")]
    capacity: Option<u16>,

    /// How long it is valid
    #[arg(long, default_value = "1h", value_parser = duration, value_name = "DURATION")]
    expires_in: Duration,

    /// How it is signed
    #[command(flatten)]
    signature: SignatureSettings,
}

fn team(name: &str) -> Result<Team, String> {
    Team::try_from(name.to_owned()).map_err(|error| error.to_string())
}

#[derive(Serialize)]
struct Signed<'a> {
    #[serde(flatten)]
    claims: &'a Claims,
    iat: u64,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
}

impl TokenCommand {
    /// Signs the token with the secret.
    ///
    /// # Errors
    /// Names what is invalid: a setting that the gateway would reject, or an algorithm that needs a
    /// private key.
    pub fn make(self) -> Result<String, String> {
        let signature = &self.signature;
        if signature.auth_jwt_algorithm != TokenAlgorithm::Hs256 {
            return Err(format!(
                "AUTH_JWT_ALGORITHM must be HS256: only the holder of the private key can sign {} tokens",
                signature.auth_jwt_algorithm
            ));
        }
        let secret = signature.secret()?;
        let name = self.name.map(NewName::try_from).transpose();
        let name = name.map_err(|complaint| format!("--name {complaint}"))?.map(Name::from);
        let claims = Claims {
            sub: self.subject,
            role: self.role,
            name,
            teams: self.teams,
            lead: self.lead,
            bot: false,
            capacity: self.capacity,
        };
        let now = get_current_timestamp();
        let signed = Signed {
            claims: &claims,
            iat: now,
            exp: now.saturating_add(self.expires_in.as_secs()),
            aud: signature.auth_jwt_audience.as_deref(),
            iss: signature.auth_jwt_issuer.as_deref(),
        };
        cryptography::install();
        let key = EncodingKey::from_secret(secret.expose_secret().as_bytes());
        let token = encode(&Header::default(), &signed, &key)
            .map_err(|error| format!("the token cannot be signed: {error}"))?;
        Caller::try_from(claims).map_err(|complaint| format!("--subject {complaint}"))?;
        Ok(token)
    }
}
