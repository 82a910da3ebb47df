//! A ledger and its file.

use std::{
    collections::{BTreeMap, btree_map::Entry as MapEntry},
    fs::{self, OpenOptions},
    hash::{BuildHasher, RandomState},
    io,
    path::{Path, PathBuf},
};

use ark_bn254::Fr;
use redb::{
    Builder, Database, ReadTransaction, ReadableDatabase, ReadableTable, StorageBackend,
    WriteTransaction, backends::FileBackend,
};
use zkroll_circuits::protocol::{
    account::AccountIndex,
    blob::BlobScalar,
    field,
    ledger::{BatchError, BatchTrace, Checkpoint, Ledger},
    public_data::{BatchShape, DataForm, FeeSlot, Header, PublicData},
    queue::Entry,
    transfer::{Domain, SignedTransfer},
    tree::ARITY,
};

use crate::{
    error::{RecordError, StoreError},
    proof::AccountProof,
    record::{self, record},
    undo::{Undo, nodes_above},
};

/// Batches that a store remembers unless it is told otherwise.
pub const DEFAULT_HISTORY: u64 = 256;

/// Memory that redb may fill with pages of the file. The accounts are in the ledger, so what is read again and
/// again is the inner pages of the tables.
const CACHE_BYTES: usize = 64 << 20;

type Result<T> = std::result::Result<T, StoreError>;

/// A ledger in memory whose every batch is in a file before it counts.
///
/// Changes take `&mut self` and are durable when they return. A change that is refused leaves ledger and file as
/// they were. One that fails while it is written leaves the ledger as it was, and the store takes no further
/// change ([`StoreError::Database`]): opened again, it is in the state before the change or in the one after it.
#[derive(Debug)]
pub struct Store {
    database: Database,
    ledger: Ledger,
    history: u64,
    /// The oldest batch whose state is there.
    oldest: u64,
    /// Entries of the L1 queue that are known, consumed ones included.
    queued: u64,
}

impl Store {
    /// Makes a file that holds `ledger`, which is its oldest state.
    ///
    /// The file appears at `path` when it is complete. Until then it is beside it, with a random name that ends in
    /// `.new`; a creation that is cut short leaves that, which nobody reads. The folder's file system must have
    /// hard links.
    ///
    /// # Errors
    /// [`StoreError::Exists`], or if the file cannot be written.
    pub fn create(path: impl AsRef<Path>, ledger: Ledger) -> Result<Self> {
        let path = path.as_ref();
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Io { path, source }
        };
        if path.try_exists().map_err(failed(path))? {
            return Err(StoreError::Exists {
                path: path.to_owned(),
            });
        }
        let unfinished = unfinished(path);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&unfinished)
            .map_err(failed(&unfinished))?;
        let made = FileBackend::new(file)
            .map_err(StoreError::from)
            .and_then(|backend| Self::create_on(backend, ledger))
            .and_then(|store| match fs::hard_link(&unfinished, path) {
                Ok(()) => Ok(store),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    Err(StoreError::Exists {
                        path: path.to_owned(),
                    })
                }
                Err(error) => Err(failed(path)(error)),
            });
        let removed = fs::remove_file(&unfinished).map_err(failed(&unfinished));
        let store = made?;
        removed?;
        sync_folder(path).map_err(failed(path))?;
        Ok(store)
    }

    /// Opens the file of a contract's ledger. Every page is compared with its checksum, and the tree is computed
    /// from the accounts and compared with the last state root.
    ///
    /// # Errors
    /// If there is no such file, somebody has it open, it is for another contract, chain, depth or version, or it
    /// is damaged.
    pub fn open(path: impl AsRef<Path>, domain: &Domain, depth: usize) -> Result<Self> {
        let path = path.as_ref();
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.and_then(|file| match file.metadata()?.len() {
            // redb would make a database of an empty file.
            0 => Ok(None),
            _ => Ok(Some(file)),
        });
        let file = file.map_err(|source| StoreError::Io {
            path: path.to_owned(),
            source,
        })?;
        let file = file.ok_or(StoreError::NotAStore {
            got: "an empty file",
        })?;
        Self::open_on(FileBackend::new(file)?, domain, depth)
    }

    /// A new database, in which nothing is before `ledger` is.
    pub(crate) fn create_on(backend: impl StorageBackend, ledger: Ledger) -> Result<Self> {
        let database = builder().create_with_backend(backend)?;
        let checkpoint = ledger.checkpoint();
        let transaction = begin(&database)?;
        {
            let format = record::encode_format(ledger.domain(), ledger.depth());
            transaction
                .open_table(record::FORMAT)?
                .insert(0, &format[..])?;
            let mut accounts = transaction.open_table(record::ACCOUNTS)?;
            for (index, account) in ledger.accounts() {
                accounts.insert(index.get(), &record::encode_account(account))?;
            }
            let mut checkpoints = transaction.open_table(record::CHECKPOINTS)?;
            checkpoints.insert(
                checkpoint.batch_number,
                &record::encode_checkpoint(&checkpoint),
            )?;
            transaction.open_table(record::BATCHES)?;
            transaction.open_table(record::CHANGED)?;
            transaction.open_table(record::ACCOUNTS_BEFORE)?;
            transaction.open_table(record::NODES_BEFORE)?;
            transaction.open_table(record::ENTRIES)?;
        }
        transaction.commit()?;
        Ok(Self {
            database,
            ledger,
            history: DEFAULT_HISTORY,
            oldest: checkpoint.batch_number,
            queued: checkpoint.consumed,
        })
    }

    pub(crate) fn open_on(
        backend: impl StorageBackend,
        domain: &Domain,
        depth: usize,
    ) -> Result<Self> {
        let database = builder()
            .set_check_integrity_on_open(true)
            .create_with_backend(backend)?;
        let transaction = database.begin_read()?;
        {
            let format = match transaction.open_table(record::FORMAT) {
                Err(redb::TableError::TableDoesNotExist(_)) => {
                    return Err(StoreError::NotAStore {
                        got: "a database of another program",
                    });
                }
                format => format?,
            };
            let bytes = format.get(0)?;
            record::check_format(bytes.as_ref().map_or(&[], |b| b.value()), domain, depth)?;
        }
        let (oldest, newest) = {
            let checkpoints = transaction.open_table(record::CHECKPOINTS)?;
            let keys = keys(&checkpoints)?;
            let missing = || record("checkpoints", 0, RecordError::Missing);
            let (oldest, newest) = keys.ok_or_else(missing)?;
            check_records("checkpoints", &checkpoints, oldest, newest.wrapping_add(1))?;
            (
                read_checkpoint(&transaction, oldest)?,
                read_checkpoint(&transaction, newest)?,
            )
        };
        let (first, end) = (
            oldest.batch_number.wrapping_add(1),
            newest.batch_number.wrapping_add(1),
        );
        check_records(
            "batches",
            &transaction.open_table(record::BATCHES)?,
            first,
            end,
        )?;
        check_records(
            "changed",
            &transaction.open_table(record::CHANGED)?,
            first,
            end,
        )?;
        let entries = transaction.open_table(record::ENTRIES)?;
        let queued = keys(&entries)?.map_or(0, |(_, last)| last.saturating_add(1));
        let queued = queued.max(newest.consumed);
        check_records("entries", &entries, oldest.consumed, queued)?;

        let mut accounts = Vec::new();
        for item in transaction.open_table(record::ACCOUNTS)?.iter()? {
            let (key, value) = item?;
            let key = key.value();
            let index =
                AccountIndex::try_from(key).map_err(|source| record("accounts", key, source))?;
            let account = record::decode_account(value.value())
                .map_err(|source| record("accounts", key, source))?;
            accounts.push((index, account));
        }
        let ledger = Ledger::resume(depth, *domain, &newest, accounts)?;
        drop(entries);
        drop(transaction);
        Ok(Self {
            database,
            ledger,
            history: DEFAULT_HISTORY,
            oldest: oldest.batch_number,
            queued,
        })
    }

    /// The state after the last batch.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// From now on the last `batches` batches can be reverted, and proofs be had at the roots before and after
    /// each of them; [`DEFAULT_HISTORY`] unless this is called, every time the store is opened. Older ones are
    /// forgotten with the next batch, and do not come back when the number rises.
    pub fn set_history(&mut self, batches: u64) {
        self.history = batches;
    }

    /// The oldest batch whose state is there: what [`revert_to`](Self::revert_to) can go back to.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        self.oldest
    }

    /// The last batch.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.ledger.batch_number()
    }

    /// [`Ledger::apply_batch`], durable when it returns.
    ///
    /// # Errors
    /// If the batch is refused ([`StoreError::Batch`]), it consumes other entries than those that are queued, or
    /// it cannot be written.
    pub fn apply_batch(
        &mut self,
        shape: &BatchShape,
        timestamp: u64,
        entries: &[Entry],
        fee_slots: &[FeeSlot],
        transfers: &[SignedTransfer],
    ) -> Result<BatchTrace> {
        let checkpoint = self.ledger.checkpoint();
        let trace = self
            .ledger
            .apply_batch(shape, timestamp, entries, fee_slots, transfers)?;
        let undo = Undo::new(trace.before());
        let data = match shape.form {
            DataForm::Calldata => trace.public_data(),
            DataForm::Blob => trace.public_data_with_blob(BlobScalar::default()),
        };
        let data = data.map_err(StoreError::from);
        let kept = data.and_then(|data| self.keep(&data, &undo));
        self.finish(kept, &checkpoint, undo)?;
        Ok(trace)
    }

    /// [`Ledger::apply_public_data`], durable when it returns.
    ///
    /// # Errors
    /// If the data are refused ([`StoreError::Replay`]), they consume other entries than those that are queued, or
    /// they cannot be written.
    pub fn apply_public_data(&mut self, data: &PublicData) -> Result<()> {
        let checkpoint = self.ledger.checkpoint();
        let undo = Undo::new(self.ledger.apply_public_data(data)?);
        let kept = self.keep(data, &undo);
        self.finish(kept, &checkpoint, undo)
    }

    /// Goes back to the state after batch `number`, as it was; the batches after it are forgotten. The entries that
    /// they consumed wait again.
    ///
    /// # Errors
    /// [`StoreError::UnknownBatch`], or if the file is damaged or cannot be written.
    pub fn revert_to(&mut self, number: u64) -> Result<()> {
        let target = self.checkpoint(number)?;
        let newest = self.newest();
        if number == newest {
            return Ok(());
        }
        let mut accounts = BTreeMap::new();
        let transaction = self.database.begin_read()?;
        let before = transaction.open_table(record::ACCOUNTS_BEFORE)?;
        for batch in number + 1..=newest {
            for index in read_changed(&transaction, batch)? {
                if let MapEntry::Vacant(vacant) = accounts.entry(index) {
                    let key = (index.get(), batch);
                    let account = before
                        .get(key)?
                        .ok_or(RecordError::Missing)
                        .and_then(|account| record::decode_account_before(account.value()))
                        .map_err(|source| record("accounts_before", key, source))?;
                    vacant.insert(account);
                }
            }
        }
        drop(before);
        drop(transaction);
        let now = self.ledger.checkpoint();
        let undo = accounts
            .keys()
            .map(|index| (*index, self.ledger.account(*index).cloned()));
        let undo = Undo {
            accounts: undo.collect(),
            nodes: BTreeMap::new(),
        };
        self.ledger.restore(&target, accounts)?;
        let written = self.write_revert(undo.accounts.keys(), newest);
        self.finish(written, &now, undo)
    }

    /// What the ledger was at after batch `number`.
    ///
    /// # Errors
    /// [`StoreError::UnknownBatch`], or if the file is damaged or cannot be read.
    pub fn checkpoint(&self, number: u64) -> Result<Checkpoint> {
        self.check_known(number, self.oldest)?;
        read_checkpoint(&self.database.begin_read()?, number)
    }

    /// The last batch after which the state root was `root`, among those that the store remembers.
    ///
    /// # Errors
    /// If the file is damaged or cannot be read.
    pub fn batch_of_root(&self, root: &Fr) -> Result<Option<u64>> {
        let transaction = self.database.begin_read()?;
        for item in transaction.open_table(record::CHECKPOINTS)?.iter()?.rev() {
            let (key, value) = item?;
            let checkpoint = record::decode_checkpoint(key.value(), value.value())
                .map_err(|source| record("checkpoints", key.value(), source))?;
            if checkpoint.root == *root {
                return Ok(Some(checkpoint.batch_number));
            }
        }
        Ok(None)
    }

    /// The public data of batch `number`, of which there are those after [`oldest`](Self::oldest). If its operations
    /// are in a blob and [`apply_batch`](Self::apply_batch) made it, the blob's point is 0 in them: it
    /// is not known before the blob is.
    ///
    /// # Errors
    /// [`StoreError::UnknownBatch`], or if the file is damaged or cannot be read.
    pub fn batch(&self, number: u64) -> Result<PublicData> {
        self.check_known(number, self.oldest.saturating_add(1))?;
        let transaction = self.database.begin_read()?;
        let before = read_checkpoint(&transaction, number - 1)?;
        let after = read_checkpoint(&transaction, number)?;
        let bytes = transaction.open_table(record::BATCHES)?.get(number)?;
        let failed = |source| record("batches", number, source);
        let bytes = bytes.ok_or(RecordError::Missing).map_err(failed)?;
        let header = Header {
            domain: *self.ledger.domain(),
            timestamp: after.timestamp,
            batch_number: number,
            shape: BatchShape::transfers_only(self.ledger.depth() as u32, 0, 0),
            pre_root: before.root,
            post_root: after.root,
            consumed_before: before.consumed,
            consumed_after: after.consumed,
        };
        record::decode_batch(header, bytes.value()).map_err(failed)
    }

    /// The public data of the batches after [`oldest`](Self::oldest), in order: whoever has that state gets to
    /// this one with them.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = Result<PublicData>> {
        let first = self.oldest.saturating_add(1);
        (first..=self.newest()).map(|number| self.batch(number))
    }

    /// What account `index` was after batch `number`, with its path under that batch's root. The path is verified
    /// before it is returned; nothing else is hashed, however old the batch.
    ///
    /// # Errors
    /// [`StoreError::UnknownBatch`], [`StoreError::Tree`], or if the file is damaged or cannot be read.
    pub fn proof_at(&self, number: u64, index: AccountIndex) -> Result<AccountProof> {
        let checkpoint = self.checkpoint(number)?;
        let mut path = self.ledger.path(index)?;
        let mut account = self.ledger.account(index).cloned();
        if number < self.newest() {
            let later = number + 1;
            let transaction = self.database.begin_read()?;
            let accounts = transaction.open_table(record::ACCOUNTS_BEFORE)?;
            let at = index.get();
            if let Some(item) = accounts.range((at, later)..=(at, u64::MAX))?.next() {
                let (key, value) = item?;
                account = record::decode_account_before(value.value())
                    .map_err(|source| record("accounts_before", key.value(), source))?;
            }
            let nodes = transaction.open_table(record::NODES_BEFORE)?;
            let depth = path.levels.len();
            for (children, (height, position)) in
                path.levels.iter_mut().zip(nodes_above(index, depth))
            {
                let first = position / ARITY as u64 * ARITY as u64;
                for (child, position) in children.iter_mut().zip(first..) {
                    let versions = (height, position, later)..=(height, position, u64::MAX);
                    if let Some(item) = nodes.range(versions)?.next() {
                        let (key, value) = item?;
                        *child = field::from_be_bytes(value.value())
                            .map_err(|source| record("nodes_before", key.value(), source))?;
                    }
                }
            }
        }
        let proof = AccountProof {
            batch_number: number,
            root: checkpoint.root,
            index,
            account,
            path,
        };
        match proof.verify() {
            true => Ok(proof),
            false => Err(StoreError::Path {
                account: index.get(),
                batch_number: number,
            }),
        }
    }

    /// Entries of the L1 queue that are known, consumed ones included: the place of the next one.
    #[must_use]
    pub fn queued(&self) -> u64 {
        self.queued
    }

    /// Takes note of entries, of which the first is at place `index` of the queue; durable when it returns. A batch
    /// may consume entries that were never queued here, but no others than those that were.
    ///
    /// # Errors
    /// If they are not the queue's next ones, or such as no contract queues, or cannot be written.
    pub fn queue(&mut self, index: u64, entries: &[Entry]) -> Result<()> {
        if index != self.queued {
            return Err(StoreError::EntryOrder {
                expected: self.queued,
                got: index,
            });
        }
        let queued = index.checked_add(entries.len() as u64);
        let queued = queued.ok_or(BatchError::QueueExhausted)?;
        let transaction = begin(&self.database)?;
        {
            let mut table = transaction.open_table(record::ENTRIES)?;
            for (index, entry) in (index..).zip(entries) {
                entry
                    .validate()
                    .map_err(|source| StoreError::Entry { index, source })?;
                table.insert(index, &entry.encode())?;
            }
        }
        transaction.commit()?;
        self.queued = queued;
        Ok(())
    }

    /// Forgets the entries from place `length` of the queue on, because the chain did; durable when it returns.
    ///
    /// # Errors
    /// If one of them is consumed, in which case [`revert_to`](Self::revert_to) comes first; if there are none; or
    /// if the file cannot be written.
    pub fn truncate_queue(&mut self, length: u64) -> Result<()> {
        let consumed = self.ledger.consumed();
        if !(consumed..=self.queued).contains(&length) {
            return Err(StoreError::EntryConsumed {
                consumed,
                queued: self.queued,
                got: length,
            });
        }
        let transaction = begin(&self.database)?;
        transaction
            .open_table(record::ENTRIES)?
            .retain_in(length.., |_, _| false)?;
        transaction.commit()?;
        self.queued = length;
        Ok(())
    }

    /// The known entries that no batch has consumed, in order.
    ///
    /// # Errors
    /// If the file is damaged or cannot be read.
    pub fn waiting(&self) -> Result<Vec<Entry>> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(record::ENTRIES)?;
        let mut waiting = Vec::new();
        for item in table.range(self.ledger.consumed()..)? {
            let (key, value) = item?;
            let entry = record::decode_entry(value.value());
            waiting.push(entry.map_err(|source| record("entries", key.value(), source))?);
        }
        Ok(waiting)
    }

    fn check_known(&self, number: u64, oldest: u64) -> Result<()> {
        let newest = self.newest();
        match (oldest..=newest).contains(&number) {
            true => Ok(()),
            false => Err(StoreError::UnknownBatch {
                oldest,
                newest,
                got: number,
            }),
        }
    }

    /// If the file has not taken a change, neither does the ledger.
    fn finish<T>(&mut self, written: Result<T>, before: &Checkpoint, undo: Undo) -> Result<T> {
        if written.is_err() {
            self.ledger
                .restore(before, undo.accounts)
                .expect("the ledger had these accounts before the change");
        }
        written
    }

    /// Writes the batch that the ledger has just applied, and forgets what is too old.
    fn keep(&mut self, data: &PublicData, undo: &Undo) -> Result<()> {
        let checkpoint = self.ledger.checkpoint();
        let number = checkpoint.batch_number;
        let oldest = self.oldest.max(number.saturating_sub(self.history));
        let transaction = begin(&self.database)?;
        write_accounts(&transaction, &self.ledger, undo.accounts.keys())?;
        {
            let mut checkpoints = transaction.open_table(record::CHECKPOINTS)?;
            checkpoints.insert(number, &record::encode_checkpoint(&checkpoint))?;
            let batch = record::encode_batch(data);
            let mut batches = transaction.open_table(record::BATCHES)?;
            batches.insert(number, &batch[..])?;
            let changed = record::encode_changed(undo.accounts.keys().copied());
            let mut table = transaction.open_table(record::CHANGED)?;
            table.insert(number, &changed[..])?;
            let mut accounts = transaction.open_table(record::ACCOUNTS_BEFORE)?;
            for (index, account) in &undo.accounts {
                let account = account.as_ref().map(record::encode_account);
                let bytes = account.as_ref().map_or(&[][..], |bytes| bytes);
                accounts.insert((index.get(), number), bytes)?;
            }
            let mut nodes = transaction.open_table(record::NODES_BEFORE)?;
            for ((height, position), node) in &undo.nodes {
                let bytes = field::to_be_bytes(node);
                nodes.insert((*height, *position, number), &bytes)?;
            }
            let mut entries = transaction.open_table(record::ENTRIES)?;
            for (index, slot) in (data.header().consumed_before..).zip(data.l1()) {
                let encoded = slot.entry.encode();
                let known = entries.get(index)?.map(|known| *known.value() == encoded);
                match known {
                    Some(true) => {}
                    Some(false) => return Err(StoreError::EntryMismatch { index }),
                    None => drop(entries.insert(index, &encoded)?),
                }
            }
        }
        let depth = self.ledger.depth();
        for batch in self.oldest + 1..=oldest {
            forget(&transaction, depth, batch, batch - 1)?;
        }
        if oldest != self.oldest {
            let consumed = transaction
                .open_table(record::CHECKPOINTS)?
                .get(oldest)?
                .ok_or(RecordError::Missing)
                .and_then(|bytes| record::decode_checkpoint(oldest, bytes.value()))
                .map_err(|source| record("checkpoints", oldest, source))?
                .consumed;
            let mut entries = transaction.open_table(record::ENTRIES)?;
            entries.retain_in(..consumed, |_, _| false)?;
        }
        transaction.commit()?;
        self.oldest = oldest;
        self.queued = self.queued.max(checkpoint.consumed);
        Ok(())
    }

    /// Writes that the ledger has gone back from batch `newest`, in which these accounts were others.
    fn write_revert<'a>(
        &self,
        accounts: impl Iterator<Item = &'a AccountIndex>,
        newest: u64,
    ) -> Result<()> {
        let transaction = begin(&self.database)?;
        write_accounts(&transaction, &self.ledger, accounts)?;
        for batch in self.newest() + 1..=newest {
            forget(&transaction, self.ledger.depth(), batch, batch)?;
        }
        transaction.commit()?;
        Ok(())
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// A transaction that is committed in two phases, so that what is in the records cannot make a part of them pass
/// for all: redb's checksums are no cryptographic hashes, and users choose much of the records.
fn begin(database: &Database) -> Result<WriteTransaction> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    Ok(transaction)
}

/// Where a store is until it is complete.
fn unfinished(path: &Path) -> PathBuf {
    let random = RandomState::new().hash_one(std::process::id());
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{random:016x}.new"));
    name.into()
}

/// Makes the name of a file durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// The first and the last key of a table.
fn keys<V: redb::Value + 'static>(
    table: &impl ReadableTable<u64, V>,
) -> Result<Option<(u64, u64)>> {
    let first = table.first()?.map(|(key, _)| key.value());
    let last = table.last()?.map(|(key, _)| key.value());
    Ok(first.zip(last))
}

/// Checks that a table has the records `first..end` and no others.
fn check_records<V: redb::Value + 'static>(
    name: &'static str,
    table: &impl ReadableTable<u64, V>,
    first: u64,
    end: u64,
) -> Result<()> {
    let (got, range) = (table.len()?, keys(table)?);
    let expected = (first < end).then(|| (first, end - 1));
    // Keys are distinct, so between the right first and last one the right number of them is all.
    match range == expected && got == end.saturating_sub(first) {
        true => Ok(()),
        false => Err(StoreError::Records {
            table: name,
            first,
            end,
            got,
            range,
        }),
    }
}

fn read_checkpoint(transaction: &ReadTransaction, number: u64) -> Result<Checkpoint> {
    transaction
        .open_table(record::CHECKPOINTS)?
        .get(number)?
        .ok_or(RecordError::Missing)
        .and_then(|bytes| record::decode_checkpoint(number, bytes.value()))
        .map_err(|source| record("checkpoints", number, source))
}

fn read_changed(transaction: &ReadTransaction, batch: u64) -> Result<Vec<AccountIndex>> {
    transaction
        .open_table(record::CHANGED)?
        .get(batch)?
        .ok_or(RecordError::Missing)
        .and_then(|bytes| record::decode_changed(bytes.value()))
        .map_err(|source| record("changed", batch, source))
}

/// Writes accounts as they are in the ledger.
fn write_accounts<'a>(
    transaction: &WriteTransaction,
    ledger: &Ledger,
    indices: impl Iterator<Item = &'a AccountIndex>,
) -> Result<()> {
    let mut accounts = transaction.open_table(record::ACCOUNTS)?;
    for index in indices {
        match ledger.account(*index).map(record::encode_account) {
            Some(account) => drop(accounts.insert(index.get(), &account)?),
            None => drop(accounts.remove(index.get())?),
        }
    }
    Ok(())
}

/// Forgets what undoes a batch, the batch, and the state after batch `state`.
fn forget(transaction: &WriteTransaction, depth: usize, batch: u64, state: u64) -> Result<()> {
    transaction.open_table(record::CHECKPOINTS)?.remove(state)?;
    transaction.open_table(record::BATCHES)?.remove(batch)?;
    let changed = transaction
        .open_table(record::CHANGED)?
        .remove(batch)?
        .ok_or(RecordError::Missing)
        .and_then(|bytes| record::decode_changed(bytes.value()))
        .map_err(|source| record("changed", batch, source))?;
    let mut accounts = transaction.open_table(record::ACCOUNTS_BEFORE)?;
    let mut nodes = transaction.open_table(record::NODES_BEFORE)?;
    for index in changed {
        accounts.remove((index.get(), batch))?;
        for (height, position) in nodes_above(index, depth) {
            nodes.remove((height, position, batch))?;
        }
    }
    Ok(())
}
