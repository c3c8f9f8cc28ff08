//! The start order: every front end, once, where the quorum counts only the first ones.

use super::product::{always_failed_over, called};
use super::{Names, count};
use crate::document::{Code, Finding, Findings, Span, Spanned};
use crate::plan::written::PlanText;
use crate::plan::{FrontEndId, Product, Row};

/// The quorum row of the pool as written; `None` where the table has none, which has a finding of its own.
pub(super) fn row(text: &PlanText, names: &Names) -> Option<(Row, u16)> {
    let front_ends = u16::try_from(names.front_ends()).ok().filter(|front_ends| *front_ends > 0)?;
    Some((Row::of(*text.product, front_ends, text.pool.minimum_active.as_deref().copied())?, front_ends))
}

/// The start order is there where it is needed, and lists every front end once.
pub(super) fn start_order(text: &PlanText, names: &Names, findings: &mut Findings) {
    match &text.pool.start_order {
        Some(order) if *text.product == Product::Generic => findings.push(
            Finding::new(
                Code::StartOrderMisplaced,
                "`pool.start_order` is for products with a quorum table; a generic pool counts all its front ends",
                "remove it: `pool.minimum_active` says how many front ends must stay active",
            )
            .at(order.span(), "has no place here")
            .at(text.product.span(), "has no quorum table"),
        ),
        Some(order) => complete(text, names, order, findings),
        None => {
            if let Some((row, front_ends)) = row(text, names)
                .filter(|(row, front_ends)| row.needs_order(*front_ends) && !always_failed_over(text))
            {
                findings.push(
                    Finding::new(
                        Code::StartOrderMissing,
                        format!(
                            "in a pool of {front_ends} the quorum is {} of the first {} front ends, and `pool.start_order` is missing",
                            row.needs, row.of_first
                        ),
                        "add `start_order` to `pool`, with the front ends in the order of `Get-CsComputer -Pool`",
                    )
                    .at(text.pool.fqdn.span(), "this pool needs `start_order`")
                    .at(text.product.span(), format!("the table of {}", called(*text.product))),
                );
            }
        }
    }
}

/// How many unknown names get a guess; each guess compares with every front end.
const GUESSES: usize = 8;

fn complete(text: &PlanText, names: &Names, order: &Spanned<Vec<Spanned<String>>>, findings: &mut Findings) {
    let mut places: Vec<Option<Span>> = vec![None; crate::plan::MAX_FRONT_ENDS];
    let mut strangers = 0;
    for fqdn in order.iter() {
        let Some(place) = names.front_end(fqdn).and_then(|id| places.get_mut(id.index())) else {
            findings.push(unknown(names, fqdn, strangers < GUESSES));
            strangers += 1;
            continue;
        };
        match place {
            None => *place = Some(fqdn.span()),
            Some(first) => findings.push(
                Finding::new(
                    Code::StartOrderRepeated,
                    format!("`pool.start_order` names `{}` twice", **fqdn),
                    "remove one of the two, or correct the name that is meant",
                )
                .at(fqdn.span(), "the second")
                .at(*first, "the first"),
            ),
        }
    }
    let listed =
        |fqdn: &str| names.front_end(fqdn).is_some_and(|id: FrontEndId| places[id.index()].is_some());
    let all = text.pool.upgrade_domains.iter().flat_map(|domain| domain.front_ends.iter());
    let missing: Vec<_> = all.filter(|fqdn| !listed(fqdn)).collect();
    // A misspelt name is not missing as well.
    if let Some(first) = missing.first().filter(|_| missing.len() > strangers) {
        findings.push(incomplete(order, first, missing.len()));
    }
}

fn unknown(names: &Names, fqdn: &Spanned<String>, guess: bool) -> Finding {
    let help = match guess.then(|| names.front_end_near(fqdn)).flatten() {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "remove it, or add the front end to its upgrade domain".to_owned(),
    };
    let message =
        format!("`pool.start_order` names `{}`, which is in no upgrade domain", fqdn.escape_debug());
    Finding::new(Code::StartOrderUnknown, message, help).at(fqdn.span(), "no front end of this pool")
}

/// One finding for all that are missing: one forgotten, or the list stopped early.
fn incomplete(order: &Spanned<Vec<Spanned<String>>>, first: &Spanned<String>, missing: usize) -> Finding {
    let others = if missing == 1 { String::new() } else { format!(" and {}", count(missing - 1, "other")) };
    let finding = Finding::new(
        Code::StartOrderIncomplete,
        format!("`pool.start_order` leaves out `{}`{others}", **first),
        "list every front end, in the order of `Get-CsComputer -Pool`",
    );
    let end = order.last().map_or(order.span(), |last| last.span());
    finding.at(first.span(), "not in `start_order`").at(end, "which ends here")
}
