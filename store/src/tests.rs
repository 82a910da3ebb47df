//! Stores on a disk that loses power, fails, or rots.

#[path = "../tests/common/mod.rs"]
mod common;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use common::{Batch, DEPTH, History, domain, fee_slots, genesis, index};
use rand::{Rng, SeedableRng, rngs::StdRng};
use redb::StorageBackend;
use zkroll_circuits::protocol::ledger::Ledger;

use crate::{Store, StoreError};

/// What a drive writes as a whole.
const SECTOR: usize = 512;

#[derive(Clone, Debug)]
enum Operation {
    Write(usize, Vec<u8>),
    Resize(usize),
    Sync,
}

impl Operation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => {
                let end = offset + data.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[*offset..end].copy_from_slice(data);
            }
            Self::Resize(len) => bytes.resize(*len, 0),
            Self::Sync => {}
        }
    }
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    log: Vec<Operation>,
    /// Operations that succeed before one fails; all succeed if there is none.
    left: Option<usize>,
}

/// A disk in memory that notes every change.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<State>>);

impl Disk {
    fn with(bytes: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.state().bytes = bytes;
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn change(&self, operation: Operation) -> io::Result<()> {
        let mut state = self.state();
        match &mut state.left {
            Some(0) => {
                state.left = None;
                return Err(io::Error::other("the disk failed"));
            }
            Some(left) => *left -= 1,
            None => {}
        }
        operation.apply(&mut state.bytes);
        state.log.push(operation);
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let rest = state.bytes.get(offset as usize..);
        let source = rest.and_then(|rest| rest.get(..out.len()));
        let source = source.ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(source);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Operation::Resize(len as usize))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.change(Operation::Sync)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Operation::Write(offset as usize, data.to_vec()))
    }
}

fn open(bytes: Vec<u8>) -> Result<Store, StoreError> {
    Store::open_on(Disk::with(bytes), &domain(), DEPTH)
}

fn apply(store: &mut Store, batch: &Batch) -> Result<(), StoreError> {
    let Batch {
        shape,
        timestamp,
        entries,
        transfers,
    } = batch;
    store
        .apply_batch(shape, *timestamp, entries, &fee_slots(), transfers)
        .map(drop)
}

/// Reads all that a store remembers; proofs and data are checked when they are read.
fn read_all(store: &Store) -> Result<(), StoreError> {
    for number in store.oldest()..=store.newest() {
        for at in 0..=store.ledger().accounts().len() as u64 {
            store.proof_at(number, index(at))?;
        }
    }
    store.batches().try_for_each(|batch| batch.map(drop))?;
    store.waiting().map(drop)
}

/// What reaches the disk if the power goes at `cut`: all before the last sync, and any part of what came after it.
fn surviving(log: &[Operation], rng: &mut StdRng) -> Vec<u8> {
    let synced = log.iter().rposition(|op| matches!(op, Operation::Sync));
    let (synced, rest) = log.split_at(synced.unwrap_or(0));
    let mut bytes = Vec::new();
    synced.iter().for_each(|op| op.apply(&mut bytes));
    let share = [0.0, 0.5, 0.9, 1.0][rng.gen_range(0..4)];
    for operation in rest {
        match operation {
            Operation::Write(offset, data) => {
                for (sector, data) in data.chunks(SECTOR).enumerate() {
                    if rng.gen_bool(share) {
                        let offset = offset + sector * SECTOR;
                        Operation::Write(offset, data.to_vec()).apply(&mut bytes);
                    }
                }
            }
            other => other.apply(&mut bytes),
        }
    }
    bytes
}

/// The power goes at every operation on the disk, while a store is made, takes batches, forgets, reverts and queues:
/// what is there afterwards is the state before the change or after it, and the store goes on.
#[test]
fn a_power_cut_leaves_a_state_between_two_changes() {
    let disk = Disk::default();
    let mut draws = History::new(1);
    let mut rng = StdRng::seed_from_u64(2);
    let mut store = Store::create_on(disk.clone(), genesis()).unwrap();
    store.set_history(3);
    // How long the log is after each change, and the state then.
    let mut marks: Vec<(usize, Ledger, u64)> = Vec::new();
    let mut mark = |store: &Store| {
        let len = disk.state().log.len();
        marks.push((len, store.ledger().clone(), store.queued()));
    };
    mark(&store);
    for step in 0..9 {
        match step {
            4 => store.revert_to(2).unwrap(),
            6 => {
                let entry = draws.entry(store.ledger());
                store.queue(store.queued(), &[entry]).unwrap();
            }
            8 => store.truncate_queue(store.ledger().consumed()).unwrap(),
            _ => {
                let waiting = store.waiting().unwrap();
                let batch = draws.batch(store.ledger(), &waiting);
                apply(&mut store, &batch).unwrap();
            }
        }
        mark(&store);
    }
    drop(store);
    let log = disk.state().log.clone();
    let mut opened = 0;
    for cut in 0..=log.len() {
        let before = marks.iter().rposition(|(len, ..)| *len <= cut);
        for _ in 0..2 {
            let result = open(surviving(&log[..cut], &mut rng));
            let Some(before) = before else {
                // The file has no name yet.
                if let Ok(store) = result {
                    assert_eq!(*store.ledger(), marks[0].1);
                }
                continue;
            };
            let mut store = result.unwrap_or_else(|error| panic!("cut {cut}: {error}"));
            let states = &marks[before..(before + 2).min(marks.len())];
            let state = |(_, ledger, queued): &(usize, Ledger, u64)| {
                (ledger, *queued) == (store.ledger(), store.queued())
            };
            assert!(states.iter().any(state), "cut {cut}");
            read_all(&store).unwrap();
            opened += 1;
            if opened % 8 == 0 {
                let waiting = store.waiting().unwrap();
                let batch = draws.batch(store.ledger(), &waiting);
                apply(&mut store, &batch).unwrap();
                store.revert_to(store.oldest()).unwrap();
            }
        }
    }
    assert!(opened > 200, "{opened}");
}

/// The disk fails at every operation of a change: the ledger is as before, the store takes no more changes, and the
/// file is in the state before or after.
#[test]
fn a_failed_change_leaves_the_ledger() {
    let disk = Disk::default();
    let mut draws = History::new(3);
    let mut store = Store::create_on(disk.clone(), genesis()).unwrap();
    for _ in 0..4 {
        let batch = draws.batch(store.ledger(), &[]);
        apply(&mut store, &batch).unwrap();
    }
    let before = store.ledger().clone();
    let batch = draws.batch(&before, &[]);
    let mut after = before.clone();
    batch.apply(&mut after).unwrap();
    let reverted = {
        let mut store = open(disk.state().bytes.clone()).unwrap();
        store.revert_to(1).unwrap();
        store.ledger().clone()
    };
    drop(store);
    let bytes = disk.state().bytes.clone();
    let batch_change: &dyn Fn(&mut Store) -> _ = &|store| apply(store, &batch);
    let revert: &dyn Fn(&mut Store) -> _ = &|store| store.revert_to(1);
    for (change, after) in [(batch_change, after), (revert, reverted)] {
        let mut failures = 0;
        loop {
            let disk = Disk::with(bytes.clone());
            let mut store = Store::open_on(disk.clone(), &domain(), DEPTH).unwrap();
            store.set_history(2);
            disk.state().left = Some(failures);
            let result = change(&mut store);
            disk.state().left = None;
            if result.is_ok() {
                assert_eq!(*store.ledger(), after);
                break;
            }
            let error = result.unwrap_err();
            assert!(matches!(error, StoreError::Database(_)), "{error}");
            assert_eq!(*store.ledger(), before);
            let error = change(&mut store).unwrap_err();
            assert!(matches!(error, StoreError::Database(_)), "{error}");
            assert_eq!(*store.ledger(), before);
            drop(store);
            let store = open(disk.state().bytes.clone()).unwrap();
            assert!([&before, &after].contains(&store.ledger()));
            read_all(&store).unwrap();
            failures += 1;
        }
        assert!(failures > 5, "{failures}");
    }
}

/// Bytes are changed, cut off or blanked: the store opens in the state that it had, or says why not.
#[test]
fn a_damaged_file_is_refused_or_whole() {
    let disk = Disk::default();
    let mut draws = History::new(4);
    let mut store = Store::create_on(disk.clone(), genesis()).unwrap();
    for _ in 0..6 {
        let batch = draws.batch(store.ledger(), &[]);
        apply(&mut store, &batch).unwrap();
    }
    let ledger = store.ledger().clone();
    drop(store);
    let bytes = disk.state().bytes.clone();
    let mut rng = StdRng::seed_from_u64(5);
    let (mut whole, mut refused) = (0, 0);
    for case in 0..900 {
        let mut damaged = bytes.clone();
        let at = match case {
            // The file's header.
            0..320 => case,
            _ => rng.gen_range(0..bytes.len()),
        };
        match case % 8 {
            6 if case >= 320 => damaged.truncate(at),
            7 if case >= 320 => {
                let page = at / 4096 * 4096;
                damaged[page..page + 4096].fill(0);
            }
            _ => damaged[at] ^= rng.gen_range(1..=255u8),
        }
        match open(damaged) {
            Ok(store) => {
                assert_eq!(*store.ledger(), ledger, "case {case}");
                read_all(&store).unwrap();
                whole += 1;
            }
            Err(
                StoreError::Damaged(_) | StoreError::NotAStore { .. } | StoreError::Database(_),
            ) => refused += 1,
            Err(error) => panic!("case {case}: {error}"),
        }
    }
    assert!(
        whole > 100 && refused > 100,
        "{whole} whole, {refused} refused"
    );
}
