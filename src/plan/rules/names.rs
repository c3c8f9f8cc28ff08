//! The names of a plan: their form, that each stands for one thing, and the way from a name to its id.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use super::{count, fqdn, near};
use crate::document::{Code, Finding, Findings, Span, Spanned};
use crate::plan::written::{DomainText, PlanText};
use crate::plan::{DomainId, FrontEndId, MAX_FRONT_ENDS};

/// The names of front ends and upgrade domains, with their ids. Capitals do not tell two names apart.
pub(in crate::plan) struct Names<'a> {
    front_ends: HashMap<Folded<'a>, Listed, Hashes>,
    domains: HashMap<Folded<'a>, (DomainId, Span), Hashes>,
}

/// Where a front end is listed.
#[derive(Clone, Copy)]
struct Listed {
    id: FrontEndId,
    domain: DomainId,
    span: Span,
}

/// A hash that is the same in every process, for names that the reader has already bounded in number and in size.
type Hashes = BuildHasherDefault<Mix>;

/// Multiplies and folds eight bytes at a time. Capitals are lost on the way, and so are a few characters that no name has.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        const CAPITALS: u64 = 0x2020_2020_2020_2020;
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        for word in words.iter().chain([&last]) {
            let mixed = (self.0 ^ (u64::from_le_bytes(*word) | CAPITALS)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 = mixed ^ (mixed >> 32);
        }
    }

    fn finish(&self) -> u64 {
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// A name without its capitals; nothing is copied.
#[derive(Clone, Copy)]
struct Folded<'a>(&'a str);

impl PartialEq for Folded<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for Folded<'_> {}

impl Hash for Folded<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0.as_bytes());
    }
}

impl<'a> Names<'a> {
    /// Reads all names, and reports those that are malformed or stand for more than one thing.
    pub(in crate::plan) fn collect(text: &'a PlanText, findings: &mut Findings) -> Names<'a> {
        let domains = &text.pool.upgrade_domains;
        let total = domains.iter().map(|domain| domain.front_ends.len()).sum::<usize>();
        if total > MAX_FRONT_ENDS {
            findings.push(too_many(total, &text.pool.fqdn));
        }
        let mut names = Names {
            front_ends: HashMap::with_capacity_and_hasher(total.min(MAX_FRONT_ENDS), Hashes::default()),
            domains: HashMap::with_capacity_and_hasher(domains.len().min(MAX_FRONT_ENDS), Hashes::default()),
        };
        let mut ids = (0u16..).map(FrontEndId).take(MAX_FRONT_ENDS);
        for (domain, index) in domains.iter().zip(0u16..) {
            names.add_domain(DomainId(index), domain, findings);
            for (fqdn, id) in domain.front_ends.iter().zip(&mut ids) {
                names.add_front_end(
                    text,
                    Listed { id, domain: DomainId(index), span: fqdn.span() },
                    fqdn,
                    findings,
                );
            }
        }
        names
    }

    fn add_domain(&mut self, id: DomainId, domain: &'a DomainText, findings: &mut Findings) {
        label_form(&domain.name, "an upgrade domain", findings);
        if domain.front_ends.is_empty() {
            findings.push(
                Finding::new(
                    Code::DomainEmpty,
                    format!("upgrade domain `{}` has no front ends", *domain.name),
                    "list its front ends, or remove the domain",
                )
                .at(domain.front_ends.span(), "no front end")
                .at(domain.name.span(), "this domain"),
            );
        }
        match self.domains.entry(Folded(&domain.name)) {
            Entry::Vacant(free) => {
                free.insert((id, domain.name.span()));
            }
            Entry::Occupied(taken) => findings.push(
                Finding::new(
                    Code::DomainRepeated,
                    format!("two upgrade domains are called `{}`", *domain.name),
                    "list the front ends of one domain together, or correct the name; capitals do not count",
                )
                .at(domain.name.span(), "the second")
                .at(taken.get().1, "the first"),
            ),
        }
    }

    fn add_front_end(
        &mut self,
        text: &'a PlanText,
        listed: Listed,
        fqdn: &'a Spanned<String>,
        findings: &mut Findings,
    ) {
        host_form(text, fqdn, "a front end", findings);
        if fqdn.eq_ignore_ascii_case(&text.pool.fqdn) {
            findings.push(
                Finding::new(
                    Code::FrontEndIsPool,
                    format!("`{}` is the name of the pool, not of a front end", **fqdn),
                    "write the name of the server; `Get-CsComputer -Pool` lists them",
                )
                .at(fqdn.span(), "listed as a front end")
                .at(text.pool.fqdn.span(), "the pool"),
            );
        }
        match self.front_ends.entry(Folded(fqdn)) {
            Entry::Vacant(free) => {
                free.insert(listed);
            }
            Entry::Occupied(first) => findings.push(repeated(text, *first.get(), listed, fqdn)),
        }
    }

    /// The id of a front end, capitals apart.
    pub(in crate::plan) fn front_end(&self, fqdn: &str) -> Option<FrontEndId> {
        self.front_ends.get(&Folded(fqdn)).map(|listed| listed.id)
    }

    /// Where a front end is listed in its domain.
    pub(super) fn front_end_span(&self, fqdn: &str) -> Option<Span> {
        self.front_ends.get(&Folded(fqdn)).map(|listed| listed.span)
    }

    /// The id of an upgrade domain, capitals apart.
    pub(in crate::plan) fn domain(&self, name: &str) -> Option<DomainId> {
        self.domains.get(&Folded(name)).map(|(id, _)| *id)
    }

    /// How many front ends there are, each counted once.
    pub(in crate::plan) fn front_ends(&self) -> usize {
        self.front_ends.len()
    }

    /// The front end that a misspelt name means.
    pub(super) fn front_end_near(&self, name: &str) -> Option<&'a str> {
        near::nearest(name, self.front_ends.keys().map(|folded| folded.0))
    }

    /// The upgrade domain that a misspelt name means.
    pub(super) fn domain_near(&self, name: &str) -> Option<&'a str> {
        near::nearest(name, self.domains.keys().map(|folded| folded.0))
    }
}

fn too_many(total: usize, pool: &Spanned<String>) -> Finding {
    Finding::new(
        Code::TooManyFrontEnds,
        format!("the pool has {total} front ends; a plan may name at most {MAX_FRONT_ENDS}"),
        "split the pool over several plans",
    )
    .at(pool.span(), "this pool")
}

fn repeated(text: &PlanText, first: Listed, second: Listed, fqdn: &str) -> Finding {
    let name = |id: DomainId| text.pool.upgrade_domains.get(id.index()).map_or("", |domain| &domain.name);
    let (code, message, help) = if first.domain == second.domain {
        let message =
            format!("front end `{fqdn}` is listed twice in upgrade domain `{}`", name(first.domain));
        (Code::FrontEndRepeated, message, "remove one of the two, or correct the name that is meant")
    } else {
        let message = format!(
            "front end `{fqdn}` is in two upgrade domains, `{}` and `{}`",
            name(first.domain),
            name(second.domain)
        );
        let help = "keep it where the pool has it: each front end is in one upgrade domain";
        (Code::FrontEndInTwoDomains, message, help)
    };
    Finding::new(code, message, help).at(second.span, "the second").at(first.span, "the first")
}

/// Reports a host name that cannot be one. `role` says whose it is.
pub(super) fn host_form(text: &PlanText, name: &Spanned<String>, role: &str, findings: &mut Findings) {
    if let Some(fault) = fqdn::fault(name, *text.product) {
        let message = format!("the name of {role}, {}, {}", quoted(name), fault.what);
        findings.push(Finding::new(Code::FqdnMalformed, message, fault.help).at(name.span(), "no host name"));
    }
}

/// Reports a name for people that is blank, too long or cannot be shown on one line.
pub(super) fn label_form(name: &Spanned<String>, role: &str, findings: &mut Findings) {
    let length = name.chars().count();
    let (message, help) = if name.trim().is_empty() {
        (format!("the name of {role} is blank"), "write a name".to_owned())
    } else if length > LONGEST_LABEL {
        (
            format!("the name of {role} has {length} characters; {LONGEST_LABEL} is the most"),
            "shorten it: names are shown in lists and in the ids of steps".to_owned(),
        )
    } else if let Some(wrong) = name.chars().find(|c| c.is_control()) {
        let shown = wrong.escape_default();
        (
            format!("the name of {role} contains `{shown}`"),
            "remove it: names are shown on one line".to_owned(),
        )
    } else if name.trim().len() != name.len() {
        (format!("the name of {role} begins or ends with white space"), format!("write `{}`", name.trim()))
    } else {
        return;
    };
    findings.push(Finding::new(Code::NameMalformed, message, help).at(name.span(), "this name"));
}

/// The longest name for people.
const LONGEST_LABEL: usize = 200;

/// A name in backticks, cut where it is too long to read.
fn quoted(name: &str) -> String {
    let mut shown: String =
        name.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if name.chars().count() > 80 {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// The names of the plan itself and of its actions can be shown on one line.
pub(super) fn plan_name(text: &PlanText, _: &Names, findings: &mut Findings) {
    label_form(&text.name, "the plan", findings);
    let upgrade = &text.upgrade;
    let actions = upgrade.before_stop.iter().chain(upgrade.actions.iter()).chain(upgrade.after_accept.iter());
    for name in actions.filter_map(|action| action.name.as_ref()) {
        label_form(name, "an action", findings);
    }
    if let Some(version) = &upgrade.version {
        label_form(version, "the version", findings);
    }
}

/// The pool's own name is one.
pub(super) fn pool_name(text: &PlanText, _: &Names, findings: &mut Findings) {
    host_form(text, &text.pool.fqdn, "the pool", findings);
}

/// The names of all upgrade domains where they are few, for a help line.
pub(super) fn domains_in_words(text: &PlanText) -> String {
    let domains = &text.pool.upgrade_domains;
    if domains.len() > 8 {
        return format!("the plan has {}", count(domains.len(), "upgrade domain"));
    }
    let list: Vec<_> = domains.iter().map(|domain| format!("`{}`", *domain.name)).collect();
    format!("the plan has {}", list.join(", "))
}
