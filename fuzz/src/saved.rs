//! Saved plans: what was reviewed is what runs, or it is refused.

use poolroll::exec::live::compile;
use poolroll::exec::saved::{Saved, SavedError, is_saved};

/// What is no saved plan is told apart; what is one comes back as it was when it is written again. Its plan is used only
/// where it compiles to the graph that it was saved with, and then saving it once more gives the same bytes.
pub fn saved(bytes: &[u8]) {
    let read = match Saved::read("saved.json", bytes) {
        Ok(None) => return assert!(!is_saved(bytes), "it says that it is one"),
        Err(SavedError::NotUnderstood { .. } | SavedError::Version { .. }) => {
            return assert!(is_saved(bytes), "it does not say that it is one");
        }
        Err(other) => panic!("{other}"),
        Ok(Some(read)) => read,
    };
    assert!(is_saved(bytes), "it does not say that it is one");
    let again = Saved::read("saved.json", &written(&read)).expect("what is written can be read");
    assert_eq!(again.as_ref(), Some(&read));

    let plan = &read.plan_file;
    let Ok(compiled) = compile(&plan.name, plan.text.as_bytes()) else { return };
    let digest = compiled.graph.digest();
    match read.check("saved.json", &compiled.graph) {
        Ok(()) => assert_eq!(read.digest, digest, "another plan than the one that was reviewed"),
        Err(SavedError::Digest { .. }) => assert_ne!(read.digest, digest, "it is the one that was reviewed"),
        Err(other) => panic!("{other}"),
    }
    // The same plan, saved as it is now.
    let fresh = written(&Saved::of(&plan.name, plan.text.as_bytes(), &compiled.graph));
    let read = Saved::read("saved.json", &fresh).expect("what is written can be read").expect("a saved plan");
    read.check("saved.json", &compiled.graph).expect("nothing was changed");
    let compiled = compile(&read.plan_file.name, read.plan_file.text.as_bytes()).expect("it did before");
    let once_more = Saved::of(&read.plan_file.name, read.plan_file.text.as_bytes(), &compiled.graph);
    assert!(written(&once_more) == fresh, "the same plan is saved in other bytes");
}

/// As [`Saved::write`] writes it.
fn written(saved: &Saved) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(saved).expect("a JSON form");
    bytes.push(b'\n');
    bytes
}
