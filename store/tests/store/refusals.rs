//! Files that are no store, or one of something else, or say what cannot be: a typed error for each.

use std::{fs, path::Path};

use crate::common::{DEPTH, SHAPE, TIME, domain, fee_slots, genesis, index};
use redb::{Database, Key, TableDefinition, Value};
use zkroll_circuits::protocol::{
    eddsa::PublicKey,
    queue::{Entry, EntryType},
    transfer::{Address, Domain},
    uint::U40,
};
use zkroll_store::{Store, StoreError};

/// Four batches that each create two accounts; the file remembers all.
fn make(path: &Path) -> Store {
    let mut store = Store::create(path, genesis()).unwrap();
    let entry = Entry {
        kind: EntryType::Create,
        token: 5,
        account: index(0),
        address: Address([1; 20]),
        amount: 1000,
        key: PublicKey::NONE,
        timestamp: U40::default(),
    };
    for _ in 0..4 {
        store
            .apply_batch(&SHAPE, TIME, &[entry, entry], &fee_slots(), &[])
            .unwrap();
    }
    store
}

#[track_caller]
fn refused(path: &Path, domain: &Domain, depth: usize, expected: &str) {
    let error = Store::open(path, domain, depth).unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let error = Store::open(&path, &domain(), DEPTH).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    for (bytes, expected) in [
        (&[][..], "expected a zkroll store, got an empty file"),
        (
            &[7; 5000],
            "expected a zkroll store, got a file that is no database",
        ),
    ] {
        fs::write(&path, bytes).unwrap();
        refused(&path, &domain(), DEPTH, expected);
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    let error = Store::create(&path, genesis()).unwrap_err();
    assert!(matches!(error, StoreError::Exists { .. }), "{error}");
    fs::remove_file(&path).unwrap();
    drop(Database::create(&path).unwrap());
    let expected = "expected a zkroll store, got a database of another program";
    refused(&path, &domain(), DEPTH, expected);
    fs::remove_file(&path).unwrap();

    let store = make(&path);
    let error = Store::create(&path, genesis()).unwrap_err();
    assert!(matches!(error, StoreError::Exists { .. }), "{error}");
    let names = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 1, "nothing unfinished is left");
    let error = Store::open(&path, &domain(), DEPTH).unwrap_err();
    assert!(matches!(error, StoreError::InUse), "{error}");
    drop(store);

    refused(&path, &domain(), 4, "expected a store of depth 4, got 3");
    let mut other = domain();
    other.chain_id = 1;
    let expected = "expected a store for chain 1, got 18364758544493064720";
    refused(&path, &other, DEPTH, expected);
    other = domain();
    other.contract = Address([1; 20]);
    let expected = "expected a store for contract 0x0101010101010101010101010101010101010101, got \
                    0xabababababababababababababababababababab";
    refused(&path, &other, DEPTH, expected);
    Store::open(&path, &domain(), DEPTH).unwrap();
}

/// Changes one record of a copy of the file, `None` to remove it.
fn change<K: Key + 'static, V: Value + 'static>(
    path: &Path,
    table: &str,
    key: K::SelfType<'_>,
    value: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>,
) {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut table = transaction
            .open_table(TableDefinition::<K, V>::new(table))
            .unwrap();
        let removed = table.remove(&key).unwrap();
        let old = removed.map(|old| V::as_bytes(&old.value()).as_ref().to_vec());
        if let Some(new) = value(old.unwrap_or_default()) {
            table.insert(&key, V::from_bytes(&new)).unwrap();
        }
    }
    transaction.commit().unwrap();
}

fn flip(at: usize) -> impl FnOnce(Vec<u8>) -> Option<Vec<u8>> {
    move |mut bytes| {
        bytes[at] ^= 1;
        Some(bytes)
    }
}

type Change<'a> = &'a dyn Fn(&Path);

/// The pages are right and the records are not.
#[test]
fn wrong_records_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [path, copy] = ["store", "copy"].map(|name| folder.path().join(name));
    drop(make(&path));

    let changes: [(Change<'_>, &str); 18] = [
        (
            &|p| change::<u8, &[u8]>(p, "format", 0, flip(0)),
            "expected a zkroll store, got a database of another program",
        ),
        (
            &|p| change::<u8, &[u8]>(p, "format", 0, |_| None),
            "expected a zkroll store, got a database of another program",
        ),
        (
            &|p| change::<u8, &[u8]>(p, "format", 0, |_| Some(b"zkrstore\x02later".to_vec())),
            "expected a store of format version 1, got 2",
        ),
        (
            &|p| change::<u8, &[u8]>(p, "format", 0, |_| Some(b"zkrstore\x01\x02".to_vec())),
            "table format, record 0: expected 30 bytes, got 1",
        ),
        (
            &|p| change::<u8, &[u8]>(p, "format", 0, flip(9)),
            "expected a store for version 2 of the protocol, got 3",
        ),
        (
            &|p| change::<u64, &[u8; 110]>(p, "accounts", 0, flip(88)),
            "accounts of the store: expected accounts with state root",
        ),
        (
            &|p| change::<u64, &[u8; 110]>(p, "accounts", 0, flip(31)),
            "accounts of the store: account 0: ",
        ),
        (
            &|p| change::<u64, &[u8; 110]>(p, "accounts", 0, flip(109)),
            "accounts of the store: account 0: expected flags 0",
        ),
        (
            &|p| change::<u64, &[u8; 110]>(p, "accounts", 1, |_| Some(vec![0xff; 110])),
            "table accounts, record 1: expected a field element below r",
        ),
        (
            &|p| change::<u64, &[u8; 110]>(p, "accounts", 1 << 33, |_| Some(vec![0; 110])),
            "table accounts, record 8589934592: expected an account index below 2^33",
        ),
        (
            &|p| {
                let mut account = vec![0; 110];
                account[108] = 1;
                change::<u64, &[u8; 110]>(p, "accounts", 512, |_| Some(account));
            },
            "accounts of the store: expected a leaf index below 512, got 512",
        ),
        (
            &|p| change::<u64, &[u8; 45]>(p, "checkpoints", 4, |_| Some(vec![0xff; 45])),
            "table checkpoints, record 4: expected a field element below r",
        ),
        (
            &|p| change::<u64, &[u8; 45]>(p, "checkpoints", 2, |_| None),
            "table checkpoints: expected records 0..5 and no others, got 4 records from 0 to 4",
        ),
        (
            &|p| change::<u64, &[u8; 45]>(p, "checkpoints", u64::MAX, |_| Some(vec![0; 45])),
            "table checkpoints: expected records 0..0 and no others, got 6 records",
        ),
        (
            &|p| change::<u64, &[u8]>(p, "batches", 4, |_| None),
            "table batches: expected records 1..5 and no others, got 3 records from 1 to 3",
        ),
        (
            &|p| change::<u64, &[u8]>(p, "changed", 1, |_| None),
            "table changed: expected records 1..5 and no others, got 3 records from 2 to 4",
        ),
        (
            &|p| change::<u64, &[u8; 115]>(p, "entries", 0, |_| None),
            "table entries: expected records 0..8 and no others, got 7 records from 1 to 7",
        ),
        (
            &|p| change::<u64, &[u8; 115]>(p, "entries", 1 << 40, |_| Some(vec![0; 115])),
            "table entries: expected records 0..1099511627777 and no others",
        ),
    ];
    for (change, expected) in changes {
        fs::copy(&path, &copy).unwrap();
        change(&copy);
        refused(&copy, &domain(), DEPTH, expected);
    }

    // A table of another type, and none.
    let tables: [(Change<'_>, &str); 2] = [
        (
            &|path| {
                let database = Database::open(path).unwrap();
                let transaction = database.begin_write().unwrap();
                let accounts = TableDefinition::<u64, &[u8; 110]>::new("accounts");
                transaction.delete_table(accounts).unwrap();
                let accounts = TableDefinition::<u64, u64>::new("accounts");
                transaction.open_table(accounts).unwrap();
                transaction.commit().unwrap();
            },
            "expected an intact file, got: accounts has key type u64 and value type u64",
        ),
        (
            &|path| {
                let database = Database::open(path).unwrap();
                let transaction = database.begin_write().unwrap();
                let accounts = TableDefinition::<u64, &[u8; 110]>::new("accounts");
                transaction.delete_table(accounts).unwrap();
                transaction.commit().unwrap();
            },
            "expected an intact file, got: Table 'accounts' does not exist",
        ),
    ];
    for (change, expected) in tables {
        fs::copy(&path, &copy).unwrap();
        change(&copy);
        refused(&copy, &domain(), DEPTH, expected);
    }
}

/// What is not read when a store is opened is checked when it is; the store is then as before.
#[test]
fn wrong_history_is_found_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let [path, copy] = ["store", "copy"].map(|name| folder.path().join(name));
    drop(make(&path));
    let fee_account = (0, 4);
    type Read<'a> = &'a dyn Fn(&mut Store) -> Option<StoreError>;
    let revert: Read<'_> = &|store| store.revert_to(3).err();
    let prove: Read<'_> = &|store| store.proof_at(3, index(0)).err();
    let data: Read<'_> = &|store| store.batch(3).err();
    let waiting: Read<'_> = &|store| store.waiting().err();
    let checkpoint: Read<'_> = &|store| store.checkpoint(2).err();
    let changes: [(Change<'_>, Read<'_>, &str); 16] = [
        (
            &|p| change::<(u64, u64), &[u8]>(p, "accounts_before", fee_account, flip(88)),
            revert,
            "accounts of the store: expected accounts with state root",
        ),
        (
            &|p| change::<(u64, u64), &[u8]>(p, "accounts_before", fee_account, flip(88)),
            prove,
            "expected a path from account 0 to the root of batch 3, got another",
        ),
        (
            &|p| change::<(u64, u64), &[u8]>(p, "accounts_before", fee_account, flip(31)),
            prove,
            "table accounts_before, record (0, 4): ",
        ),
        (
            &|p| {
                let short = |_| Some(vec![1; 109]);
                change::<(u64, u64), &[u8]>(p, "accounts_before", fee_account, short);
            },
            prove,
            "table accounts_before, record (0, 4): expected 110 bytes, got 109",
        ),
        (
            &|p| change::<(u64, u64), &[u8]>(p, "accounts_before", fee_account, |_| None),
            revert,
            "table accounts_before, record (0, 4): expected a record, got none",
        ),
        (
            &|p| change::<(u8, u64, u64), &[u8; 32]>(p, "nodes_before", (1, 0, 4), flip(31)),
            prove,
            "expected a path from account 0 to the root of batch 3, got another",
        ),
        (
            &|p| {
                let large = |_| Some(vec![0xff; 32]);
                change::<(u8, u64, u64), &[u8; 32]>(p, "nodes_before", (1, 0, 4), large);
            },
            prove,
            "table nodes_before, record (1, 0, 4): expected a field element below r",
        ),
        (
            &|p| change::<u64, &[u8]>(p, "changed", 4, |_| Some(vec![0; 7])),
            revert,
            "table changed, record 4: expected 0 bytes, got 7",
        ),
        (
            &|p| change::<u64, &[u8]>(p, "changed", 4, |_| Some(vec![0xff; 8])),
            revert,
            "table changed, record 4: expected an account index below 2^33",
        ),
        (
            &|p| change::<u64, &[u8]>(p, "batches", 3, |_| Some(vec![0xff; 40])),
            data,
            "table batches, record 3: expected a form of public data below 2^1, got 255",
        ),
        (
            &|p| change::<u64, &[u8]>(p, "batches", 3, flip(1)),
            data,
            "table batches, record 3: expected a number of slots below 2^16",
        ),
        (
            &|p| change::<u64, &[u8]>(p, "batches", 3, |_| Some(vec![0; 20])),
            data,
            "table batches, record 3: expected 21 bytes, got 20",
        ),
        (
            &|p| {
                let point = [vec![1], vec![0; 20], vec![0xff; 32]].concat();
                change::<u64, &[u8]>(p, "batches", 3, |_| Some(point));
            },
            data,
            "table batches, record 3: expected a blob's point below q",
        ),
        (
            &|p| change::<u64, &[u8]>(p, "batches", 3, |_| Some([vec![1], vec![0; 20]].concat())),
            data,
            "table batches, record 3: expected 53 bytes, got 21",
        ),
        (
            &|p| {
                let mut entry = vec![0; 115];
                entry[0] = 9;
                let next = Store::open(p, &domain(), DEPTH).unwrap().queued();
                change::<u64, &[u8; 115]>(p, "entries", next, |_| Some(entry));
            },
            waiting,
            "expected an entry of type 1 to 4, got 9",
        ),
        (
            &|p| change::<u64, &[u8; 45]>(p, "checkpoints", 2, |_| Some(vec![0xff; 45])),
            checkpoint,
            "table checkpoints, record 2: expected a field element below r",
        ),
    ];
    for (change, read, expected) in changes {
        fs::copy(&path, &copy).unwrap();
        change(&copy);
        let mut store = Store::open(&copy, &domain(), DEPTH).unwrap();
        let before = store.ledger().clone();
        let error = read(&mut store).unwrap();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(*store.ledger(), before);
    }
}
