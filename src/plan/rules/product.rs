//! What a product says of its pools: how many front ends, and who says how many must stay active.

use super::{Names, count};
use crate::document::{Code, Finding, Findings, Spanned};
use crate::plan::Product;
use crate::plan::written::{FailoverWhen, Mode, PlanText};

/// How a product is called in messages.
pub(super) fn called(product: Product) -> &'static str {
    match product {
        Product::LyncServer2013 => "Lync Server 2013",
        Product::SkypeForBusiness2015 => "Skype for Business Server 2015",
        Product::SkypeForBusiness2019 => "Skype for Business Server 2019",
        Product::SkypeForBusinessSe => "Skype for Business Server Subscription Edition",
        Product::Generic => "a generic pool",
    }
}

/// How many front ends a product supports in one pool.
fn most(product: Product) -> Option<usize> {
    match product {
        Product::LyncServer2013 | Product::SkypeForBusiness2015 => Some(12),
        Product::SkypeForBusiness2019 | Product::SkypeForBusinessSe => Some(16),
        Product::Generic => None,
    }
}

const SUPPORTED: &str = "supports pools of";

/// How many front ends a product needs in one pool for this kind of upgrade, and why.
fn least(product: Product, mode: Mode) -> Option<(usize, &'static str)> {
    match (product, mode) {
        (Product::SkypeForBusiness2019 | Product::SkypeForBusinessSe, _) => Some((3, SUPPORTED)),
        (Product::SkypeForBusiness2015, Mode::Graceful) => Some((3, "fails computers over only in pools of")),
        _ => None,
    }
}

/// Whether the plan always fails the pool over, so that nothing has to stay up.
pub(super) fn always_failed_over(text: &PlanText) -> bool {
    text.failover
        .as_ref()
        .is_some_and(|failover| failover.partner.is_some() && *failover.when == FailoverWhen::Always)
}

/// The number of front ends is one that the product has.
pub(super) fn pool_size(text: &PlanText, names: &Names, findings: &mut Findings) {
    let (product, front_ends) = (*text.product, names.front_ends());
    let here = |code, message: String, help: String| {
        Finding::new(code, message, help)
            .at(text.pool.fqdn.span(), format!("this pool has {}", count(front_ends, "front end")))
            .at(text.product.span(), "with this product")
    };
    if let Some(most) = most(product).filter(|most| front_ends > *most) {
        let message =
            format!("the pool has {front_ends} front ends; {} supports at most {most}", called(product));
        let help = "check the product, and that no front end of another pool is listed";
        findings.push(here(Code::PoolTooLarge, message, help.into()));
    }
    if front_ends == 0 {
        return; // Every domain is empty, and each has its own finding.
    }
    // While the partner serves, no computer is failed over.
    let alone = |why: &str| why == SUPPORTED || !always_failed_over(text);
    if let Some((least, why)) =
        least(product, *text.maintenance_window.mode).filter(|(least, why)| front_ends < *least && alone(why))
    {
        let has = count(front_ends, "front end");
        let message = format!("the pool has {has}; {} {why} {least} or more", called(product));
        let help = if product == Product::SkypeForBusiness2015 {
            "stop its services in scheduled downtime with `maintenance_window.mode: immediate`, or add front ends to the pool"
        } else {
            "check that every front end is listed, or add front ends to the pool before it is upgraded"
        };
        findings.push(here(Code::PoolTooSmall, message, help.into()));
    } else if always_failed_over(text) {
        // A partner serves meanwhile.
    } else if front_ends == 2 && product != Product::Generic {
        let message = format!("the pool has two front ends, which is discouraged for {}", called(product));
        let help = "nothing is left to lose while one is upgraded; plan for a third, or upgrade while a partner serves (`failover.partner` and `failover.when: always`)";
        findings.push(here(Code::PoolOfTwo, message, help.into()));
    } else if front_ends == 1 && text.pool.minimum_active.as_deref() != Some(&0) {
        let message = "the pool has a single front end: while it is upgraded, nothing serves".to_owned();
        let help = "upgrade it while a partner serves (`failover.partner` and `failover.when: always`)";
        let otherwise = ", or write `pool.minimum_active: 0` if nobody needs it meanwhile";
        let help = if product == Product::Generic { format!("{help}{otherwise}") } else { help.to_owned() };
        findings.push(here(Code::PoolOfOne, message, help));
    }
}

/// A generic pool says how many must stay active; for the products the quorum table does.
pub(super) fn minimum_active(text: &PlanText, names: &Names, findings: &mut Findings) {
    let front_ends = names.front_ends();
    match (&text.pool.minimum_active, *text.product) {
        (None, Product::Generic) => findings.push(
            Finding::new(
                Code::MinimumActiveMissing,
                "a generic pool has no quorum table, and `pool.minimum_active` is missing",
                "add `minimum_active` to `pool`: how many front ends must stay active at every moment",
            )
            .at(text.product.span(), "has no quorum table")
            .at(text.pool.fqdn.span(), "this pool needs `minimum_active`"),
        ),
        (None, _) => {}
        (Some(minimum), Product::Generic) => {
            if let Some(finding) = minimum_in_bounds(minimum, front_ends) {
                findings.push(
                    finding
                        .at(minimum.span(), count(usize::from(**minimum), "front end"))
                        .at(text.pool.fqdn.span(), format!("has {}", count(front_ends, "front end"))),
                );
            }
        }
        (Some(minimum), product) => findings.push(
            Finding::new(
                Code::MinimumActiveMisplaced,
                format!("`pool.minimum_active` is for generic pools; {} has a quorum table", called(product)),
                "remove it: the table says how many front ends must stay active",
            )
            .at(minimum.span(), "has no place here")
            .at(text.product.span(), "has a quorum table"),
        ),
    }
}

fn minimum_in_bounds(minimum: &Spanned<u16>, front_ends: usize) -> Option<Finding> {
    let minimum = usize::from(**minimum);
    if minimum > front_ends {
        let message = format!(
            "`pool.minimum_active` is {minimum}, and the pool has {}",
            count(front_ends, "front end")
        );
        let help = "lower it to less than the pool has, or list the front ends that are missing";
        return Some(Finding::new(Code::MinimumActiveTooLarge, message, help));
    }
    (minimum == 0 && front_ends > 0).then(|| {
        Finding::new(
            Code::MinimumActiveZero,
            "`pool.minimum_active` is 0: every front end may be out at once",
            "raise it to what the users of the pool need, if they need any",
        )
    })
}

/// Failed front ends are counted in generic pools; everywhere else the first one stops the run.
pub(super) fn failed_front_ends(text: &PlanText, names: &Names, findings: &mut Findings) {
    let Some(failed) = &text.failed_front_ends else { return };
    let (number, front_ends) = (usize::from(**failed), names.front_ends());
    if *text.product != Product::Generic {
        findings.push(
            Finding::new(
                Code::FailedFrontEndsMisplaced,
                format!(
                    "`failed_front_ends` is for generic pools; with {} the first failed front end stops the run",
                    called(*text.product)
                ),
                "remove it",
            )
            .at(failed.span(), "has no place here")
            .at(text.product.span(), "stops at the first"),
        );
    } else if number == 0 || (number > front_ends && front_ends > 0) {
        let why = if number == 0 {
            "and the run would stop before it starts".to_owned()
        } else {
            format!("and the pool has {}: they can never stop the run", count(front_ends, "front end"))
        };
        findings.push(
            Finding::new(
                Code::FailedFrontEndsOutOfRange,
                format!("`failed_front_ends` is {number}, {why}"),
                format!("write a number from 1 to {}; 1 stops at the first", front_ends.max(1)),
            )
            .at(failed.span(), format!("not in 1 to {}", front_ends.max(1)))
            .at(text.pool.fqdn.span(), format!("has {}", count(front_ends, "front end"))),
        );
    }
}
