//! The form of host names: what is wrong with one, in words, and what to write instead.

use core::net::IpAddr;

use crate::plan::Product;

/// What is wrong with a name, and the next move.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Follows the quoted name: "ends in a dot".
    pub(super) what: String,
    /// What to write instead.
    pub(super) help: String,
}

impl Fault {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Option<Fault> {
        Some(Fault { what: what.into(), help: help.into() })
    }
}

/// The longest name that DNS has.
const LONGEST_NAME: usize = 253;
/// The longest part of a name between two dots.
const LONGEST_LABEL: usize = 63;

/// What is wrong with a host name; `None` when nothing is. A generic pool may use names of one label, underscores and
/// IP addresses; every other product needs a fully qualified name.
pub(super) fn fault(name: &str, product: Product) -> Option<Fault> {
    let generic = product == Product::Generic;
    if plain(name, generic) {
        return None;
    }
    if name.is_empty() {
        return Fault::new("is empty", "write the fully qualified name, such as `fe01.contoso.com`");
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        let help =
            "write the fully qualified name of the server: the product knows it by that, not by an address";
        return if generic { None } else { Fault::new(format!("is an IP {}", version(address)), help) };
    }
    character(name, generic).or_else(|| labels(name, generic))
}

/// What is wrong with a fully qualified name, in words; `None` when nothing is.
pub fn host_name_fault(name: &str) -> Option<String> {
    fault(name, Product::LyncServer2013).map(|fault| format!("it {}; {}", fault.what, fault.help))
}

fn version(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "version 4 address" } else { "version 6 address" }
}

/// The quick look that nearly every name passes, in one go and without words. Stricter than the slow one: it leaves
/// what ends in a number, as addresses do, to that.
fn plain(name: &str, generic: bool) -> bool {
    let (mut label, mut last, mut digits, mut dots) = (0, b'.', true, 0);
    for byte in name.bytes() {
        let good = match byte {
            b'.' => label > 0 && last != b'-',
            b'-' => label > 0,
            b'_' => generic,
            _ => byte.is_ascii_alphanumeric(),
        };
        (label, digits) = if byte == b'.' { (0, true) } else { (label + 1, digits && byte.is_ascii_digit()) };
        if !good || label > LONGEST_LABEL {
            return false;
        }
        dots += usize::from(byte == b'.');
        last = byte;
    }
    !digits && last != b'-' && name.len() <= LONGEST_NAME && (generic || dots > 0)
}

/// Whether the last label is a number, as in an address and in no name.
fn looks_numeric(name: &str) -> bool {
    name.contains(':') || name.rsplit('.').next().is_some_and(|last| !last.is_empty() && all_digits(last))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The first character that no host name has.
fn character(name: &str, generic: bool) -> Option<Fault> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || (generic && c == '_');
    let wrong = name.chars().find(|c| !allowed(*c))?;
    if let Some((scheme, rest)) = name.split_once("://") {
        let host = rest.split(['/', ':']).next().unwrap_or(rest);
        return Fault::new(format!("begins with `{scheme}://`"), format!("write the host alone: `{host}`"));
    }
    match wrong {
        c if c.is_whitespace() => Fault::new("contains white space", "write it without"),
        '\'' | '"' | '`' => Fault::new(
            format!("contains a quote, {wrong}"),
            "one pair of quotes around the name is enough; YAML needs none",
        ),
        ':' => Fault::new("contains a colon", "leave the port out: `acceptance.ports` has a place for ports"),
        '\\' | '/' => Fault::new(
            format!("contains `{wrong}`"),
            "write the DNS name of the server, such as `fe01.contoso.com`, without a path or an account",
        ),
        '_' => Fault::new(
            "contains an underscore",
            "the product's names have letters, digits and hyphens alone; `Get-CsComputer -Pool` lists them",
        ),
        '*' => Fault::new("contains `*`", "list each front end by its own name"),
        c if c.is_ascii() => {
            Fault::new(format!("contains `{}`", c.escape_default()), "use letters, digits, hyphens and dots")
        }
        c => look_alike(c),
    }
}

/// A character that is not ASCII, which is most often one that looks as if it were.
fn look_alike(wrong: char) -> Option<Fault> {
    let code = u32::from(wrong);
    let help_otherwise = "type the name anew; if it is an internationalised name, write its `xn--` form";
    match LOOK_ALIKES.iter().find(|(lookalikes, _)| lookalikes.contains(wrong)) {
        Some((_, meant)) => Fault::new(
            format!("contains `{wrong}` (U+{code:04X}), which looks like `{meant}` and is another character"),
            "type the name anew instead of copying it",
        ),
        None => Fault::new(format!("contains `{}` (U+{code:04X})", wrong.escape_debug()), help_otherwise),
    }
}

/// Characters that documents and mail programs put in place of the plain one.
const LOOK_ALIKES: [(&str, char); 19] = [
    ("\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2212}\u{ff0d}", '-'),
    ("\u{3002}\u{ff0e}\u{2024}\u{00b7}", '.'),
    ("\u{0430}\u{03b1}", 'a'),
    ("\u{0441}\u{03f2}", 'c'),
    ("\u{0501}", 'd'),
    ("\u{0435}", 'e'),
    ("\u{04bb}", 'h'),
    ("\u{0456}\u{03b9}\u{0131}", 'i'),
    ("\u{0458}", 'j'),
    ("\u{043a}\u{03ba}", 'k'),
    ("\u{04cf}", 'l'),
    ("\u{043c}", 'm'),
    ("\u{043e}\u{03bf}", 'o'),
    ("\u{0440}\u{03c1}", 'p'),
    ("\u{0455}", 's'),
    ("\u{03c5}", 'u'),
    ("\u{03bd}", 'v'),
    ("\u{0445}", 'x'),
    ("\u{0443}", 'y'),
];

/// What is wrong with the parts of a name whose characters are all right.
fn labels(name: &str, generic: bool) -> Option<Fault> {
    if let Some(rest) = name.strip_suffix('.') {
        return Fault::new("ends in a dot", format!("write `{rest}`"));
    }
    if name.len() > LONGEST_NAME {
        let what = format!("has {} characters; a host name has at most {LONGEST_NAME}", name.len());
        return Fault::new(what, "check that this is one name");
    }
    for label in name.split('.') {
        if label.is_empty() {
            let what = if name.starts_with('.') { "begins with a dot" } else { "has two dots in a row" };
            return Fault::new(what, "write one dot between two parts of a name");
        }
        if label.len() > LONGEST_LABEL {
            let what = format!("has a part of {} characters; {LONGEST_LABEL} is the most", label.len());
            return Fault::new(what, "check that no dot is missing");
        }
        if label.starts_with('-') || label.ends_with('-') {
            let what = format!("has the part `{label}`, which begins or ends with a hyphen");
            return Fault::new(what, "hyphens stand between letters or digits");
        }
    }
    if looks_numeric(name) && name.contains('.') {
        return Fault::new("ends in a number, as an IP address does, and is none", "check its digits");
    }
    if !generic && !name.contains('.') {
        let help = format!("write the fully qualified name, such as `{name}.contoso.com`");
        return Fault::new("is not fully qualified", help);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(name: &str, product: Product) -> Option<String> {
        fault(name, product).map(|fault| fault.what)
    }

    #[test]
    fn good_names_have_no_fault() {
        for name in ["fe01.contoso.com", "FE-01.a.b", "1.example", &format!("{}.de", "a".repeat(63))] {
            assert_eq!(what(name, Product::LyncServer2013), None, "{name}");
        }
        for name in ["web-1", "web_1", "42", "10.0.0.1", "fe80::1", "web1.local"] {
            assert_eq!(what(name, Product::Generic), None, "{name}");
        }
    }

    #[test]
    fn each_fault_has_its_words() {
        let long = format!("{}a.de", "a.".repeat(130));
        let label = format!("{}.de", "a".repeat(64));
        for (name, words) in [
            ("", "is empty"),
            ("fe01", "not fully qualified"),
            ("fe01.contoso.com.", "ends in a dot"),
            (".contoso.com", "begins with a dot"),
            ("fe01..com", "two dots"),
            ("fe 01.contoso.com", "white space"),
            ("'fe01.contoso.com'", "quote"),
            ("fe01.contoso.com:5061", "colon"),
            ("https://fe01.contoso.com/x", "begins with `https://`"),
            ("CONTOSO\\fe01.contoso.com", "contains `\\`"),
            ("fe_01.contoso.com", "underscore"),
            ("fe01.c\u{043e}ntoso.com", "U+043E"),
            ("fe01\u{2013}a.contoso.com", "looks like `-`"),
            ("fé01.contoso.com", "U+00E9"),
            ("fe*.contoso.com", "`*`"),
            ("-fe.contoso.com", "hyphen"),
            ("10.0.0.1", "IP version 4"),
            ("10.0.0.300", "is none"),
            (long.as_str(), "at most 253"),
            (label.as_str(), "64 characters"),
        ] {
            let fault = what(name, Product::SkypeForBusiness2019).unwrap_or_default();
            assert!(fault.contains(words), "{name}: {fault}");
        }
    }

    #[test]
    fn the_quick_look_and_the_slow_one_agree() {
        for name in
            ["a.b", "a", "-a.b", "a..b", "a.b.", "a_b.c", "a.1", "1.1.1.1", "a b.c", "é.b", "a:b", "::1", "1"]
        {
            for product in [Product::Generic, Product::LyncServer2013] {
                let generic = product == Product::Generic;
                let slow = character(name, generic).or_else(|| labels(name, generic)).is_none();
                let numeric = name.rsplit('.').next().is_some_and(all_digits);
                assert_eq!(slow && !numeric, plain(name, generic), "{name} {product:?}");
            }
        }
    }
}
