//! `poolroll discover`: writes a plan from a live pool.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::exit::Ending;
use super::failure::Failure;
use super::reading::STDIN;
use super::{going, init, output};
use crate::exec::check::{self, Looked};
use crate::exec::live;
use crate::graph::StepGraph;
use crate::plan::{Driver, Survey};
use crate::pool::{self, PowerShellPool};
use crate::report::discovered::{self, Discovered};

/// The products that PowerShell drives, as plans write them.
const PRODUCTS: [&str; 4] =
    ["lync_server_2013", "skype_for_business_2015", "skype_for_business_2019", "skype_for_business_se"];

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the plan is written, or `-` for stdout
    #[arg(default_value = "plan.yaml")]
    file: PathBuf,
    /// The pool's fully qualified domain name
    #[arg(long, value_name = "FQDN", value_parser = init::fqdn)]
    pool: String,
    /// What the pool runs
    #[arg(long, value_parser = PRODUCTS)]
    product: String,
    /// The computer with the management tools; this one, if left out
    #[arg(long, value_name = "FQDN", value_parser = init::fqdn)]
    management: Option<String>,
    /// The engine on every computer that is reached
    #[arg(long, value_name = "PROGRAM", default_value = "powershell.exe")]
    engine: String,
    /// The program that reaches them
    #[arg(long, value_name = "PROGRAM", default_value = "ssh")]
    ssh: String,
    /// The user to log on as; what the configuration of ssh says, if left out
    #[arg(long, value_name = "USER")]
    ssh_user: Option<String>,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    output::say(&format!("asking {}, which changes nothing", args.pool));
    let runtime = going::runtime()?;
    let (survey, versions) = runtime.block_on(discover(args))?;
    let mut text = String::new();
    let found = Discovered {
        pool: &args.pool,
        product: &args.product,
        survey: &survey,
        versions: &versions,
        driver: &driver(args),
    };
    // Writing to a text cannot fail.
    let _ = discovered::write(&mut text, &found);
    if let Err((_, findings)) = live::compile("plan.yaml", text.as_bytes()) {
        // The pool is one that no plan may be made for; the plan says why, so it is written all the same.
        findings.iter().for_each(|finding| output::say(&format!("warning: {finding}; {}", finding.help())));
    }
    if args.file == Path::new(STDIN) {
        output::text(&text)?;
        return Ok(Ending::Done);
    }
    init::write(&args.file, &text, args.force)?;
    let path = args.file.display();
    output::say(&format!("wrote `{path}`; complete its `upgrade`, then: poolroll check {path}"));
    Ok(Ending::Done)
}

/// The block `driver:` of the plan.
fn driver(args: &Args) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut text = format!("driver:\n  powershell:\n    engine: {}\n", quoted(&args.engine));
    if let Some(management) = &args.management {
        text.push_str(&format!("    management: {management}\n"));
    }
    text.push_str(&format!("    reach:\n      ssh:\n        program: {}\n", quoted(&args.ssh)));
    if let Some(user) = &args.ssh_user {
        text.push_str(&format!("        user: {}\n", quoted(user)));
    }
    text
}

/// A plan of the pool as far as it is known, to ask through: its domains come later.
fn provisional(args: &Args, front_ends: &[String]) -> Result<Arc<StepGraph>, Failure> {
    let domains: String = front_ends
        .iter()
        .enumerate()
        .map(|(n, fqdn)| format!("    - {{ name: d{n}, front_ends: [{fqdn}] }}\n"))
        .collect();
    let order = front_ends.join(", ");
    // Nothing but questions is asked through it: the number of front ends is not judged, for a partner serves always.
    let text = format!(
        "kind: plan\nversion: 1\nname: discovering\nproduct: {}\npool:\n  fqdn: {}\n  upgrade_domains:\n{domains}  start_order: [{order}]\nupgrade:\n  version: none\n  actions: [{{ program: none }}]\nfailover: {{ partner: partner.invalid, when: always }}\n{}",
        &args.product,
        args.pool,
        driver(args)
    );
    live::compile("<discover>", text.as_bytes()).map(|compiled| compiled.graph).map_err(|(_, findings)| {
        let first = findings.iter().next();
        Failure::Usage {
            message: first.map_or_else(|| "the pool cannot be asked".to_owned(), ToString::to_string),
            help: first.map_or_else(String::new, |finding| finding.help().to_owned()),
        }
    })
}

fn pool_of(graph: &StepGraph) -> Option<PowerShellPool> {
    let Some(Driver::PowerShell(powershell)) = graph.plan().driver() else { return None };
    Some(PowerShellPool::new(Arc::clone(graph.plan_arc()), powershell.clone(), "discover"))
}

async fn discover(args: &Args) -> Result<(Survey, Vec<(String, usize)>), Failure> {
    let unanswered = |why: String| Failure::NotDiscovered { pool: args.pool.clone(), why };
    // Who belongs to the pool is asked where the management tools are, so these are never reached.
    let unknown: Vec<String> = (1..=3).map(|n| format!("front-end-{n}.{}", args.pool)).collect();
    let graph = provisional(args, &unknown)?;
    let members = match pool_of(&graph) {
        Some(pool) => pool.members().await.map_err(unanswered)?,
        None => Survey::default(),
    };
    let graph = provisional(args, &members.front_ends)?;
    let Some(pool) = pool_of(&graph) else { return Ok((members, Vec::new())) };
    let mut driver = pool::Driver::PowerShell(Box::new(pool));
    let now = Timestamp::now();
    let Looked { survey, front_ends, .. } = check::members(&graph, &mut driver, now).await;
    driver.rest(now).await;
    if let Some(why) = survey.unasked.first() {
        return Err(unanswered(why.clone()));
    }
    let mut versions: Vec<(String, usize)> = Vec::new();
    for version in front_ends.into_iter().filter_map(|(_, facts)| facts.version) {
        match versions.iter_mut().find(|(known, _)| *known == version) {
            Some((_, count)) => *count += 1,
            None => versions.push((version, 1)),
        }
    }
    Ok((survey, versions))
}
