//! A compiled plan for people: what it does, on both routes, in which order and how long it takes.

use std::fmt::{self, Write};
use std::time::Duration;

use super::lines::{counted, rough};
use super::times::Zone;
use super::words::acts;
use crate::graph::{Route, StepGraph, StepId, StepKind};
use crate::plan::{Act, Consent, DomainId, Driver, FailoverWhen, FrontEndId, Mode, Plan, Product};

/// How many letters of a digest are shown: enough to tell two plans apart by eye.
pub const SHOWN_DIGEST: usize = 12;

/// Writes the whole plan.
///
/// # Errors
///
/// The writer's.
pub fn write(out: &mut impl Write, graph: &StepGraph) -> fmt::Result {
    head(out, graph)?;
    chain(out, graph)?;
    rolling(out, graph)?;
    if graph.has(Route::FailedOver) {
        failed_over(out, graph)?;
    }
    Ok(())
}

/// The name under which a product is known.
pub fn product(product: Product) -> &'static str {
    match product {
        Product::LyncServer2013 => "Lync Server 2013",
        Product::SkypeForBusiness2015 => "Skype for Business Server 2015",
        Product::SkypeForBusiness2019 => "Skype for Business Server 2019",
        Product::SkypeForBusinessSe => "Skype for Business Server SE",
        Product::Generic => "generic",
    }
}

fn head(out: &mut impl Write, graph: &StepGraph) -> fmt::Result {
    let plan = graph.plan();
    writeln!(out, "{}", plan.name())?;
    if let Some(description) = plan.description() {
        writeln!(out, "{description}")?;
    }
    writeln!(out)?;
    let pool = plan.pool();
    writeln!(
        out,
        "pool      {}, {}, {} in {}",
        pool.fqdn,
        product(plan.product()),
        counted(pool.front_ends.len(), "front end"),
        counted(pool.domains.len(), "upgrade domain")
    )?;
    let quorum = &pool.quorum;
    let first = if usize::from(quorum.of_first) < pool.front_ends.len() { "the first " } else { "" };
    writeln!(out, "quorum    {} of {first}{} stay active", quorum.needs, quorum.of_first)?;
    writeln!(
        out,
        "upgrade   to {}",
        plan.upgrade().version.as_deref().unwrap_or("a version the plan does not name")
    )?;
    writeln!(out, "window    {}", window(graph))?;
    writeln!(out, "partner   {}", partner(plan))?;
    let driver = match plan.driver() {
        None => "none; name one to apply the plan".to_owned(),
        Some(Driver::Simulated(simulated)) => {
            format!("simulated, {} seconds of the pool in one of ours", simulated.speed)
        }
        Some(Driver::Command(_)) => "the commands of the plan".to_owned(),
        Some(Driver::PowerShell(powershell)) => {
            let management = powershell.management.as_deref().unwrap_or("this computer");
            let reach = powershell.reach.called();
            format!("{}, through {reach} on each front end, and on {management}", powershell.engine)
        }
    };
    writeln!(out, "driver    {driver}")?;
    writeln!(out, "digest    {}", graph.digest().get(..SHOWN_DIGEST).unwrap_or_default())
}

/// The window, and whether the plan fits it.
fn window(graph: &StepGraph) -> String {
    let Some(window) = graph.plan().window() else { return "none: at any time".to_owned() };
    let zone = Zone::of_window(window);
    let length = Duration::try_from(window.end.duration_since(window.start)).unwrap_or_default();
    let needed = expected(graph);
    let fit = if needed <= length {
        format!("fits with {} to spare", rough(length - needed))
    } else {
        format!("does not fit: {} too long, so it pauses between two domains", rough(needed - length))
    };
    format!(
        "{} to {} {} ({}); the plan {fit}",
        zone.full(window.start),
        zone.full(window.end),
        window.zone,
        rough(length)
    )
}

/// How long the plan takes on the route that it takes when all is well.
fn expected(graph: &StepGraph) -> Duration {
    let estimate = graph.estimate();
    match (graph.failover_when(), estimate.failed_over) {
        (FailoverWhen::Always, Some(failed_over)) => failed_over,
        _ => estimate.rolling,
    }
}

fn partner(plan: &Plan) -> String {
    let Some(failover) = plan.failover() else { return "none: trouble of the pool stops the run".to_owned() };
    let consent = match failover.start {
        Consent::Approval => "after approval",
        Consent::Automatic => "without asking",
    };
    match failover.when {
        FailoverWhen::Troubled => {
            format!("{} takes over when the pool is in trouble, {consent}", failover.partner)
        }
        FailoverWhen::Always => format!("{} takes over from the start, {consent}", failover.partner),
        FailoverWhen::Never => format!("{}, never failed over to: trouble stops the run", failover.partner),
    }
}

/// What happens to each front end: all have the same chain, so it is said once.
fn chain(out: &mut impl Write, graph: &StepGraph) -> fmt::Result {
    writeln!(out, "\neach front end, about {}", rough(graph.estimate().front_end))?;
    let steps: Vec<StepId> = graph.chain(Route::Rolling, FrontEndId(0)).collect();
    let mut rows = Rows::default();
    for step in steps {
        let word = match graph.kind(step) {
            StepKind::Ensure(act) => acts::link(act),
            _ => "accept",
        };
        rows.add(word, step_text(graph, step));
    }
    rows.write(out, "")
}

fn step_text(graph: &StepGraph, id: StepId) -> String {
    let step = graph.step(id);
    let mut text = acts::purpose(graph, id);
    if !step.expected.is_zero() {
        let _ = write!(text, "; about {}", rough(step.expected));
    }
    if !matches!(step.kind, StepKind::Approve(_) | StepKind::Settle(_) | StepKind::Ready(_)) {
        let _ = write!(text, "; at most {}", rough(step.limit.time_limit));
        if step.limit.attempts > 1 {
            let _ = write!(text, ", {} tries", step.limit.attempts);
        }
    }
    text
}

fn rolling(out: &mut impl Write, graph: &StepGraph) -> fmt::Result {
    let plan = graph.plan();
    writeln!(
        out,
        "\nrolling, about {}: one upgrade domain at a time while the pool serves, {} of it at once",
        rough(graph.estimate().rolling),
        counted(usize::from(plan.at_once().front_ends), "front end")
    )?;
    let partner = if plan.failover().is_some() { " and the partner" } else { "" };
    writeln!(out, "├─ preflight  looks at every front end{partner}, changes nothing")?;
    let mut begins = Duration::ZERO;
    let last = plan.pool().domains.len() - 1;
    for domain in plan.domain_ids() {
        let takes = graph.estimate().domain(domain);
        let is_last = domain.index() == last && graph.databases().is_none();
        let (branch, bar) = if is_last { ("└─", "   ") } else { ("├─", "│  ") };
        writeln!(out, "{branch} {}  +{}, about {}", plan.domain(domain).name, rough(begins), rough(takes))?;
        one_domain(out, graph, domain, begins, bar)?;
        begins += takes;
    }
    if let Some(databases) = graph.databases() {
        writeln!(out, "└─ databases  +{}, about {}", rough(begins), rough(graph.estimate().databases))?;
        let mut rows = Rows::default();
        rows.add(&graph.step(databases.approve).name, acts::purpose(graph, databases.approve));
        rows.add(&graph.step(databases.update).name, step_text(graph, databases.update));
        rows.write(out, "   ")?;
    }
    Ok(())
}

fn one_domain(
    out: &mut impl Write,
    graph: &StepGraph,
    domain: DomainId,
    begins: Duration,
    bar: &str,
) -> fmt::Result {
    let plan = graph.plan();
    let steps = graph.domain(domain);
    let mut rows = Rows::default();
    let mut row = |step: StepId| rows.add(&graph.step(step).name, acts::purpose(graph, step));
    steps.approve_before.into_iter().for_each(&mut row);
    row(steps.ready);
    let at_once = usize::from(plan.at_once().front_ends.max(1));
    for (index, front_end) in plan.domain(domain).front_ends().enumerate() {
        let round = u32::try_from(index / at_once).unwrap_or(u32::MAX);
        let from = begins + graph.estimate().front_end.saturating_mul(round);
        rows.add(&plan.front_end(front_end).fqdn, format!("+{}", rough(from)));
    }
    let mut row = |step: StepId| rows.add(&graph.step(step).name, acts::purpose(graph, step));
    row(steps.settle);
    steps.approve_after.into_iter().for_each(&mut row);
    rows.write(out, bar)
}

fn failed_over(out: &mut impl Write, graph: &StepGraph) -> fmt::Result {
    let plan = graph.plan();
    let (Some(over), Some(failover)) = (graph.over(), plan.failover()) else { return Ok(()) };
    let when = match failover.when {
        FailoverWhen::Always => "taken from the start",
        FailoverWhen::Troubled | FailoverWhen::Never => "taken only when the pool is in trouble",
    };
    let takes = graph.estimate().failed_over.unwrap_or_default();
    writeln!(
        out,
        "\nfailed over, about {}: everything while {} serves, {when}",
        rough(takes),
        failover.partner
    )?;
    let mut rows = Rows::default();
    let mut row = |step: StepId| rows.add(&graph.step(step).name, step_text(graph, step));
    over.approve_fail_over.into_iter().for_each(&mut row);
    row(over.fail_over);
    let mode = match plan.mode() {
        Mode::Graceful => "nobody is left to wait for",
        Mode::Immediate => "at once",
    };
    rows.add(
        "stop",
        format!(
            "every front end, {} at once; {mode}; proved, because failing over does not prove it",
            plan.at_once().failed_over_upgrades
        ),
    );
    rows.add(
        "upgrade",
        format!(
            "those that are not upgraded yet, before the next take their places; about {} each",
            rough(graph.estimate().upgrade)
        ),
    );
    let mut row = |step: StepId| rows.add(&graph.step(step).name, step_text(graph, step));
    over.approve_fail_back.into_iter().for_each(&mut row);
    row(over.fail_back);
    let start = plan.expected_of(Act::Start { front_end: FrontEndId(0) });
    rows.add(
        "start",
        format!(
            "all front ends together; about {}; a cold start needs {} of them",
            rough(start),
            plan.pool().quorum.cold_start
        ),
    );
    rows.add("accept", "every front end".to_owned());
    rows.add(&graph.step(over.settle).name, acts::purpose(graph, over.settle));
    rows.write(out, "")
}

/// Branches of a tree: a word each, and what it is, in two columns.
#[derive(Default)]
struct Rows(Vec<(String, String)>);

impl Rows {
    fn add(&mut self, word: &str, text: String) {
        self.0.push((word.to_owned(), text));
    }

    fn write(&self, out: &mut impl Write, bar: &str) -> fmt::Result {
        let width = self.0.iter().map(|(word, _)| word.chars().count()).max().unwrap_or_default();
        for (index, (word, text)) in self.0.iter().enumerate() {
            let branch = if index + 1 == self.0.len() { "└─" } else { "├─" };
            writeln!(out, "{bar}{branch} {word:width$}  {text}")?;
        }
        Ok(())
    }
}
