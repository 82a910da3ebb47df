//! Words, commitment, challenge and call data against their definitions.

mod protocol_common;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use proptest::{collection::vec, option, prelude::*};
use protocol_common::domain;
use sha3::{Digest, Keccak256};
use zkroll_circuits::protocol::{
    account::AccountIndex,
    amount::{Amount, Fee},
    field, poseidon,
    public_data::{
        BatchShape, DataError, FeeSlot, Header, MAX_SLOTS, PublicData, PublicTransfer, challenge,
        commitment, commitment_start, evaluate,
    },
    uint::U40,
};

fn header(transfers: u32, fee_slots: u32) -> Header {
    Header {
        domain: domain(),
        timestamp: U40::try_from(1_800_000_000).unwrap(),
        batch_number: 7,
        shape: BatchShape {
            transfers,
            fee_slots,
            depth: 11,
        },
        pre_root: Fr::from(11u64),
        post_root: -Fr::ONE,
    }
}

fn index(index: u64) -> AccountIndex {
    AccountIndex::try_from(index).unwrap()
}

fn transfer() -> PublicTransfer {
    PublicTransfer {
        from: AccountIndex::MAX,
        to: index(5),
        amount: Amount::from_value(77).unwrap(),
        fee: Fee::from_value(3).unwrap(),
    }
}

fn slot() -> FeeSlot {
    FeeSlot {
        token: 0xdead_beef,
        account: index(0x1_2345_6789),
    }
}

fn hex_word(word: &Fr) -> String {
    hex::encode(field::to_be_bytes(word))
        .trim_start_matches('0')
        .into()
}

#[test]
fn words_are_as_documented() {
    let data = PublicData::new(
        header(3, 2),
        vec![Some(slot()), None],
        vec![Some(transfer()), None, Some(transfer())],
    )
    .unwrap();
    let words = data.words();
    assert_eq!(words.len(), header(3, 2).shape.words());
    assert_eq!(words.len(), 9 + 2 + 2);
    let contract = "abababababababababababababababababababab";
    assert_eq!(
        hex_word(&words[0]),
        format!("1{:016x}{contract}", domain().chain_id)
    );
    assert_eq!(words[1], Fr::from(1_800_000_000u64));
    assert_eq!(words[2], Fr::from(7u64));
    assert_eq!(hex_word(&words[3]), "b000000020000000000000003");
    assert_eq!(words[4..6], [Fr::from(11u64), -Fr::ONE]);
    assert_eq!(words[6..9], [Fr::ZERO; 3]);
    assert_eq!(hex_word(&words[9]), "1deadbeef0123456789");
    assert_eq!(words[10], Fr::ZERO);
    // kind 01 | from 33 ones | to 5 | amount 77 | fee 3.
    let op = format!("01{}{:033b}{:040b}{:016b}", "1".repeat(33), 5, 77, 3);
    let bits = |text: String| {
        let bits: Vec<bool> = text.chars().map(|bit| bit == '1').collect();
        Fr::from_bigint(BigInteger::from_bits_be(&bits)).unwrap()
    };
    assert_eq!(words[11], bits(format!("{op}{}", "0".repeat(124))));
    assert_eq!(words[12], words[11]);

    let bytes = data.encode();
    assert_eq!(bytes.len(), 2 * 10 + 2 * 31);
    let mut expected = String::from("01deadbeef0123456789");
    expected += &"0".repeat(20);
    expected += &hex::encode(&field::to_be_bytes(&words[11])[1..]).repeat(2);
    assert_eq!(hex::encode(bytes), expected);
}

#[test]
fn commitment_challenge_and_evaluation_are_as_documented() {
    for m in [1u64, 14, 15, 16, 30, 31] {
        let words: Vec<Fr> = (1..=m).map(Fr::from).collect();
        let mut padded = words.clone();
        padded.resize(words.len().next_multiple_of(15), Fr::ZERO);
        let start = format!("0x7a6b726f6c6c2f64617461{m:08x}");
        let mut state = field::parse(&start).unwrap();
        assert_eq!(commitment_start(m as u32), state);
        for chunk in padded.chunks(15) {
            state = poseidon::hash(&[&[state], chunk].concat());
        }
        assert_eq!(commitment(&words), state, "{m} words");

        let mut preimage = Keccak256::digest("zkroll/rho/v1").to_vec();
        preimage.extend(field::to_be_bytes(&state));
        preimage.extend(words.iter().flat_map(field::to_be_bytes));
        let rho = Fr::from_be_bytes_mod_order(&Keccak256::digest(preimage));
        assert_eq!(challenge(state, &words), rho);

        let sum: Fr = words
            .iter()
            .zip(0u64..)
            .map(|(word, i)| *word * rho.pow([i]))
            .sum();
        assert_eq!(evaluate(&words, rho), sum);
    }
    assert_ne!(
        commitment(&[Fr::ONE]),
        commitment(&[Fr::ONE, Fr::ZERO]),
        "length is committed"
    );

    let data = PublicData::new(header(2, 0), vec![], vec![Some(transfer()), None]).unwrap();
    let words = data.words();
    let [c, rho, y] = data.public_inputs();
    assert_eq!(c, commitment(&words));
    assert_eq!(rho, challenge(c, &words));
    assert_eq!(y, evaluate(&words, rho));
}

#[test]
fn data_that_nothing_encodes_to_are_refused() {
    let data = PublicData::new(
        header(1, 2),
        vec![Some(slot()), None],
        vec![Some(transfer())],
    )
    .unwrap();
    let bytes = data.encode();
    assert_eq!(PublicData::decode(header(1, 2), &bytes), Ok(data));
    let refused = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        PublicData::decode(header(1, 2), &bytes).unwrap_err()
    };
    assert_eq!(refused(0, 0), DataError::UnusedFeeSlot { slot: 0 });
    assert_eq!(refused(0, 2), DataError::FeeSlotFlag { slot: 0, flag: 2 });
    assert_eq!(
        refused(5, 2),
        DataError::FeeAccount {
            slot: 0,
            account: 0x02_2345_6789
        }
    );
    assert_eq!(refused(19, 1), DataError::UnusedFeeSlot { slot: 1 });
    assert_eq!(refused(20, 0x3f), DataError::UnusedTransfer { slot: 0 });
    assert_eq!(refused(20, 0xbf), DataError::Kind { slot: 0, kind: 2 });
    assert_eq!(refused(20, 0xff), DataError::Kind { slot: 0, kind: 3 });
    // The second half of the only word: one valid transfer, and one bit.
    let twice = PublicData::new(header(2, 0), vec![], vec![Some(transfer()); 2]).unwrap();
    assert_eq!(
        PublicData::decode(header(1, 0), &twice.encode()),
        Err(DataError::SpareHalf { transfers: 1 })
    );
    assert_eq!(refused(50, 1), DataError::UnusedTransfer { slot: 1 });

    for got in [0, 50, 52] {
        let mut bytes = bytes.clone();
        bytes.resize(got, 0);
        assert_eq!(
            PublicData::decode(header(1, 2), &bytes),
            Err(DataError::Length { expected: 51, got })
        );
    }
}

#[test]
fn slot_counts_are_the_shapes() {
    assert_eq!(
        PublicData::new(header(1, 2), vec![None], vec![None]),
        Err(DataError::FeeSlots {
            expected: 2,
            got: 1
        })
    );
    assert_eq!(
        PublicData::new(header(1, 0), vec![], vec![None; 2]),
        Err(DataError::Transfers {
            expected: 1,
            got: 2
        })
    );
}

#[test]
fn serde_round_trips_and_refuses_what_is_malformed() {
    let data = PublicData::new(header(1, 1), vec![Some(slot())], vec![None]).unwrap();
    let json = serde_json::to_value(&data).unwrap();
    assert_eq!(
        json["header"]["domain"]["chainId"],
        domain().chain_id.to_string()
    );
    assert_eq!(json["header"]["batchNumber"], "7");
    assert_eq!(json["header"]["postRoot"], (-Fr::ONE).to_string());
    assert_eq!(json["feeSlots"][0]["token"], 0xdead_beefu32);
    assert_eq!(
        serde_json::from_value::<PublicData>(json.clone()).unwrap(),
        data
    );

    for (pointer, value, expected) in [
        (
            "/header/shape/transfers",
            2.into(),
            "expected 2 transfer slots, got 1",
        ),
        (
            "/header/shape/transfers",
            (MAX_SLOTS + 1).into(),
            "expected at most 65536 slots",
        ),
        ("/header/timestamp", (1u64 << 40).into(), "below 2^40"),
        (
            "/header/batchNumber",
            "18446744073709551616".into(),
            "below 2^64",
        ),
        ("/header/preRoot", "x".into(), "got 'x'"),
        ("/feeSlots/0/account", (1u64 << 33).into(), "below 2^33"),
        (
            "/header/domain/contract",
            "0xab".into(),
            "expected an address",
        ),
    ] {
        let mut json = json.clone();
        *json.pointer_mut(pointer).unwrap() = value;
        let error = serde_json::from_value::<PublicData>(json)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{pointer}: {error}");
    }
    let mut unknown = json;
    unknown["header"]["l1Slots"] = 1.into();
    assert!(serde_json::from_value::<PublicData>(unknown).is_err());
}

prop_compose! {
    fn transfers()(
        from in 0u64..1 << 33, to in 0u64..1 << 33, amount in 0u64..1 << 40, fee in 0u64..1 << 16,
    ) -> PublicTransfer {
        PublicTransfer {
            from: index(from),
            to: index(to),
            amount: Amount::try_from(amount).unwrap(),
            fee: Fee::try_from(fee).unwrap(),
        }
    }
}

prop_compose! {
    fn slots()(token: u32, account in 0u64..1 << 33) -> FeeSlot {
        FeeSlot { token, account: index(account) }
    }
}

proptest! {
    #[test]
    fn decoding_inverts_encoding(
        transfers in vec(option::of(transfers()), 0..7),
        slots in vec(option::of(slots()), 0..4),
    ) {
        let header = header(transfers.len() as u32, slots.len() as u32);
        let data = PublicData::new(header, slots, transfers).unwrap();
        let bytes = data.encode();
        prop_assert_eq!(bytes.len(), header.shape.data_len());
        prop_assert_eq!(data.words().len(), header.shape.words());
        prop_assert_eq!(PublicData::decode(header, &bytes).unwrap(), data);
    }

    #[test]
    fn decoding_accepts_only_what_it_encodes(
        mut bytes in vec(any::<u8>(), 2 * 10 + 2 * 31), flags in 0u8..4, spare: bool,
    ) {
        bytes[0] = flags & 1;
        bytes[10] = flags >> 1;
        bytes[5] &= 1;
        bytes[20] = bytes[20] & 0x3f | 0x40;
        if spare {
            bytes[66] &= 0xf0;
            bytes[67..].fill(0);
        }
        let header = header(3, 2);
        if let Ok(data) = PublicData::decode(header, &bytes) {
            prop_assert_eq!(data.encode(), bytes);
        }
    }
}
