//! What `Rollup.sol` computes, written from docs/protocol.md, sections 7 to 9, alone: the words of a batch, ρ and
//! y of them, and the public inputs of exit proofs. The mirror is `contracts/src/libraries/PublicData.sol`,
//! `contracts/src/Rollup.sol` and `contracts/src/Exits.sol`.

use ark_bls12_381::Fr as BlobScalar;
use ark_bn254::Fr;
use ark_ff::PrimeField;
use num_bigint::BigUint;
use zkroll_verifier_sol::abi::{Address, Word, keccak256, word_from_field};
use zkroll_verifier_sol::rollup::{Entry, ExitProof, RollupConfig};

/// What a batch shows, as its operator wants it to be: any bytes of the right lengths.
#[derive(Clone, Debug, Default)]
pub struct Data {
    pub l1: Vec<([u8; 115], u128)>,
    pub fees: Vec<[u8; 10]>,
    pub withdrawals: Vec<(Address, u32, u64)>,
    pub creations: Vec<[[u8; 32]; 2]>,
    pub operations: Vec<[u8; 31]>,
}

impl Data {
    pub fn entry(&mut self, entry: &Entry, result: u128) {
        self.l1.push((entry.encode(), result));
    }

    pub fn encode(&self) -> Vec<u8> {
        let counts = [
            self.l1.len(),
            self.withdrawals.len(),
            self.creations.len(),
            self.operations.len(),
        ];
        let mut data: Vec<u8> = counts
            .iter()
            .flat_map(|count| (*count as u16).to_be_bytes())
            .collect();
        for (entry, result) in &self.l1 {
            data.extend(entry);
            data.extend(result.to_be_bytes());
        }
        data.extend(self.fees.iter().flatten());
        for (address, token, amount) in &self.withdrawals {
            data.extend(address);
            data.extend(token.to_be_bytes());
            data.extend(&amount.to_be_bytes()[3..]);
        }
        data.extend(self.creations.iter().flatten().flatten());
        data.extend(self.operations.iter().flatten());
        data
    }
}

/// What a batch's words depend on.
pub struct Batch<'a> {
    pub config: &'a RollupConfig,
    pub chain_id: u64,
    pub contract: Address,
    pub timestamp: u64,
    pub number: u64,
    pub pre_state_root: Fr,
    pub post_state_root: Fr,
    pub consumed: u64,
    pub data: &'a [u8],
    /// C₁, and z and the value in halves, if the operations are in a blob.
    pub claim: Option<[Fr; 5]>,
}

/// Packs values from the most significant to the least significant.
fn pack(fields: &[(&[u8], u32)]) -> BigUint {
    fields
        .iter()
        .fold(BigUint::from(0u8), |word, (value, bits)| {
            let value = BigUint::from_bytes_be(value);
            assert!(value.bits() <= u64::from(*bits));
            (word << *bits) + value
        })
}

/// version 8 | chain id 64 | contract 160.
pub fn domain(chain_id: u64, contract: &Address) -> Fr {
    pack(&[(&[2], 8), (&chain_id.to_be_bytes(), 64), (contract, 160)]).into()
}

/// x₁ … x₅.
pub fn exit_inputs(root: Fr, chain_id: u64, contract: &Address, exit: &ExitProof) -> Vec<Fr> {
    let account = pack(&[
        (&exit.token.to_be_bytes(), 32),
        (&exit.account.to_be_bytes(), 40),
        (&exit.balance.to_be_bytes(), 128),
    ]);
    vec![
        root,
        domain(chain_id, contract),
        account.into(),
        BigUint::from_bytes_be(&exit.recipient).into(),
        exit.ax,
    ]
}

/// z for a blob that batches with these C₁ share.
pub fn blob_point(
    versioned_hash: &Word,
    chain_id: u64,
    contract: &Address,
    commitments: &[Word],
) -> BlobScalar {
    let mut message = keccak256(b"zkroll/z/v2").to_vec();
    message.extend(versioned_hash);
    message.extend(word_from_field(&domain(chain_id, contract)));
    message.extend(commitments.iter().flatten());
    BlobScalar::from_be_bytes_mod_order(&keccak256(&message))
}

/// Σ wᵢ·zⁱ.
pub fn blob_value(words: &[[u8; 31]], z: BlobScalar) -> BlobScalar {
    let zero = BlobScalar::from(0u64);
    words.iter().rev().fold(zero, |sum, word| {
        sum * z + BlobScalar::from_be_bytes_mod_order(word)
    })
}

/// The low 128 bits and the others.
pub fn halves(x: BlobScalar) -> [Fr; 2] {
    let x = BigUint::from(x);
    [&x % (BigUint::from(1u8) << 128), x >> 128].map(Fr::from)
}

impl Batch<'_> {
    /// l, w, e, t.
    fn counts(&self) -> [usize; 4] {
        [0, 2, 4, 6].map(|at| usize::from(u16::from_be_bytes([self.data[at], self.data[at + 1]])))
    }

    /// d₀ … d₍m₋₁₎, and for each whether it is shown.
    pub fn words(&self) -> Vec<(Fr, bool)> {
        let config = match self.claim {
            None => self.config.calldata_circuit(),
            Some(_) => self.config.blob.clone().unwrap(),
        };
        let [l, w, e, t] = self.counts();
        let mut words: Vec<Fr> = vec![
            domain(self.chain_id, &self.contract),
            self.timestamp.into(),
            self.number.into(),
            pack(
                &[
                    u32::from(self.claim.is_some()),
                    self.config.depth,
                    config.creation_slots,
                    config.withdrawal_slots,
                    config.fee_slots,
                    config.l1_slots,
                    config.operation_slots,
                ]
                .map(u32::to_be_bytes)
                .each_ref()
                .map(|bytes| (&bytes[..], 32)),
            )
            .into(),
            self.pre_state_root,
            self.post_state_root,
            self.consumed.into(),
            (self.consumed + l as u64).into(),
        ];
        let mut rest = &self.data[8..];
        let mut take = |bytes: usize| {
            let (head, tail) = rest.split_at(bytes);
            rest = tail;
            head
        };
        let mut flags = vec![true; 8];
        let mut part = |words: &mut Vec<Fr>, shown: Vec<Fr>, slots: usize| {
            flags.extend((0..slots).map(|i| i < shown.len()));
            let end = words.len() + slots;
            words.extend(shown);
            assert!(words.len() <= end);
            words.resize(end, Fr::from(0u64));
        };

        let mut shown = Vec::new();
        for _ in 0..l {
            let (entry, result) = (take(115), take(16));
            let [kind, token, account, address] =
                [&entry[..1], &entry[1..5], &entry[5..10], &entry[10..30]];
            let amount = &entry[30..46];
            shown.push(pack(&[(kind, 8), (token, 32), (account, 40), (address, 160)]).into());
            shown.push(
                match kind[0] {
                    1 | 2 => pack(&[(amount, 128), (result, 40)]),
                    _ => pack(&[(result, 128), (&[0], 40)]),
                }
                .into(),
            );
            shown.push(BigUint::from_bytes_be(&entry[46..78]).into());
            shown.push(BigUint::from_bytes_be(&entry[78..110]).into());
        }
        part(&mut words, shown, 4 * config.l1_slots as usize);

        let fees = config.fee_slots as usize;
        let shown = (0..fees).map(|_| Fr::from_be_bytes_mod_order(take(10)));
        part(&mut words, shown.collect(), fees);

        let mut shown = Vec::new();
        for _ in 0..w {
            let (address, token, amount) = (take(20), take(4), take(5));
            shown.push(Fr::from_be_bytes_mod_order(address));
            shown.push(pack(&[(&[1], 8), (token, 32), (amount, 40)]).into());
        }
        part(&mut words, shown, 2 * config.withdrawal_slots as usize);

        let shown = (0..2 * e).map(|_| Fr::from_be_bytes_mod_order(take(32)));
        let shown = shown.collect();
        part(&mut words, shown, 2 * config.creation_slots as usize);

        match self.claim {
            None => {
                let shown = (0..t).map(|_| Fr::from_be_bytes_mod_order(take(31)));
                let shown = shown.collect();
                let slots = config.operation_slots.div_ceil(2) as usize;
                part(&mut words, shown, slots);
            }
            Some(claim) => {
                assert_eq!(t, 0);
                part(&mut words, claim.to_vec(), claim.len());
            }
        }
        assert!(rest.is_empty());
        words.into_iter().zip(flags).collect()
    }

    /// ρ and y.
    pub fn challenge(&self, commitment: &Fr) -> (Fr, Fr) {
        let words = self.words();
        let counts = self
            .counts()
            .map(|count| (count as u32).to_be_bytes())
            .concat();
        let mut message = keccak256(b"zkroll/rho/v2").to_vec();
        message.extend(word_from_field(commitment));
        message.extend([0; 16]);
        message.extend(counts);
        for (word, shown) in &words {
            if *shown {
                message.extend(word_from_field(word));
            } else {
                assert_eq!(*word, Fr::from(0u64));
            }
        }
        let rho = Fr::from_be_bytes_mod_order(&keccak256(&message));
        let mut power = Fr::from(1u64);
        let mut y = Fr::from(0u64);
        for (word, _) in words {
            y += word * power;
            power *= rho;
        }
        (rho, y)
    }
}
