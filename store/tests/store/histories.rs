//! A store against the plain reference, which is a ledger for every batch: random batches, refused ones, reverts,
//! queued entries and reopened files.

use std::{collections::BTreeMap, path::Path};

use crate::common::{
    Batch, DEPTH, History, SHAPE, TIME, domain, fee_slots, genesis, index, published,
};
use rand::Rng;
use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use zkroll_circuits::protocol::{
    ledger::{Checkpoint, Ledger},
    public_data::PublicData,
    queue::Entry,
};
use zkroll_store::{AccountProof, Store, StoreError};

/// What a store must say, kept the slow way.
struct Reference {
    /// After batch 0, 1, ….
    ledgers: Vec<Ledger>,
    /// Batch 1, 2, ….
    batches: Vec<PublicData>,
    queue: Vec<Entry>,
    oldest: u64,
    history: u64,
}

impl Reference {
    fn new(history: u64) -> Self {
        Self {
            ledgers: vec![genesis()],
            batches: Vec::new(),
            queue: Vec::new(),
            oldest: 0,
            history,
        }
    }

    fn ledger(&self) -> &Ledger {
        self.ledgers.last().unwrap()
    }

    fn waiting(&self) -> &[Entry] {
        &self.queue[self.ledger().consumed() as usize..]
    }

    fn push(&mut self, ledger: Ledger, data: PublicData) {
        let consumed = data.header().consumed_before as usize;
        for (place, slot) in (consumed..).zip(data.l1()) {
            match self.queue.get(place) {
                Some(entry) => assert_eq!(*entry, slot.entry),
                None => self.queue.push(slot.entry),
            }
        }
        self.oldest = self
            .oldest
            .max(ledger.batch_number().saturating_sub(self.history));
        self.ledgers.push(ledger);
        self.batches.push(data);
    }

    fn revert(&mut self, number: u64) {
        self.ledgers.truncate(number as usize + 1);
        self.batches.truncate(number as usize);
    }

    /// Compares everything that a store says.
    fn check(&self, store: &Store) {
        let newest = self.ledger().batch_number();
        assert_eq!(store.ledger(), self.ledger());
        assert_eq!((store.oldest(), store.newest()), (self.oldest, newest));
        assert_eq!(store.queued(), self.queue.len() as u64);
        assert_eq!(store.waiting().unwrap(), self.waiting());
        let batches: Vec<_> = store.batches().map(Result::unwrap).collect();
        assert_eq!(batches, self.batches[self.oldest as usize..]);
        for number in self.oldest..=newest {
            let ledger = &self.ledgers[number as usize];
            assert_eq!(store.checkpoint(number).unwrap(), ledger.checkpoint());
            let same = |other: &&Ledger| other.root() == ledger.root();
            let last = self.ledgers.iter().rev().find(same).unwrap();
            let found = store.batch_of_root(&ledger.root()).unwrap();
            assert_eq!(found, Some(last.batch_number()));
            let accounts = self.ledger().accounts().len() as u64;
            for at in (0..=accounts + 1).chain([511]) {
                let proof = store.proof_at(number, index(at)).unwrap();
                let expected = AccountProof {
                    batch_number: number,
                    root: ledger.root(),
                    index: index(at),
                    account: ledger.account(index(at)).cloned(),
                    path: ledger.path(index(at)).unwrap(),
                };
                assert_eq!(proof, expected);
                assert!(proof.verify());
            }
        }
        let unknown = |result: Result<Checkpoint, _>, got| match result.unwrap_err() {
            StoreError::UnknownBatch {
                oldest,
                newest,
                got: number,
            } => assert_eq!((oldest, newest, number), (self.oldest, store.newest(), got)),
            error => panic!("{error}"),
        };
        unknown(store.checkpoint(newest + 1), newest + 1);
        let error = store.proof_at(newest, index(512)).unwrap_err();
        assert!(matches!(error, StoreError::Tree(_)), "{error}");
        if self.oldest > 0 {
            unknown(store.checkpoint(self.oldest - 1), self.oldest - 1);
        }
    }
}

fn apply(store: &mut Store, batch: &Batch) -> Result<PublicData, StoreError> {
    let Batch {
        shape,
        timestamp,
        entries,
        transfers,
    } = batch;
    let trace = store.apply_batch(shape, *timestamp, entries, &fee_slots(), transfers)?;
    Ok(published(&trace, 0))
}

#[test]
fn random_histories_equal_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = BTreeMap::<&str, usize>::new();
    for (seed, history) in [(1, 256), (2, 5), (3, 1), (4, 0)] {
        let path = folder.path().join(seed.to_string());
        let mut reference = Reference::new(history);
        let mut store = Store::create(&path, genesis()).unwrap();
        store.set_history(history);
        let mut draws = History::new(seed);
        for _ in 0..40 {
            let newest = store.newest();
            let name = match draws.rng.gen_range(0..20) {
                0..5 => {
                    let batch = draws.batch(reference.ledger(), reference.waiting());
                    let mut ledger = reference.ledger().clone();
                    let trace = batch.apply(&mut ledger).unwrap();
                    let data = apply(&mut store, &batch).unwrap();
                    assert_eq!(data, published(&trace, 0));
                    reference.push(ledger, data);
                    "batch"
                }
                5..9 => {
                    let batch = draws.batch(reference.ledger(), reference.waiting());
                    let mut ledger = reference.ledger().clone();
                    let data = published(&batch.apply(&mut ledger).unwrap(), 77);
                    store.apply_public_data(&data).unwrap();
                    reference.push(ledger, data);
                    "public data"
                }
                9..11 => {
                    let mut batch = draws.batch(reference.ledger(), reference.waiting());
                    let Some(transfer) = batch.transfers.last_mut() else {
                        continue;
                    };
                    transfer.transfer.token ^= 1;
                    let error = apply(&mut store, &batch).unwrap_err();
                    assert!(matches!(error, StoreError::Batch(_)), "{error}");
                    "refused batch"
                }
                11..13 => {
                    // Another entry than the one that waits: the ledger takes it, the store does not.
                    let Some(waiting) = reference.waiting().first() else {
                        continue;
                    };
                    let mut batch = draws.batch(reference.ledger(), reference.waiting());
                    let mut other = *waiting;
                    other.token ^= 7;
                    batch.entries = vec![other];
                    batch.transfers.clear();
                    let error = apply(&mut store, &batch).unwrap_err();
                    let place = reference.ledger().consumed();
                    assert!(
                        matches!(error, StoreError::EntryMismatch { index } if index == place),
                        "{error}"
                    );
                    "refused entry"
                }
                13..15 => {
                    let entries: Vec<_> = (0..draws.rng.gen_range(1..4))
                        .map(|_| draws.entry(reference.ledger()))
                        .collect();
                    let place = store.queued();
                    store.queue(place, &entries).unwrap();
                    reference.queue.extend(entries);
                    "queue"
                }
                15 => {
                    let consumed = reference.ledger().consumed();
                    let length = draws.rng.gen_range(consumed..=store.queued());
                    store.truncate_queue(length).unwrap();
                    reference.queue.truncate(length as usize);
                    "truncate queue"
                }
                16..18 => {
                    let number = draws.rng.gen_range(store.oldest()..=newest);
                    store.revert_to(number).unwrap();
                    reference.revert(number);
                    "revert"
                }
                _ => {
                    drop(store);
                    store = Store::open(&path, &domain(), DEPTH).unwrap();
                    store.set_history(history);
                    "reopen"
                }
            };
            *seen.entry(name).or_default() += 1;
            reference.check(&store);
        }
    }
    assert_eq!(seen.len(), 8, "{seen:?}");
}

/// Keys and values of a table.
type Records = Vec<(Vec<u8>, Vec<u8>)>;

/// Every record of the file.
fn dump(path: &Path) -> BTreeMap<String, Records> {
    fn records<K: redb::Key + 'static, V: redb::Value + 'static>(
        transaction: &redb::ReadTransaction,
        name: &str,
    ) -> Records {
        let table = transaction
            .open_table(TableDefinition::<K, V>::new(name))
            .unwrap();
        let records = table.iter().unwrap().map(|item| {
            let (key, value) = item.unwrap();
            let key = K::as_bytes(&key.value()).as_ref().to_vec();
            (key, V::as_bytes(&value.value()).as_ref().to_vec())
        });
        records.collect()
    }
    let database = redb::Database::open(path).unwrap();
    let transaction = database.begin_read().unwrap();
    let t = &transaction;
    BTreeMap::from([
        ("format".to_owned(), records::<u8, &[u8]>(t, "format")),
        (
            "accounts".to_owned(),
            records::<u64, &[u8; 110]>(t, "accounts"),
        ),
        (
            "checkpoints".to_owned(),
            records::<u64, &[u8; 45]>(t, "checkpoints"),
        ),
        ("batches".to_owned(), records::<u64, &[u8]>(t, "batches")),
        ("changed".to_owned(), records::<u64, &[u8]>(t, "changed")),
        (
            "accounts_before".to_owned(),
            records::<(u64, u64), &[u8]>(t, "accounts_before"),
        ),
        (
            "nodes_before".to_owned(),
            records::<(u8, u64, u64), &[u8; 32]>(t, "nodes_before"),
        ),
        (
            "entries".to_owned(),
            records::<u64, &[u8; 115]>(t, "entries"),
        ),
    ])
}

/// Reverting leaves no trace, and neither does forgetting: the records are those of a store that never knew more.
#[test]
fn a_revert_leaves_the_records_of_the_state() {
    let folder = tempfile::tempdir().unwrap();
    let [long, short] = ["long", "short"].map(|name| folder.path().join(name));
    let mut draws = History::new(7);
    let mut ledger = genesis();
    let mut batches = Vec::new();
    for _ in 0..20 {
        let trace = draws.batch(&ledger, &[]).apply(&mut ledger).unwrap();
        batches.push(published(&trace, 78));
    }
    let take = |store: &mut Store, batches: &[PublicData]| {
        for data in batches {
            store.apply_public_data(data).unwrap();
        }
    };
    let mut store = Store::create(&long, genesis()).unwrap();
    store.set_history(6);
    take(&mut store, &batches);
    store.revert_to(16).unwrap();
    // The entries of the reverted batches wait again.
    let consumed = store.ledger().consumed();
    assert!(store.queued() > consumed);
    store.truncate_queue(consumed).unwrap();
    drop(store);

    let mut store = Store::create(&short, genesis()).unwrap();
    take(&mut store, &batches[..14]);
    store.set_history(2);
    take(&mut store, &batches[14..16]);
    drop(store);
    assert_eq!(dump(&long), dump(&short));
}

#[test]
fn the_queue_is_a_sequence() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::create(folder.path().join("queue"), genesis()).unwrap();
    let mut draws = History::new(8);
    let entries: Vec<_> = (0..4).map(|_| draws.entry(store.ledger())).collect();
    store.queue(0, &entries).unwrap();
    for (place, expected) in [(3, 4), (5, 4)] {
        let error = store.queue(place, &entries).unwrap_err();
        let text = format!("expected entry {expected} of the L1 queue, got entry {place}");
        assert_eq!(error.to_string(), text);
    }
    let mut bad = entries[0];
    bad.address = Default::default();
    let error = store.queue(4, &[entries[1], bad]).unwrap_err();
    assert!(
        matches!(error, StoreError::Entry { index: 5, .. }),
        "{error}"
    );
    assert_eq!(store.waiting().unwrap(), entries);

    store
        .apply_batch(&SHAPE, TIME, &entries[..2], &fee_slots(), &[])
        .unwrap();
    assert_eq!(store.waiting().unwrap(), entries[2..]);
    for length in [1, 5] {
        let error = store.truncate_queue(length).unwrap_err();
        let text = format!("expected a queue of 2..=4 entries, got {length}");
        assert_eq!(error.to_string(), text);
    }
    store.truncate_queue(3).unwrap();
    assert_eq!(store.waiting().unwrap(), entries[2..3]);
    store.revert_to(0).unwrap();
    assert_eq!(store.waiting().unwrap(), entries[..3]);
}
