//! SIGKILL at random moments, while a store takes batches and reverts, and while it is made.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::common::{DEPTH, History, domain, genesis, index, published};
use rand::{Rng, SeedableRng, rngs::StdRng};
use zkroll_circuits::protocol::{ledger::Ledger, public_data::PublicData};
use zkroll_store::{Store, StoreError};

const BATCHES: usize = 40;
const ROUNDS: usize = 30;

/// Batches that the child can go back.
const HISTORY: u64 = 8;

/// The folder in which this test executable is to work as the child.
const FOLDER: &str = "ZKROLL_STORE_CHILD";

fn say(text: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "\n{text}").unwrap();
    out.flush().unwrap();
}

/// Runs one of the children below until it is killed, a random while after it says that it started. Returns what it
/// said.
fn run_and_kill(child: &str, folder: &Path, rng: &mut StdRng) -> Vec<String> {
    let mut process = Command::new(env::current_exe().unwrap())
        .args(["--exact", child, "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let started = lines.by_ref().map(Result::unwrap);
    let started = started
        .inspect(|line| assert!(!line.starts_with("test result"), "{line}"))
        .find(|line| line.starts_with("open"));
    let mut said: Vec<_> = started.into_iter().collect();
    if folder.join("store").exists() {
        let error = Store::open(folder.join("store"), &domain(), DEPTH).unwrap_err();
        assert!(matches!(error, StoreError::InUse), "{error}");
    }
    thread::sleep(Duration::from_micros(rng.gen_range(0..60_000)));
    process.kill().unwrap();
    said.extend(lines.map(Result::unwrap).filter(|line| !line.is_empty()));
    let status = process.wait().unwrap();
    assert_eq!(status.signal(), Some(9), "{said:?}");
    said
}

/// The child of the first test: batch after batch, and back, for ever.
#[test]
fn child_takes_batches() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let batches = fs::read(folder.join("batches.json")).unwrap();
    let batches: Vec<PublicData> = serde_json::from_slice(&batches).unwrap();
    let mut store = Store::open(folder.join("store"), &domain(), DEPTH).unwrap();
    store.set_history(HISTORY);
    say(&format!("open {}", store.newest()));
    for step in 1.. {
        let newest = store.newest();
        if step % 5 == 0 || newest as usize == batches.len() {
            let number = newest.saturating_sub(3).max(store.oldest());
            say(&format!("to {number}"));
            store.revert_to(number).unwrap();
        } else {
            say(&format!("to {}", newest + 1));
            store.apply_public_data(&batches[newest as usize]).unwrap();
        }
        say(&format!("at {}", store.newest()));
    }
}

#[test]
fn a_killed_store_is_at_its_last_batch_or_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut draws = History::new(11);
    let mut ledgers = vec![genesis()];
    let mut batches = Vec::new();
    for _ in 0..BATCHES {
        let mut ledger = ledgers.last().unwrap().clone();
        let batch = draws.batch(&ledger, &[]);
        batches.push(published(&batch.apply(&mut ledger).unwrap(), 79));
        ledgers.push(ledger);
    }
    let json = serde_json::to_vec(&batches).unwrap();
    fs::write(folder.path().join("batches.json"), json).unwrap();
    let path = folder.path().join("store");
    drop(Store::create(&path, genesis()).unwrap());

    let mut rng = StdRng::seed_from_u64(12);
    let (mut changes, mut interrupted) = (0, 0);
    for round in 0..ROUNDS {
        let said = run_and_kill("crash::child_takes_batches", folder.path(), &mut rng);
        let number = |line: &String| -> u64 { line.split(' ').nth(1).unwrap().parse().unwrap() };
        let done = said.iter().rev().find(|line| !line.starts_with("to"));
        let done = number(done.unwrap());
        let last = number(said.last().unwrap());
        changes += said.iter().filter(|line| line.starts_with("at")).count();
        interrupted += usize::from(said.last().unwrap().starts_with("to"));

        let mut store = Store::open(&path, &domain(), DEPTH).unwrap();
        let newest = store.newest();
        assert!(
            [done, last].contains(&newest),
            "{round}: {newest}, {said:?}"
        );
        assert_eq!(*store.ledger(), ledgers[newest as usize]);
        for number in store.oldest()..=newest {
            let ledger = &ledgers[number as usize];
            let proof = store.proof_at(number, index(0)).unwrap();
            assert_eq!(proof.root, ledger.root());
            assert_eq!(proof.account.as_ref(), ledger.account(index(0)));
        }
        for (number, data) in (store.oldest()..).zip(store.batches()) {
            assert_eq!(data.unwrap(), batches[number as usize]);
        }
        // It goes on, forwards and back.
        if newest < BATCHES as u64 {
            store.apply_public_data(&batches[newest as usize]).unwrap();
        }
        let number = store.oldest();
        store.revert_to(number).unwrap();
        assert_eq!(*store.ledger(), ledgers[number as usize]);
    }
    assert!(
        changes >= ROUNDS && interrupted > 0,
        "{changes} changes, {interrupted} interrupted"
    );
}

/// The child of the second test: one store after the other, for ever.
#[test]
fn child_makes_stores() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let ledger = fs::read(folder.join("ledger.json")).unwrap();
    let ledger: Ledger = serde_json::from_slice(&ledger).unwrap();
    say("open");
    for number in 0.. {
        drop(Store::create(folder.join(format!("store-{number}")), ledger.clone()).unwrap());
        say(&format!("made {number}"));
    }
}

#[test]
fn a_store_that_is_killed_while_it_is_made_is_whole_or_absent() {
    let folder = tempfile::tempdir().unwrap();
    let mut draws = History::new(13);
    let mut ledger = genesis();
    for _ in 0..20 {
        let batch = draws.batch(&ledger, &[]);
        batch.apply(&mut ledger).unwrap();
    }
    let mut rng = StdRng::seed_from_u64(14);
    let mut made = 0;
    for _ in 0..8 {
        let json = serde_json::to_vec(&ledger).unwrap();
        fs::write(folder.path().join("ledger.json"), json).unwrap();
        let said = run_and_kill("crash::child_makes_stores", folder.path(), &mut rng);
        let complete = said.len() - 1;
        let mut stores = 0;
        for item in fs::read_dir(folder.path()).unwrap() {
            let path = item.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.starts_with("store") && !name.ends_with(".new") {
                let store = Store::open(&path, &domain(), DEPTH).unwrap();
                assert_eq!(*store.ledger(), ledger);
                stores += 1;
            }
            fs::remove_file(path).unwrap();
        }
        assert!(
            [complete, complete + 1].contains(&stores),
            "{stores} stores, {said:?}"
        );
        made += stores;
    }
    assert!(made > 0);
}
