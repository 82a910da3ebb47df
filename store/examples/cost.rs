//! What a store costs: to make and to open, for each batch, each proof and each revert, and bytes on disk.
//!
//! ```sh
//! cargo run --release -p zkroll-store --example cost -- 10 13 16   # log2 of the numbers of accounts
//! ```
//!
//! The file is in the folder for temporary files, which `TMPDIR` sets: what a sync costs depends on it.

use std::{
    error::Error,
    fs,
    hint::black_box,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use zkroll_circuits::protocol::{
    account::{Account, AccountIndex},
    amount::{Amount, Fee},
    eddsa::PrivateKey,
    ledger::Ledger,
    poseidon,
    public_data::{BatchShape, FeeSlot},
    transfer::{Address, Domain, Recipient, SignedTransfer, Transfer},
    uint::U40,
};
use zkroll_store::Store;

const DEPTH: usize = 11;
const TRANSFERS: usize = 45;
const BATCHES: u64 = 16;
const TIME: u64 = 1_800_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let domain = Domain {
        chain_id: 31337,
        contract: Address([1; 20]),
    };
    let owner = PrivateKey::from([1; 32]);
    let public_key = owner.public_key();
    let [leaf, node] = [4, 8].map(|inputs| hash_time(&vec![Default::default(); inputs]));
    println!("a leaf is {leaf:.1?}, a node {node:.1?}");
    for argument in std::env::args().skip(1) {
        let count = 1u64 << argument.parse::<u32>()?;
        let account = |index| -> Result<_, Box<dyn Error>> {
            let account = Account::new(public_key, 0, 1 << 40)?;
            Ok((AccountIndex::try_from(index)?, account))
        };
        let accounts = (0..count).map(account).collect::<Result<Vec<_>, _>>()?;
        let (ledger, rebuild) = time(|| Ledger::from_genesis(DEPTH, domain, accounts));
        let mut plain = ledger?;
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("store");
        let (store, create) = time(|| Store::create(&path, plain.clone()));
        drop(store?);
        let bytes = fs::metadata(&path)?.len();
        let (store, open) = time(|| Store::open(&path, &domain, DEPTH));
        let mut store = store?;
        println!("2^{argument} accounts");
        println!(
            "  made in {create:.1?}; opened in {open:.1?}, of which {rebuild:.1?} are keys, leaves and nodes"
        );
        println!("  {:.0} bytes an account", bytes as f64 / count as f64);

        let shape = BatchShape::transfers_only(DEPTH as u32, TRANSFERS as u32, 1);
        let slots = [FeeSlot {
            token: 0,
            account: AccountIndex::default(),
        }];
        let mut rng = StdRng::seed_from_u64(1);
        let (mut in_ledger, mut in_store) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..BATCHES {
            let batch = batch(&plain, &owner, count, &mut rng)?;
            let (trace, time_taken) = time(|| plain.apply_batch(&shape, TIME, &[], &slots, &batch));
            in_ledger += time_taken;
            black_box(trace?);
            let (trace, time_taken) = time(|| store.apply_batch(&shape, TIME, &[], &slots, &batch));
            in_store += time_taken;
            black_box(trace?);
        }
        println!(
            "  a batch of {TRANSFERS} transfers: {:.1?} in the ledger alone, {:.1?} in the store",
            in_ledger / BATCHES as u32,
            in_store / BATCHES as u32
        );
        let index = AccountIndex::try_from(rng.gen_range(0..count))?;
        let (proof, proof_time) = time(|| store.proof_at(0, index));
        black_box(proof?);
        let (last, one) = time(|| store.revert_to(BATCHES - 1));
        last?;
        let (first, all) = time(|| store.revert_to(0));
        first?;
        println!(
            "  a proof {BATCHES} batches back: {proof_time:.1?}; a revert by 1 batch: {one:.1?}, by {}: {all:.1?}",
            BATCHES - 1
        );
        drop(store);
        let after = fs::metadata(&path)?.len();
        println!("  the file after these batches: {after} bytes, {bytes} before");
    }
    Ok(())
}

fn time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    (value, start.elapsed())
}

fn hash_time(inputs: &[ark_bn254::Fr]) -> Duration {
    const HASHES: u32 = 2000;
    let ((), all) = time(|| (0..HASHES).for_each(|_| _ = black_box(poseidon::hash(inputs))));
    all / HASHES
}

/// Transfers between random accounts, each from another one.
fn batch(
    ledger: &Ledger,
    owner: &PrivateKey,
    count: u64,
    rng: &mut StdRng,
) -> Result<Vec<SignedTransfer>, Box<dyn Error>> {
    let first = rng.gen_range(0..count);
    let stride = count / TRANSFERS as u64;
    (0..TRANSFERS as u64)
        .map(|i| {
            let from = AccountIndex::try_from((first + i * stride) % count)?;
            let to = AccountIndex::try_from(rng.gen_range(0..count))?;
            let sender = ledger.account(from).ok_or("the account is there")?;
            let transfer = Transfer {
                from,
                recipient: Recipient::account(to),
                amount: Amount::from_value(1000)?,
                fee: Fee::from_value(3)?,
                token: 0,
                nonce: sender.nonce,
                valid_until: U40::MAX,
            };
            Ok(transfer.sign(owner, ledger.domain()))
        })
        .collect()
}
