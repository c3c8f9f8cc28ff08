//! Texts in which names stand for what a command is about.

use std::fmt;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Slot {
    /// The host name of the front end.
    FrontEnd,
    /// The name of its upgrade domain, or of the one that is asked about.
    Domain,
    /// The host name of the pool.
    Pool,
    /// The host name of the partner.
    Partner,
    /// How services are stopped: `graceful` or `immediate`.
    Mode,
}

impl Slot {
    const ALL: [(&'static str, Slot); 5] = [
        ("front_end", Slot::FrontEnd),
        ("domain", Slot::Domain),
        ("pool", Slot::Pool),
        ("partner", Slot::Partner),
        ("mode", Slot::Mode),
    ];

    /// The name, as it is written between braces.
    pub fn name(self) -> &'static str {
        Slot::ALL[self as usize].0
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Slot(Slot),
}

/// A text with names in it, read once.
///
/// ```
/// use poolroll::plan::{Slot, Template};
///
/// let template = Template::parse("http://{front_end}/{{x}}").unwrap();
/// assert_eq!(template.filled(|slot| match slot {
///     Slot::FrontEnd => "web1".to_owned(),
///     _ => String::new(),
/// }), "http://web1/{x}");
/// assert!(Template::parse("{frontend}").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Template(Vec<Piece>);

/// Why a text is no template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotATemplate {
    /// A name that stands for nothing, as it was written.
    Unknown(String),
    /// A brace without its other.
    Brace,
}

impl fmt::Display for NotATemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotATemplate::Unknown(name) => write!(f, "`{{{}}}` stands for nothing", name.escape_debug()),
            NotATemplate::Brace => f.write_str("a brace stands alone"),
        }
    }
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    ///
    /// A name between braces that stands for nothing, or a brace without its other.
    pub fn parse(text: &str) -> Result<Template, NotATemplate> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            let after = &rest[at + 1..];
            if let Some(doubled) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = doubled;
                continue;
            }
            let name = (brace == "{").then(|| after.split_once('}')).flatten();
            let Some((name, after)) = name else { return Err(NotATemplate::Brace) };
            let known = Slot::ALL.iter().find(|(known, _)| *known == name);
            let (_, slot) = known.ok_or_else(|| NotATemplate::Unknown(name.to_owned()))?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Slot(*slot));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Template(pieces))
    }

    /// A text in which nothing stands for anything else.
    pub fn literal(text: &str) -> Template {
        Template(vec![Piece::Text(text.to_owned())])
    }

    /// The names in it.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Slot(slot) => Some(*slot),
            Piece::Text(_) => None,
        })
    }

    /// The text with what the names stand for. What is put in is never read again, so it can hold braces.
    pub fn filled(&self, mut value: impl FnMut(Slot) -> String) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Slot(slot) => value(*slot),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        Template::parse(text).unwrap().filled(|slot| format!("<{}>", slot.name()))
    }

    #[test]
    fn names_stand_alone_or_in_a_word() {
        assert_eq!(filled("{front_end}"), "<front_end>");
        assert_eq!(filled("a{pool}b{mode}{domain}"), "a<pool>b<mode><domain>");
        assert_eq!(filled(""), "");
        assert_eq!(filled("plain"), "plain");
    }

    #[test]
    fn doubled_braces_are_braces() {
        assert_eq!(filled("{{front_end}}"), "{front_end}");
        assert_eq!(filled("}}{{{partner}}}"), "}{<partner>}");
    }

    #[test]
    fn what_stands_for_nothing_is_refused() {
        for text in ["{", "}", "{front_end", "front_end}", "{a}{", "x } y"] {
            assert!(
                matches!(Template::parse(text), Err(NotATemplate::Brace | NotATemplate::Unknown(_))),
                "{text}"
            );
        }
        for (text, name) in
            [("{}", ""), ("{Pool}", "Pool"), ("{ pool }", " pool "), ("{front-end}", "front-end")]
        {
            assert_eq!(Template::parse(text), Err(NotATemplate::Unknown(name.into())), "{text}");
        }
    }

    #[test]
    fn what_is_put_in_is_not_read_again() {
        let template = Template::parse("{pool}").unwrap();
        assert_eq!(template.filled(|_| "{mode}".into()), "{mode}");
    }
}
