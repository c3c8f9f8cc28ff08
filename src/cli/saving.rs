//! Where `poolroll prove` saves the history that breaks a promise.

use std::fs;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::reading::STDIN;
use crate::exec::whole_file;

/// Where a history is saved.
#[derive(Debug, clap::Args)]
#[group(id = "saving")]
pub struct Args {
    /// Where the history is saved that breaks a promise, if there is one; if left out, `PLAN.broken.yaml` in the current
    /// folder, with a number if another one is there
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Replace the file of `--save` if it is there
    #[arg(long, requires = "save")]
    force: bool,
}

/// More files of one plan than anybody keeps.
const MOST: u32 = 1000;

impl Args {
    /// Whether there is something in the way that a long proof should not end at.
    ///
    /// # Errors
    ///
    /// The file is there.
    pub fn check(&self) -> Result<(), Failure> {
        match &self.save {
            Some(path) if !self.force && path.exists() => Err(Failure::Exists(path.clone())),
            _ => Ok(()),
        }
    }

    /// Whether somebody asked for it: then it is an error when it cannot be done.
    pub fn is_asked_for(&self) -> bool {
        self.save.is_some()
    }

    /// Saves a history, and says where.
    ///
    /// # Errors
    ///
    /// It cannot be written, or is in the way of something else.
    pub fn save(&self, plan: &Path, text: &str) -> Result<PathBuf, Failure> {
        match &self.save {
            Some(path) if self.force => {
                whole_file::write(path, text.as_bytes())?;
                Ok(path.clone())
            }
            Some(path) => match whole_file::create(path, text.as_bytes())? {
                true => Ok(path.clone()),
                false => Err(Failure::Exists(path.clone())),
            },
            None => beside(Path::new(""), plan, text),
        }
    }
}

/// Saves under the plan's name in a folder. What is there already is kept: the same history is not written twice, another
/// one gets a number.
fn beside(folder: &Path, plan: &Path, text: &str) -> Result<PathBuf, Failure> {
    let stem = match plan.file_stem() {
        Some(stem) if plan != Path::new(STDIN) => stem.to_string_lossy().into_owned(),
        _ => "plan".to_owned(),
    };
    let mut path = folder.join(format!("{stem}.broken.yaml"));
    for nth in 2..=MOST {
        let is_there = fs::read(&path).is_ok_and(|there| there == text.as_bytes());
        if is_there || whole_file::create(&path, text.as_bytes())? {
            return Ok(path);
        }
        path = folder.join(format!("{stem}.broken-{nth}.yaml"));
    }
    Err(Failure::Exists(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_there_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let plan = Path::new("plans/pool.one.yaml");
        let saved = |text| beside(dir.path(), plan, text).unwrap().file_name().unwrap().to_owned();
        assert_eq!(saved("one"), "pool.one.broken.yaml");
        assert_eq!(saved("two"), "pool.one.broken-2.yaml");
        assert_eq!(saved("one"), "pool.one.broken.yaml");
        assert_eq!(saved("three"), "pool.one.broken-3.yaml");
        assert_eq!(saved("two"), "pool.one.broken-2.yaml");
        assert_eq!(fs::read(dir.path().join("pool.one.broken.yaml")).unwrap(), b"one");
        assert_eq!(beside(dir.path(), Path::new("-"), "").unwrap(), dir.path().join("plan.broken.yaml"));
    }

    #[test]
    fn a_file_that_is_named_is_replaced_only_by_force() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.yaml");
        let args = |force| Args { save: Some(path.clone()), force };
        assert!(args(false).check().is_ok());
        assert_eq!(args(false).save(Path::new("p.yaml"), "one").unwrap(), path);
        assert!(matches!(args(false).check(), Err(Failure::Exists(there)) if there == path));
        // Somebody may have written it while the proof went on.
        assert!(matches!(args(false).save(Path::new("p.yaml"), "two"), Err(Failure::Exists(_))));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert!(args(true).check().is_ok());
        assert_eq!(args(true).save(Path::new("p.yaml"), "two").unwrap(), path);
        assert_eq!(fs::read(&path).unwrap(), b"two");
    }
}
