use std::str::FromStr;

use actix_web::http::Uri;

/// The origin of a page, such as `https://portal.example`, as browsers serialize it.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6454#section-6.2>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl std::ops::Deref for Origin {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "must be an origin, such as https://portal.example, without a path";
        let uri = Uri::from_str(text).map_err(|_| EXPECTED)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(EXPECTED);
        };
        let written = format!("{scheme}://{}", authority.as_str().to_ascii_lowercase());
        if matches!(scheme, "http" | "https") && written == text {
            Ok(Self(written))
        } else {
            Err(EXPECTED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_a_scheme_and_a_host() {
        for good in ["https://portal.example", "http://localhost:5173", "http://[::1]:80"] {
            assert!(good.parse::<Origin>().is_ok(), "{good}");
        }
        for bad in
            ["*", "", "portal.example", "https://a/", "https://a/b", "https://A", "ftp://a", "null"]
        {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
    }
}
