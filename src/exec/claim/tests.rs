//! Who gets a pool when many want it, and what may never be taken for "nobody holds it".

use super::*;
use std::sync::Barrier;

const POOL: &str = "pool01.contoso.com";
const PARTNER: &str = "pool02.contoso.com";

fn claims() -> (tempfile::TempDir, Claims) {
    let dir = tempfile::tempdir().unwrap();
    let claims = Claims::at(dir.path().join(".poolroll").join("claims"));
    (dir, claims)
}

fn run(tag: &str) -> RunId {
    RunId::parse(&format!("20261205-220003-contoso-{tag}")).unwrap()
}

fn now() -> Timestamp {
    "2026-12-05T22:00:03Z".parse().unwrap()
}

fn names(claims: &Claims) -> Vec<String> {
    let names =
        fs::read_dir(&claims.dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != ".removal").collect();
    names.sort();
    names
}

#[test]
fn a_claim_says_who_and_is_found_again() {
    let (_dir, claims) = claims();
    assert_eq!(claims.held(POOL).unwrap(), None);
    let claim = claims.take("Pool01.Contoso.com.", &run("aaaa"), now()).unwrap();
    assert_eq!((claim.pool.as_str(), claim.run.as_str()), (POOL, run("aaaa").as_str()));
    assert_eq!((claim.since, claim.version.as_str()), (now(), env!("CARGO_PKG_VERSION")));
    assert_eq!(claims.held(POOL).unwrap(), Some(claim));
    assert_eq!(names(&claims), ["pool-pool01.contoso.com.json"]);
}

#[test]
fn the_same_run_gets_it_again_and_another_does_not() {
    let (_dir, claims) = claims();
    let claim = claims.take(POOL, &run("aaaa"), now()).unwrap();
    assert_eq!(claims.take(POOL, &run("aaaa"), now() + Duration::from_secs(60)).unwrap(), claim);
    let error = claims.take(POOL, &run("bbbb"), now()).unwrap_err();
    assert!(error.help().contains(&format!("poolroll release {POOL} {}", claim.id)), "{}", error.help());
    let ClaimError::Held { claim: found } = error else { panic!("{error}") };
    assert_eq!(*found, claim);
}

#[test]
fn of_eight_exactly_one_wins_and_all_others_see_a_whole_claim() {
    let (_dir, claims) = claims();
    for round in 0..40 {
        let start = Barrier::new(8);
        let taken: Vec<Result<Claim, ClaimError>> = thread::scope(|scope| {
            let take = |taker: usize| {
                let (claims, start) = (&claims, &start);
                move || {
                    start.wait();
                    claims.take(POOL, &run(&format!("{round}-{taker}")), now())
                }
            };
            let takers: Vec<_> = (0..8).map(|taker| scope.spawn(take(taker))).collect();
            takers.into_iter().map(|taker| taker.join().unwrap()).collect()
        });
        let winners: Vec<&Claim> = taken.iter().flatten().collect();
        let [winner] = winners.as_slice() else { panic!("{} have the pool", winners.len()) };
        for lost in taken.iter().filter_map(|taken| taken.as_ref().err()) {
            assert!(matches!(lost, ClaimError::Held { claim } if claim.as_ref() == *winner), "{lost}");
        }
        assert!(claims.release(winner).unwrap());
        assert!(names(&claims).is_empty(), "nothing is left behind");
    }
}

#[test]
fn a_removal_waits_for_another_and_reads_the_claim_after_it() {
    let (_dir, claims) = claims();
    let old = claims.take(POOL, &run("aaaa"), now()).unwrap();
    let other = claims.removal().unwrap();
    thread::scope(|scope| {
        let remover = scope.spawn(|| claims.remove(POOL, &old.id));
        thread::sleep(PAUSE * 3);
        assert!(!remover.is_finished());
        // What the other removal does, and a taker right after it.
        fs::remove_file(claims.path(POOL)).unwrap();
        let new = claims.take(POOL, &run("bbbb"), now()).unwrap();
        drop(other);
        assert!(matches!(remover.join().unwrap(), Err(ClaimError::OtherClaim { .. })));
        assert_eq!(claims.held(POOL).unwrap(), Some(new));
    });
}

#[test]
fn several_pools_are_taken_all_or_none() {
    let (_dir, claims) = claims();
    let taken = claims.take_all(&[PARTNER, POOL, "POOL01.contoso.com"], &run("aaaa"), now()).unwrap();
    assert_eq!(taken.iter().map(|claim| claim.pool.as_str()).collect::<Vec<_>>(), [POOL, PARTNER]);
    assert!(claims.release(&taken[0]).unwrap());
    assert!(matches!(claims.take_all(&[POOL, PARTNER], &run("bbbb"), now()), Err(ClaimError::Held { .. })));
    assert_eq!(claims.held(POOL).unwrap(), None, "given back");
    assert_eq!(claims.held(PARTNER).unwrap().as_ref(), Some(&taken[1]));
}

#[test]
fn a_run_that_does_not_get_all_keeps_what_it_had() {
    let (_dir, claims) = claims();
    let mine = claims.take(POOL, &run("aaaa"), now()).unwrap();
    claims.take(PARTNER, &run("bbbb"), now()).unwrap();
    assert!(claims.take_all(&[POOL, PARTNER], &run("aaaa"), now()).is_err());
    assert_eq!(claims.held(POOL).unwrap(), Some(mine));
}

#[test]
fn only_the_claim_that_was_read_is_removed() {
    let (_dir, claims) = claims();
    assert!(matches!(claims.remove(POOL, "x"), Err(ClaimError::NotHeld(_))));
    let first = claims.take(POOL, &run("aaaa"), now()).unwrap();
    assert_eq!(claims.remove(POOL, &first.id).unwrap(), first);
    let second = claims.take(POOL, &run("bbbb"), now()).unwrap();
    assert_ne!(first.id, second.id);
    assert!(matches!(claims.remove(POOL, &first.id), Err(ClaimError::OtherClaim { .. })));
    assert!(!claims.release(&first).unwrap());
    assert_eq!(claims.held(POOL).unwrap(), Some(second));
}

#[test]
fn a_damaged_claim_is_never_taken_for_none() {
    let (_dir, claims) = claims();
    let claim = claims.take(POOL, &run("aaaa"), now()).unwrap();
    let path = claims.path(POOL);
    for text in ["", "{", "{}", "null"] {
        fs::write(&path, text).unwrap();
        let error = claims.take(POOL, &run("aaaa"), now()).unwrap_err();
        assert!(matches!(error, ClaimError::Damaged { .. }), "{error}");
        assert!(error.help().contains(&path.display().to_string()), "{}", error.help());
        assert!(claims.held(POOL).is_err() && claims.release(&claim).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    fs::write(&path, serde_json::to_vec(&Claim { pool: PARTNER.to_owned(), ..claim }).unwrap()).unwrap();
    assert!(matches!(claims.held(POOL), Err(ClaimError::Misplaced { .. })));
}

#[test]
fn a_claim_that_is_still_being_written_is_waited_for() {
    let (_dir, claims) = claims();
    let claim = claims.take(POOL, &run("aaaa"), now()).unwrap();
    let path = claims.path(POOL);
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..10]).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(PAUSE * 2);
            fs::write(&path, &text).unwrap();
        });
        assert_eq!(claims.held(POOL).unwrap(), Some(claim));
    });
}

#[test]
fn a_name_that_is_no_pool_is_no_path() {
    let (_dir, claims) = claims();
    let long = "a".repeat(MAX_POOL + 1);
    for name in ["", ".", "..", "../x", "a/b", "a\\b", "a..b", ".a", "a:b", "a b", "pöol", "a\0", &long] {
        assert!(matches!(claims.take(name, &run("aaaa"), now()), Err(ClaimError::PoolName(_))), "{name}");
    }
    claims.take(&long[1..], &run("aaaa"), now()).unwrap();
    claims.take("con.contoso.com", &run("aaaa"), now()).unwrap();
}
