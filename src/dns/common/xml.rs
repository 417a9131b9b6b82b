//! As much XML as Amazon's replies need: texts between tags without attributes.

/// The texts of all elements of that name, as they stand.
pub(in crate::dns) fn tags<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&open)?;
        let (text, after) = after.split_once(&close)?;
        rest = after;
        Some(text)
    })
}

/// The text of the first element of that name.
pub(in crate::dns) fn tag(xml: &str, name: &str) -> Option<String> {
    let text = tags(xml, name).next()?;
    let entities = [
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
    ];
    let text = entities
        .iter()
        .fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c));
    Some(text.replace("&amp;", "&"))
}

/// A text for an element.
pub(in crate::dns) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
