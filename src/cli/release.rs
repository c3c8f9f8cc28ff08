//! `poolroll release`: removes a claim whose run is gone.

use super::exit::Ending;
use super::failure::Failure;
use super::{output, places, reading};
use crate::exec::{lock, os};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pool that is claimed
    pool: String,
    /// The claim's id, as the refusal showed it: proof that it was read
    claim_id: String,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = reading::reason)]
    reason: String,
    #[command(flatten)]
    places: places::Args,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let places = args.places.places();
    if let Some(claim) = places.claims.held(&args.pool)? {
        // A run of another machine cannot be asked; one of ours can, wherever its folder is.
        let here = claim.host == os::host();
        let folder = claim.folder.as_ref().filter(|_| here);
        let alive = folder.is_some_and(|folder| lock::is_held(folder).unwrap_or(false));
        if claim.id == args.claim_id && alive {
            let run = claim.run;
            let help = format!(
                "pause it with `poolroll pause {run}`; once it has stopped, `poolroll abandon {run} --reason TEXT` ends it"
            );
            return Err(Failure::StillRunning { run, help });
        }
    }
    let claim = places.claims.remove(&args.pool, &args.claim_id)?;
    output::say(&format!("released {}: {claim}", claim.pool));
    output::say(&format!("reason: {}", args.reason));
    Ok(Ending::Done)
}
