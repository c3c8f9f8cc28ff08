//! The quorum: an upgrade domain may be lost, as far as it is out at once, and the rest goes on serving.

use super::order::row;
use super::product::{always_failed_over, called};
use super::{Names, and_at, count};
use crate::document::{Code, Finding, Findings, Spanned};
use crate::plan::written::{DomainText, PlanText};
use crate::plan::{Product, Row};

/// No domain breaks the quorum while it is out, whichever of its front ends that is; and where several are out at once,
/// one that is already down does not break it either. Not where the pool is failed over from the start, and a pool of one
/// has a finding of its own.
///
/// Of a pool of two or three, one is all that may be lost. That none may be down before is asked of the pool itself,
/// before each stop; here only what another plan could do better is worth a warning.
pub(super) fn domains_may_be_lost(text: &PlanText, names: &Names, findings: &mut Findings) {
    if always_failed_over(text) {
        return;
    }
    let Some((row, front_ends)) = row(text, names).filter(|(_, front_ends)| *front_ends > 1) else { return };
    let Some(counted) = Counted::of(text, names, row, front_ends) else { return };
    for domain in &text.pool.upgrade_domains {
        let loss = counted.loss(domain, usize::from(*text.at_once.front_ends));
        let left = usize::from(row.of_first).saturating_sub(loss.counted);
        if left < usize::from(row.needs) {
            findings.push(broken(text, domain, row, front_ends, &loss, left));
        } else if loss.out > 1 && left < usize::from(row.needs) + 1 {
            findings.push(thin(text, domain, row, &loss, left));
        }
    }
}

/// Which front ends the table counts, by their names' place in the start order.
struct Counted<'a> {
    names: &'a Names<'a>,
    /// By id; `None`: all of them.
    first: Option<Vec<bool>>,
}

/// What a domain takes away at its worst moment.
struct Loss {
    /// Front ends out at once.
    out: usize,
    /// Those of them that the table counts, in the worst case.
    counted: usize,
}

impl<'a> Counted<'a> {
    /// `None` where the order is needed and missing or incomplete, which has a finding of its own.
    fn of(text: &PlanText, names: &'a Names<'a>, row: Row, front_ends: u16) -> Option<Counted<'a>> {
        if !row.needs_order(front_ends) {
            return Some(Counted { names, first: None });
        }
        let order = text.pool.start_order.as_ref()?;
        let mut first = vec![false; crate::plan::MAX_FRONT_ENDS];
        for fqdn in order.iter().take(usize::from(row.of_first)) {
            *first.get_mut(names.front_end(fqdn)?.index())? = true;
        }
        Some(Counted { names, first: Some(first) })
    }

    fn loss(&self, domain: &DomainText, at_once: usize) -> Loss {
        let counted = match &self.first {
            None => domain.front_ends.len(),
            Some(first) => {
                let counts =
                    |fqdn: &&Spanned<String>| self.names.front_end(fqdn).is_some_and(|id| first[id.index()]);
                domain.front_ends.iter().filter(counts).count()
            }
        };
        let out = domain.front_ends.len().min(at_once);
        Loss { out, counted: counted.min(out) }
    }
}

/// `4 of the first 7`, or `2 of 3` where all are counted.
fn rule(row: Row, front_ends: u16) -> String {
    if row.needs_order(front_ends) {
        format!("{} of the first {}", row.needs, row.of_first)
    } else {
        format!("{} of {}", row.needs, row.of_first)
    }
}

fn broken(
    text: &PlanText,
    domain: &DomainText,
    row: Row,
    front_ends: u16,
    loss: &Loss,
    left: usize,
) -> Finding {
    let product = *text.product;
    let must = rule(row, front_ends);
    let message = format!(
        "upgrade domain `{}` takes {} out at once and leaves {left} of {}; {must} must stay active",
        *domain.name,
        count(loss.out, "front end"),
        row.of_first,
    );
    let fits = usize::from(row.of_first).saturating_sub(usize::from(row.needs));
    let help = if fits > 0 {
        format!(
            "lower `at_once.front_ends` to {fits}, or upgrade while a partner serves: `failover.when: always`"
        )
    } else if product == Product::Generic {
        format!(
            "lower `pool.minimum_active` to {left}, or upgrade while a partner serves: `failover.when: always`"
        )
    } else {
        "upgrade while a partner serves: name it in `failover.partner` and write `failover.when: always`"
            .to_owned()
    };
    let source = match (&text.pool.minimum_active, product) {
        (Some(minimum), Product::Generic) => (minimum.span(), "so many must stay active".to_owned()),
        _ => (
            text.product.span(),
            format!("{}, {}: {must}", called(product), count(usize::from(front_ends), "front end")),
        ),
    };
    let finding = Finding::new(Code::QuorumBroken, message, help)
        .at(domain.name.span(), format!("{} of its {} out at once", loss.out, domain.front_ends.len()));
    and_at(finding.at(source.0, source.1), &text.at_once.front_ends, "so many at once")
}

fn thin(text: &PlanText, domain: &DomainText, row: Row, loss: &Loss, left: usize) -> Finding {
    let message = format!(
        "upgrade domain `{}` takes {} out at once and leaves just the {left} that must stay active: one more down breaks the quorum",
        *domain.name,
        count(loss.out, "front end"),
    );
    let fits = usize::from(row.of_first).saturating_sub(usize::from(row.needs) + 1).max(1);
    let finding = Finding::new(Code::QuorumThin, message, format!("lower `at_once.front_ends` to {fits}"))
        .at(domain.name.span(), format!("{} of its {} out at once", loss.out, domain.front_ends.len()));
    and_at(finding, &text.at_once.front_ends, "so many at once")
}
