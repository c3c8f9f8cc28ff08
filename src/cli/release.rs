//! `poolroll release`: removes a claim whose run is gone.

use super::exit::Ending;
use super::failure::Failure;
use super::{output, places};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pool that is claimed
    pool: String,
    /// The claim's id, as the refusal showed it: proof that it was read
    claim_id: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    places: places::Args,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let places = args.places.places();
    if let Some(claim) = places.claims.held(&args.pool)? {
        // A run of another machine cannot be asked; one of ours can.
        let folder = places.runs.find(Some(&claim.run)).ok();
        if claim.id == args.claim_id && folder.is_some_and(|folder| folder.is_alive().unwrap_or(false)) {
            let run = claim.run;
            let help = format!(
                "pause it with `poolroll pause {run}`, or end it with `poolroll abandon {run} --reason TEXT`"
            );
            return Err(Failure::StillRunning { run, help });
        }
    }
    let claim = places.claims.remove(&args.pool, &args.claim_id)?;
    output::say(&format!("released {}: {claim}", claim.pool));
    output::say(&format!("reason: {}", args.reason));
    Ok(Ending::Done)
}
