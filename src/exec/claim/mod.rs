//! Claims on pools: a claim says that a run is open on a pool, through crashes and pauses, until it is released.
//!
//! One file a pool, in a folder of this machine or one that a team shares on a file server. In a folder of this
//! machine a claim keeps apart only the runs of this machine.

use super::run_id::RunId;
use super::whole_file::{self, FileError};
use super::{os, tag};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// The longest pool name, in bytes, that fits a file name with what stands around it. A longer one is cut there, and its
/// length and a number of all of it tell it from others.
const MAX_NAME: usize = 200;
/// The longest name that DNS has.
const MAX_POOL: usize = 253;
/// The longest file of a claim that is read, in bytes: a path of 4 KiB and names beside it, with room to spare.
const MAX_CLAIM: u64 = 1 << 16;

/// A claim that makes no sense may be half written where the file system knows no links: it is read again for a
/// fifth of a second before it is called damaged.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// Who has a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Random; who types it shows that they have read the claim.
    pub id: String,
    /// The pool's name, in lower case.
    pub pool: String,
    /// The run that has the pool.
    pub run: String,
    /// The user who began the run.
    pub holder: String,
    /// The machine that the run is on.
    pub host: String,
    /// The folder of the run on that machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    pub since: Timestamp,
    /// The version of poolroll that took the claim.
    pub version: String,
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, run, holder, host, since, version, .. } = self;
        write!(f, "claim {id} of run {run} by {holder} on {host} since {since} (poolroll {version})")
    }
}

/// Why a claim was not taken or given back.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    #[error("the pool `{}` is held: {claim}", claim.pool)]
    Held { claim: Box<Claim> },
    #[error("nobody holds the pool `{0}`")]
    NotHeld(String),
    #[error("the pool `{}` is held by another claim than `{asked}`: {found}", found.pool)]
    OtherClaim { asked: String, found: Box<Claim> },
    #[error("the claim `{}` is damaged", path.display())]
    Damaged { path: PathBuf, source: serde_json::Error },
    #[error("the claim `{}` is of another pool, `{found}`", path.display())]
    Misplaced { path: PathBuf, found: String },
    #[error("`{0}` is not the name of a pool")]
    PoolName(String),
    /// Not all pools could be claimed, and one that could was not given back.
    #[error("the pool `{}` stays claimed although the run did not begin: {left}", left.pool)]
    Stranded { left: Box<Claim>, source: Box<ClaimError> },
    #[error(transparent)]
    File(#[from] FileError),
}

impl ClaimError {
    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::Held { claim } => format!(
                "wait for that run, or take it up with `poolroll resume {}`{}; if it is gone, `poolroll release {} {} --reason TEXT`",
                claim.run,
                place(claim),
                claim.pool,
                claim.id
            ),
            Self::NotHeld(_) => {
                "check the name, and that `--claims-dir` is the folder of the claim".to_owned()
            }
            Self::OtherClaim { found, .. } => {
                format!(
                    "read that claim; if its run is gone, `poolroll release {} {} --reason TEXT`",
                    found.pool, found.id
                )
            }
            Self::Damaged { path, .. } | Self::Misplaced { path, .. } => {
                format!("make sure that no run has the pool, then remove `{}` by hand", path.display())
            }
            Self::PoolName(_) => "give the full name of the pool: letters, digits, `.` and `-`".to_owned(),
            Self::Stranded { left, .. } => {
                format!("`poolroll release {} {} --reason TEXT`", left.pool, left.id)
            }
            Self::File(error) => error.help(),
        }
    }
}

/// Where the run of a claim is, for whoever stands in another folder.
fn place(claim: &Claim) -> String {
    claim
        .folder
        .as_ref()
        .map_or_else(String::new, |folder| format!(" (its folder is `{}`)", folder.display()))
}

/// The folder of claims.
#[derive(Debug, Clone)]
pub struct Claims {
    dir: PathBuf,
    /// Where the folders of runs are, for what a claim says.
    runs: Option<PathBuf>,
}

impl Claims {
    /// The claims in `dir`, which need not exist yet.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), runs: None }
    }

    /// The same, for runs whose folders are in `runs`, an absolute path.
    #[must_use]
    pub fn of_runs_in(self, runs: PathBuf) -> Self {
        Self { runs: Some(runs), ..self }
    }

    /// The same in another folder.
    #[must_use]
    pub fn at_another(self, dir: PathBuf) -> Self {
        Self { dir, ..self }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The claims of a run. What is no claim is passed over.
    ///
    /// Errors: `File`.
    pub fn of_run(&self, run: &RunId) -> Result<Vec<Claim>, ClaimError> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(FileError::of("read", &self.dir))?,
        };
        let claims = entries.filter_map(|entry| whole_file::read(&entry.ok()?.path(), MAX_CLAIM).ok());
        let claims = claims.filter_map(|text| serde_json::from_slice::<Claim>(&text).ok());
        Ok(claims.filter(|claim| claim.run == run.as_str()).collect())
    }

    /// Takes a pool for a run. Of several that try at once exactly one gets it; a run that has it gets it again.
    ///
    /// Errors: `Held`, `Damaged`, `Misplaced`, `PoolName`, `File`.
    pub fn take(&self, pool: &str, run: &RunId, now: Timestamp) -> Result<Claim, ClaimError> {
        self.take_one(&pool_name(pool)?, run, now).map(|(claim, _)| claim)
    }

    /// Takes several pools for a run, all or none, in the order of their names: two that want the same two pools
    /// cannot each end up with one. What the run had before the call it keeps in any case.
    ///
    /// Errors: as [`Claims::take`], and `Stranded`.
    pub fn take_all(&self, pools: &[&str], run: &RunId, now: Timestamp) -> Result<Vec<Claim>, ClaimError> {
        let mut names = pools.iter().map(|pool| pool_name(pool)).collect::<Result<Vec<_>, _>>()?;
        names.sort();
        names.dedup();
        let mut claims: Vec<(Claim, bool)> = Vec::new();
        for name in names {
            match self.take_one(&name, run, now) {
                Ok(taken) => claims.push(taken),
                Err(error) => return Err(self.give_back(claims, error)),
            }
        }
        Ok(claims.into_iter().map(|(claim, _)| claim).collect())
    }

    fn give_back(&self, claims: Vec<(Claim, bool)>, error: ClaimError) -> ClaimError {
        claims.into_iter().filter(|(_, new)| *new).fold(error, |error, (claim, _)| {
            match self.release(&claim) {
                Ok(_) => error,
                Err(_) => ClaimError::Stranded { left: Box::new(claim), source: Box::new(error) },
            }
        })
    }

    /// The claim, and whether it is new.
    fn take_one(&self, pool: &str, run: &RunId, now: Timestamp) -> Result<(Claim, bool), ClaimError> {
        if !self.dir.exists() {
            os::create_directories(&self.dir).map_err(FileError::of("create", &self.dir))?;
            // Where that is not ours to say, it is as its owner wants it.
            let _ = os::share(&self.dir);
        }
        let path = self.path(pool);
        let claim = Claim {
            id: tag::random(8),
            pool: pool.to_owned(),
            run: run.to_string(),
            holder: os::user(),
            host: os::host(),
            folder: self.runs.as_ref().map(|runs| runs.join(run.as_str())),
            since: now,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let text = serde_json::to_vec_pretty(&claim)
            .map_err(io::Error::other)
            .map_err(FileError::of("write", &path))?;
        loop {
            if whole_file::create(&path, &text)? {
                return Ok((claim, true));
            }
            // None: released between the two. Each round of this needs another release.
            if let Some(found) = read(&path, pool)? {
                // Ours also when the answer of a file server was lost after it did what we asked.
                let ours = found.id == claim.id;
                return if found.run == claim.run {
                    Ok((found, ours))
                } else {
                    Err(ClaimError::Held { claim: Box::new(found) })
                };
            }
        }
    }

    /// Who holds a pool, if anybody does.
    ///
    /// Errors: `Damaged`, `Misplaced`, `PoolName`, `File`.
    pub fn held(&self, pool: &str) -> Result<Option<Claim>, ClaimError> {
        let pool = pool_name(pool)?;
        read(&self.path(&pool), &pool)
    }

    /// Gives a claim back, if it is still the one that holds its pool; `false` when it is not.
    ///
    /// Errors: `Damaged`, `Misplaced`, `PoolName`, `File`.
    pub fn release(&self, claim: &Claim) -> Result<bool, ClaimError> {
        match self.remove(&claim.pool, &claim.id) {
            Ok(_) => Ok(true),
            Err(ClaimError::NotHeld(_) | ClaimError::OtherClaim { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes a claim whose run is gone, and says what it was; `id` is proof that it was read.
    ///
    /// Errors: `NotHeld`, `OtherClaim`, `Damaged`, `Misplaced`, `PoolName`, `File`.
    pub fn remove(&self, pool: &str, id: &str) -> Result<Claim, ClaimError> {
        let pool = pool_name(pool)?;
        let path = self.path(&pool);
        let _others_wait = self.removal();
        let found = read(&path, &pool)?.ok_or_else(|| ClaimError::NotHeld(pool.clone()))?;
        if found.id != id {
            return Err(ClaimError::OtherClaim { asked: id.to_owned(), found: Box::new(found) });
        }
        fs::remove_file(&path).and_then(|()| os::sync_name(&path)).map_err(FileError::of("remove", &path))?;
        Ok(found)
    }

    /// One removal at a time, so that the claim that is removed is the one that was read: who takes a claim never
    /// replaces one. Where the file system has no locks, two removals in the same instant are on their own.
    fn removal(&self) -> Option<File> {
        let path = self.dir.join(".removal");
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path).ok()?;
        file.lock().ok().map(|()| file)
    }

    fn path(&self, pool: &str) -> PathBuf {
        // Not the name alone: Windows takes `con.contoso.com` for its console.
        let file = match pool.get(..MAX_NAME) {
            Some(start) if pool.len() > MAX_NAME => {
                let number =
                    pool.bytes().fold(0u64, |number, byte| number.wrapping_mul(31).wrapping_add(byte.into()));
                format!("pool-{start}-{number:016x}.json")
            }
            _ => format!("pool-{pool}.json"),
        };
        self.dir.join(file)
    }
}

/// The claim in a file; `None` if there is no such file.
fn read(path: &Path, pool: &str) -> Result<Option<Claim>, ClaimError> {
    let mut tries = TRIES;
    loop {
        let text = match whole_file::read(path, MAX_CLAIM) {
            Ok(text) => text,
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound => return Ok(None),
                io::ErrorKind::InvalidInput | io::ErrorKind::FileTooLarge => {
                    let source = serde::de::Error::custom(error);
                    return Err(ClaimError::Damaged { path: path.to_owned(), source });
                }
                _ => return Err(FileError::of("read", path)(error).into()),
            },
        };
        match serde_json::from_slice::<Claim>(&text) {
            Ok(claim) if claim.pool == pool => return Ok(Some(claim)),
            Ok(claim) => return Err(ClaimError::Misplaced { path: path.to_owned(), found: claim.pool }),
            Err(_) if tries > 0 => tries -= 1,
            Err(source) => return Err(ClaimError::Damaged { path: path.to_owned(), source }),
        }
        thread::sleep(PAUSE);
    }
}

/// The name in lower case, without the dot of the root; an error if it is no name that is safe as a file name.
fn pool_name(pool: &str) -> Result<String, ClaimError> {
    let name = pool.strip_suffix('.').unwrap_or(pool).to_ascii_lowercase();
    let plain = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if name.len() <= MAX_POOL && name.split('.').all(plain) {
        Ok(name)
    } else {
        Err(ClaimError::PoolName(pool.to_owned()))
    }
}

#[cfg(test)]
mod tests;
