//! Words, commitment, challenge and call data against their definitions.

use crate::common::{domain, key};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use proptest::{collection::vec, option, prelude::*};
use sha3::{Digest, Keccak256};
use zkroll_circuits::protocol::{
    account::AccountIndex,
    amount::{Amount, Fee},
    blob::{self, BlobScalar},
    eddsa::PublicKey,
    field, poseidon,
    public_data::{
        BatchShape, DataError, DataForm, FeeSlot, Header, MAX_SLOTS, PublicData, PublicTransfer,
        Slots, Withdrawal, commitment, commitment_start, evaluate,
    },
    queue::{Entry, EntryError, EntryType, L1Slot, Outcome, SlotError},
    transfer::{Address, Operation},
    uint::U40,
};

fn header(transfers: u32, fee_slots: u32) -> Header {
    Header {
        domain: domain(),
        timestamp: U40::try_from(1_800_000_000).unwrap(),
        batch_number: 7,
        shape: BatchShape::transfers_only(11, transfers, fee_slots),
        pre_root: Fr::from(11u64),
        post_root: -Fr::ONE,
        consumed_before: 40,
        consumed_after: 40,
    }
}

fn index(index: u64) -> AccountIndex {
    AccountIndex::try_from(index).unwrap()
}

fn transfer() -> PublicTransfer {
    PublicTransfer {
        operation: Operation::Transfer,
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

fn data_of(
    header: Header,
    fee_slots: Vec<Option<FeeSlot>>,
    transfers: Vec<Option<PublicTransfer>>,
) -> Result<PublicData, DataError> {
    PublicData::new(Slots {
        header,
        l1: vec![],
        fee_slots,
        withdrawals: vec![],
        creations: vec![],
        transfers,
        blob_point: None,
    })
}

/// A batch that has something of everything: L 3, F 1, W 2, E 2, N 4.
fn everything() -> Slots {
    let header = Header {
        shape: BatchShape {
            form: DataForm::Calldata,
            transfers: 4,
            l1_slots: 3,
            fee_slots: 1,
            withdrawals: 2,
            creations: 2,
            depth: 11,
        },
        consumed_after: 42,
        ..header(4, 1)
    };
    let entry = |kind, account, amount, key| Entry {
        kind,
        token: 0x0102_0304,
        account: index(account),
        address: Address([0xcd; 20]),
        amount,
        key,
        timestamp: U40::try_from(0x11_2233_4455).unwrap(),
    };
    let created = entry(EntryType::Create, 0, 1000, key(1).public_key());
    let exit = entry(EntryType::Exit, 0x1_0000_0001, 0, PublicKey::NONE);
    Slots {
        header,
        l1: vec![
            L1Slot {
                entry: created,
                outcome: Outcome::Created(index(0x1_2345_6789)),
            },
            L1Slot {
                entry: exit,
                outcome: Outcome::Paid(u128::MAX),
            },
        ],
        fee_slots: vec![Some(slot())],
        withdrawals: vec![Withdrawal {
            address: Address([0xef; 20]),
            token: 9,
            amount: Amount::from_value(77).unwrap(),
        }],
        creations: vec![key(2).public_key()],
        transfers: vec![
            Some(PublicTransfer {
                operation: Operation::Withdrawal,
                to: index(0),
                ..transfer()
            }),
            Some(PublicTransfer {
                operation: Operation::NewAccount,
                ..transfer()
            }),
            None,
            None,
        ],
        blob_point: None,
    }
}

fn hex_word(word: &Fr) -> String {
    hex::encode(field::to_be_bytes(word))
        .trim_start_matches('0')
        .into()
}

#[test]
fn words_are_as_documented() {
    let data = data_of(
        header(3, 2),
        vec![Some(slot()), None],
        vec![Some(transfer()), None, Some(transfer())],
    )
    .unwrap();
    let words = data.words();
    assert_eq!(words.len(), header(3, 2).shape.words());
    assert_eq!(words.len(), 8 + 2 + 2);
    let contract = "abababababababababababababababababababab";
    assert_eq!(
        hex_word(&words[0]),
        format!("2{:016x}{contract}", domain().chain_id)
    );
    assert_eq!(words[1], Fr::from(1_800_000_000u64));
    assert_eq!(words[2], Fr::from(7u64));
    assert_eq!(
        hex_word(&words[3]),
        "b0000000000000000000000020000000000000003"
    );
    assert_eq!(words[4..6], [Fr::from(11u64), -Fr::ONE]);
    assert_eq!(words[6..8], [Fr::from(40u64); 2]);
    assert_eq!(hex_word(&words[8]), "1deadbeef0123456789");
    assert_eq!(words[9], Fr::ZERO);
    // operation 01 | from 33 ones | to 5 | amount 77 | fee 3.
    let op = format!("01{}{:033b}{:040b}{:016b}", "1".repeat(33), 5, 77, 3);
    let bits = |text: String| {
        let bits: Vec<bool> = text.chars().map(|bit| bit == '1').collect();
        Fr::from_bigint(BigInteger::from_bits_be(&bits)).unwrap()
    };
    assert_eq!(words[10], bits(format!("{op}{}", "0".repeat(124))));
    assert_eq!(words[11], words[10]);

    let bytes = data.encode();
    assert_eq!(bytes.len(), 8 + 2 * 10 + 2 * 31);
    let mut expected = String::from("000000000000000201deadbeef0123456789");
    expected += &"0".repeat(20);
    expected += &hex::encode(&field::to_be_bytes(&words[10])[1..]).repeat(2);
    assert_eq!(hex::encode(bytes), expected);
}

#[test]
fn words_of_all_slots_are_as_documented() {
    let data = PublicData::new(everything()).unwrap();
    let words = data.words();
    assert_eq!(words.len(), 8 + 4 * 3 + 1 + 2 * 2 + 2 * 2 + 2);
    assert_eq!(
        hex_word(&words[3]),
        "b0000000200000002000000010000000300000004"
    );
    assert_eq!(words[6..8], [40u64, 42].map(Fr::from));
    let address = "cd".repeat(20);
    // type 8 | token 32 | account 40 | address 160, amount 128 | result 40.
    assert_eq!(hex_word(&words[8]), format!("1010203040000000000{address}"));
    assert_eq!(hex_word(&words[9]), "3e80123456789");
    let created = key(1).public_key();
    assert_eq!(words[10..12], [created.x, created.y]);
    assert_eq!(
        hex_word(&words[12]),
        format!("3010203040100000001{address}")
    );
    let paid = format!("{}{}", "f".repeat(32), "0".repeat(10));
    assert_eq!(hex_word(&words[13]), paid);
    assert_eq!(words[14..20], [Fr::ZERO; 6]);
    assert_eq!(hex_word(&words[20]), "1deadbeef0123456789");
    assert_eq!(hex_word(&words[21]), "ef".repeat(20));
    // used 8 | token 32 | amount 40.
    assert_eq!(hex_word(&words[22]), "100000009000000004d");
    assert_eq!(words[23..25], [Fr::ZERO; 2]);
    let new = key(2).public_key();
    assert_eq!(words[25..27], [new.x, new.y]);
    assert_eq!(words[27..29], [Fr::ZERO; 2]);
    assert_ne!(words[29], Fr::ZERO);
    assert_eq!(words[30], Fr::ZERO);

    // ρ is of the words that are shown, behind C and K.
    let [c, rho, y] = data.public_inputs();
    let mut preimage = Keccak256::digest("zkroll/rho/v2").to_vec();
    preimage.extend(field::to_be_bytes(&c));
    preimage.extend([0; 16]);
    preimage.extend(hex::decode("00000002000000010000000100000001").unwrap());
    for section in [0..16, 20..23, 25..27, 29..30] {
        preimage.extend(words[section].iter().flat_map(field::to_be_bytes));
    }
    let expected = Fr::from_be_bytes_mod_order(&Keccak256::digest(preimage));
    assert_eq!(rho, expected);
    assert_eq!((c, y), (commitment(&words), evaluate(&words, rho)));

    let bytes = data.encode();
    assert_eq!(bytes.len(), 8 + 2 * 131 + 10 + 29 + 64 + 31);
    assert_eq!(hex::encode(&bytes[..8]), "0002000100010001");
    let entry = format!(
        "01010203040000000000{address}{:032x}{}{}1122334455{:032x}",
        1000,
        hex::encode(field::to_be_bytes(&words[10])),
        hex::encode(field::to_be_bytes(&words[11])),
        0x1_2345_6789u64
    );
    assert_eq!(hex::encode(&bytes[8..139]), entry);
    assert_eq!(PublicData::decode(*data.header(), &bytes), Ok(data));
}

#[test]
fn entries_are_hashed_as_documented() {
    let [first, second] = [everything().l1[0].entry, everything().l1[1].entry];
    let expected = Keccak256::digest([&[0; 32][..], &first.encode()].concat());
    let hash = first.next_hash(&[0; 32]);
    assert_eq!(hash[..], expected[..]);
    let expected = Keccak256::digest([&hash[..], &second.encode()].concat());
    assert_eq!(second.next_hash(&hash)[..], expected[..]);
    for entry in [first, second] {
        assert_eq!(Entry::decode(&entry.encode()), Ok(entry));
    }
}

#[test]
fn entries_that_the_contract_does_not_queue_are_refused() {
    let [create, exit] = [everything().l1[0].entry, everything().l1[1].entry];
    let one = PublicKey {
        x: Fr::ONE,
        y: Fr::ZERO,
    };
    let top_up = Entry {
        kind: EntryType::TopUp,
        key: one,
        ..create
    };
    let by_key = Entry {
        kind: EntryType::ExitByKey,
        key: one,
        ..exit
    };
    for good in [create, exit, top_up, by_key] {
        assert_eq!(good.validate(), Ok(()));
    }
    type Change = fn(&mut Entry);
    let cases: [(Entry, Change, bool, &str); 7] = [
        (create, |e| e.address = Address::default(), true, "address"),
        (create, |e| e.account = index(1), false, "account"),
        (create, |e| e.amount = 0, true, "amount"),
        (top_up, |e| e.key.y = Fr::ONE, false, "Ay"),
        (exit, |e| e.amount = 1, false, "amount"),
        (exit, |e| e.key.x = Fr::ONE, false, "Ax"),
        // Anybody could exit from an account without key.
        (by_key, |e| e.key = PublicKey::NONE, true, "Ax"),
    ];
    for (mut entry, change, is_missing, field) in cases {
        change(&mut entry);
        let kind = entry.kind;
        let error = match is_missing {
            true => EntryError::Missing { kind, field },
            false => EntryError::Unused { kind, field },
        };
        assert_eq!(entry.validate(), Err(error.clone()));
        assert_eq!(Entry::decode(&entry.encode()), Err(error));
    }
    // Off the curve, and of low order.
    for y in [Fr::from(2u64), Fr::ONE] {
        let x = Fr::ZERO;
        let entry = Entry {
            key: PublicKey { x, y },
            ..create
        };
        assert!(matches!(entry.validate(), Err(EntryError::Key(_))), "{y}");
    }
    let mut bytes = create.encode();
    bytes[0] = 5;
    assert_eq!(Entry::decode(&bytes), Err(EntryError::Type { got: 5 }));
    let mut bytes = exit.encode();
    bytes[5] = 2;
    let got = 0x2_0000_0001;
    let error = EntryError::Account { got };
    assert_eq!(Entry::decode(&bytes), Err(error));
    let mut bytes = create.encode();
    bytes[46..78].fill(0xff);
    assert_eq!(Entry::decode(&bytes), Err(EntryError::Coordinate));
}

#[test]
fn slots_that_do_not_belong_together_are_refused() {
    let refused = |change: fn(&mut Slots)| {
        let mut slots = everything();
        change(&mut slots);
        PublicData::new(slots).unwrap_err()
    };
    let without = |what, expected, got| DataError::SlotsWithoutOperations {
        what,
        expected,
        got,
    };
    assert_eq!(
        refused(|slots| slots.withdrawals.clear()),
        without("withdrawal slots", 1, 0)
    );
    assert_eq!(
        refused(|slots| slots.creations.push(PublicKey::NONE)),
        without("creation slots", 1, 2)
    );
    assert_eq!(
        refused(|slots| slots.header.consumed_after = 41),
        DataError::Consumed {
            before: 40,
            after: 41,
            got: 2
        }
    );
    assert_eq!(
        refused(|slots| slots.l1[0].outcome = Outcome::Paid(1)),
        DataError::Outcome { slot: 0 }
    );
    let too_many = |expected, got| DataError::TooManySlots {
        what: "L1 slots",
        expected,
        got,
    };
    assert_eq!(
        refused(|slots| slots.header.shape.l1_slots = 1),
        too_many(1, 2)
    );

    let data = PublicData::new(everything()).unwrap();
    let bytes = data.encode();
    let changed = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        PublicData::decode(*data.header(), &bytes).unwrap_err()
    };
    assert_eq!(changed(1, 4), too_many(3, 4));
    assert!(matches!(changed(1, 1), DataError::Length { .. }));
    let outcome = changed(8 + 115, 1);
    let wrong_outcome = |error: &DataError| {
        let DataError::L1Slot { slot: 0, source } = error else {
            return false;
        };
        matches!(source, SlotError::Outcome { .. })
    };
    assert!(wrong_outcome(&outcome), "{outcome:?}");
    let creation = 8 + 2 * 131 + 10 + 29;
    assert_eq!(changed(creation, 0xff), DataError::CreationKey { slot: 0 });
    // A bit of the receiver's: 35 to 67 of the word.
    assert_eq!(
        changed(creation + 64 + 6, 1),
        DataError::WithdrawalTo { slot: 0 }
    );
    let mut longer = bytes.clone();
    longer[7] = 2;
    longer.extend([0; 31]);
    assert_eq!(
        PublicData::decode(*data.header(), &longer),
        Err(DataError::LastWordZero)
    );
}

#[test]
fn commitment_and_evaluation_are_as_documented() {
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

        let rho = Fr::from(m) + Fr::from(1u64 << 40);
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
}

#[test]
fn data_that_nothing_encodes_to_are_refused() {
    let data = data_of(
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
    assert_eq!(refused(8, 0), DataError::UnusedFeeSlot { slot: 0 });
    assert_eq!(refused(8, 2), DataError::FeeSlotFlag { slot: 0, flag: 2 });
    assert_eq!(
        refused(13, 2),
        DataError::FeeAccount {
            slot: 0,
            account: 0x02_2345_6789
        }
    );
    assert_eq!(refused(27, 1), DataError::UnusedFeeSlot { slot: 1 });
    assert_eq!(refused(28, 0x3f), DataError::UnusedTransfer { slot: 0 });
    assert_eq!(refused(28, 0xbf), DataError::WithdrawalTo { slot: 0 });
    // An operation 3 without a creation slot.
    assert!(matches!(
        refused(28, 0xff),
        DataError::SlotsWithoutOperations { .. }
    ));
    // The second half of the only word: one valid transfer, and one bit.
    let twice = data_of(header(2, 0), vec![], vec![Some(transfer()); 2]).unwrap();
    assert_eq!(
        PublicData::decode(header(1, 0), &twice.encode()),
        Err(DataError::SpareHalf { transfers: 1 })
    );
    assert_eq!(refused(58, 1), DataError::UnusedTransfer { slot: 1 });

    assert_eq!(
        PublicData::decode(header(1, 2), &[]),
        Err(DataError::Length {
            expected: 8,
            got: 0
        })
    );
    for got in [58, 60] {
        let mut bytes = bytes.clone();
        bytes.resize(got, 0);
        assert_eq!(
            PublicData::decode(header(1, 2), &bytes),
            Err(DataError::Length { expected: 59, got })
        );
    }
}

#[test]
fn slot_counts_are_the_shapes() {
    assert_eq!(
        data_of(header(1, 2), vec![None], vec![None]),
        Err(DataError::FeeSlots {
            expected: 2,
            got: 1
        })
    );
    assert_eq!(
        data_of(header(1, 0), vec![], vec![None; 2]),
        Err(DataError::Transfers {
            expected: 1,
            got: 2
        })
    );
}

#[test]
fn serde_round_trips_and_refuses_what_is_malformed() {
    let data = data_of(header(1, 1), vec![Some(slot())], vec![None]).unwrap();
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
            "expected at most 65535 slots",
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
            operation: Operation::Transfer,
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
        let data = data_of(header, slots, transfers).unwrap();
        let bytes = data.encode();
        let most = 8 + 10 * data.fee_slots().len() + 31 * header.shape.transfer_words();
        prop_assert!(bytes.len() <= most);
        prop_assert_eq!(data.words().len(), header.shape.words());
        prop_assert_eq!(PublicData::decode(header, &bytes).unwrap(), data);
    }

    #[test]
    fn decoding_accepts_only_what_it_encodes(
        mut bytes in vec(any::<u8>(), 8 + 2 * 10 + 2 * 31), flags in 0u8..4, spare: bool,
    ) {
        bytes[..8].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 2]);
        bytes[8] = flags & 1;
        bytes[18] = flags >> 1;
        bytes[13] &= 1;
        bytes[28] = bytes[28] & 0x3f | 0x40;
        if spare {
            bytes[74] &= 0xf0;
            bytes[75..].fill(0);
        }
        let header = header(3, 2);
        if let Ok(data) = PublicData::decode(header, &bytes) {
            prop_assert_eq!(data.encode(), bytes);
        }
    }
}

/// [`everything`] with its operations in a blob.
fn in_a_blob() -> Slots {
    let mut slots = everything();
    slots.header.shape.form = DataForm::Blob;
    slots.blob_point = Some(-BlobScalar::from(5u64));
    slots
}

#[test]
fn operations_in_a_blob_leave_a_claim_among_the_words() {
    let calldata = PublicData::new(everything()).unwrap();
    let data = PublicData::new(in_a_blob()).unwrap();
    let shape = data.header().shape;
    assert_eq!(data.words().len(), shape.words_before_transfers() + 5);
    assert_eq!(data.words().len(), shape.words());

    // The form is the top field of d₃; between it and the operations nothing else changes.
    let before = shape.words_before_transfers();
    let mut expected = calldata.words()[..before].to_vec();
    expected[3] += Fr::from(2u64).pow([192u64]);
    let blob = data.blob_words();
    let words: Vec<Fr> = blob.iter().map(|word| Fr::from(*word)).collect();
    assert_eq!(words, calldata.words()[before..]);
    let claim = data.claim().unwrap();
    assert_eq!(claim.commitment, blob::commitment(&blob));
    assert_eq!(Some(claim.point), data.slots().blob_point);
    assert_eq!(claim.value, blob::evaluate(&blob, claim.point));
    expected.push(claim.commitment);
    expected.extend(blob::split(claim.point));
    expected.extend(blob::split(claim.value));
    assert_eq!(data.words(), expected);
    assert_eq!(calldata.claim(), None);

    // The call has everything but the operations, and ρ is drawn from the words that it makes.
    let bytes = data.encode();
    let mut expected = calldata.encode()[..bytes.len()].to_vec();
    expected[7] = 0;
    assert_eq!(bytes, expected);
    assert_ne!(data.public_inputs(), calldata.public_inputs());
}

#[test]
fn operations_come_back_from_call_and_blob() {
    let data = PublicData::new(in_a_blob()).unwrap();
    let (header, bytes, words) = (*data.header(), data.encode(), data.blob_words());
    let z = data.slots().blob_point.unwrap();
    let decode =
        |header, bytes: &[u8], words: &[_]| PublicData::decode_with_blob(header, bytes, words, z);
    assert_eq!(decode(header, &bytes, &words), Ok(data.clone()));
    assert_eq!(
        decode(header, &bytes, &words[1..]),
        Err(DataError::BlobWords {
            expected: 2,
            got: 1
        })
    );
    // No operation may be in the call besides.
    let mut more = bytes.clone();
    more[7] = 1;
    more.extend([0; 31]);
    assert_eq!(
        decode(header, &more, &words),
        Err(DataError::TooManySlots {
            what: "operation words in calldata",
            expected: 0,
            got: 1
        })
    );
    // A word that is no pair of operations.
    let other = [words[0], blob::Word::new(3, 0).unwrap()];
    assert_eq!(
        decode(header, &bytes, &other),
        Err(DataError::UnusedTransfer { slot: 2 })
    );

    // Each form is refused as the other one.
    let form = DataForm::Blob;
    let refused = Err(DataError::BlobPoint { form });
    assert_eq!(PublicData::decode(header, &bytes), refused);
    let mut slots = in_a_blob();
    slots.blob_point = None;
    assert_eq!(PublicData::new(slots), refused);
    let form = DataForm::Calldata;
    let refused = Err(DataError::BlobPoint { form });
    let calldata = PublicData::new(everything()).unwrap();
    let decoded = decode(*calldata.header(), &calldata.encode(), &words);
    assert_eq!(decoded, refused);
    let mut slots = everything();
    slots.blob_point = Some(z);
    assert_eq!(PublicData::new(slots), refused);
}

#[test]
fn the_form_and_the_point_are_in_json() {
    let data = PublicData::new(in_a_blob()).unwrap();
    let json = serde_json::to_string(&data).unwrap();
    assert_eq!(serde_json::from_str::<PublicData>(&json).unwrap(), data);
    assert!(json.contains("\"form\":\"blob\""), "{json}");
    let q = "52435875175126190479447740508185965837690552500527637822603658699938581184513";
    let point = "52435875175126190479447740508185965837690552500527637822603658699938581184508";
    assert!(json.contains(point), "{json}");
    let error = serde_json::from_str::<PublicData>(&json.replace(point, q)).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("expected a blob scalar below q"), "{error}");

    // What was written before blobs were there says calldata.
    let data = PublicData::new(everything()).unwrap();
    let mut json = serde_json::to_value(&data).unwrap();
    json.as_object_mut().unwrap().remove("blobPoint").unwrap();
    let shape = json["header"]["shape"].as_object_mut().unwrap();
    assert_eq!(shape.remove("form").unwrap(), "calldata");
    assert_eq!(serde_json::from_value::<PublicData>(json).unwrap(), data);
}
