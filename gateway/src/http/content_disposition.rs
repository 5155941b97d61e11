use actix_web::http::header::{
    Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};
use chat::FileName;

/// The value of `Content-Disposition` for a file, which is shown if `is_inline`, or else saved. The name is
/// given in ASCII, too, for old clients.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6266>.
pub fn content_disposition(name: &FileName, is_inline: bool) -> String {
    let plain = |character: char| match character {
        ' '..='~' if !matches!(character, '"' | '\\' | '%') => character,
        _ => '_',
    };
    let ascii: String = name.as_str().chars().map(plain).collect();
    let mut parameters = vec![DispositionParam::Filename(ascii.clone())];
    if ascii != name.as_str() {
        parameters.push(DispositionParam::FilenameExt(ExtendedValue {
            charset: Charset::Ext("UTF-8".to_owned()),
            language_tag: None,
            value: name.as_str().as_bytes().to_vec(),
        }));
    }
    let disposition = match is_inline {
        true => DispositionType::Inline,
        false => DispositionType::Attachment,
    };
    ContentDisposition { disposition, parameters }.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_quoted_in_ascii_and_encoded_in_utf_8() {
        let value = |name: &str, is_inline| {
            content_disposition(&FileName::try_from(name.to_owned()).unwrap(), is_inline)
        };
        assert_eq!(value("boss 1.png", true), "inline; filename=\"boss 1.png\"");
        assert_eq!(
            value("größe\".pdf", false),
            "attachment; filename=\"gr__e_.pdf\"; filename*=UTF-8''gr%C3%B6%C3%9Fe%22.pdf"
        );
        assert_eq!(
            value("a%41.txt", false),
            "attachment; filename=\"a_41.txt\"; filename*=UTF-8''a%2541.txt"
        );
        let hostile = value("x\u{202e}; filename=evil.html", false);
        assert!(hostile.is_ascii() && !hostile.contains(['\r', '\n']), "{hostile}");
    }
}
