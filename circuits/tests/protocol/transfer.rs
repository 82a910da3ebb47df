//! The signed message: its words, and that the signature covers every field.

use crate::common::{domain, key, signed, transfer};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use zkroll_circuits::protocol::{
    account::AccountIndex,
    amount::{Amount, Fee},
    eddsa::SignatureError,
    field, poseidon,
    transfer::{
        Address, Domain, ParseAddressError, Recipient, SignedTransfer, Transfer, m0, m1, m2,
    },
    uint::U40,
};

fn bits(text: &str) -> Fr {
    let bits: Vec<bool> = text.chars().map(|bit| bit == '1').collect();
    Fr::from_bigint(BigInteger::from_bits_be(&bits)).unwrap()
}

#[test]
fn message_words_are_as_documented() {
    let transfer = Transfer {
        from: AccountIndex::try_from(0x1_0000_0001).unwrap(),
        recipient: Recipient::Account {
            index: AccountIndex::try_from(6).unwrap(),
            owner: -Fr::ONE,
        },
        amount: Amount::MAX,
        fee: Fee::try_from(0x8001).unwrap(),
        token: 0x8000_0003,
        nonce: U40::try_from(0x80_0000_0005).unwrap(),
        valid_until: U40::MAX,
    };
    let contract = "ab".repeat(20);
    let expected = format!("0x7a6b01fedcba9876543210{contract}");
    assert_eq!(m0(1, &domain()), field::parse(&expected).unwrap());
    let fields = [
        "1".repeat(40),
        format!("{:040b}", 0x80_0000_0005u64),
        format!("{:032b}", 0x8000_0003u32),
        format!("{:016b}", 0x8001),
        "1".repeat(40),
        format!("{:033b}", 6),
        format!("{:033b}", 0x1_0000_0001u64),
    ];
    assert_eq!(m1(&transfer), bits(&fields.concat()));
    assert_eq!(m2(&transfer), -Fr::ONE);
    let words = [m0(1, &domain()), m1(&transfer), m2(&transfer)];
    assert_eq!(transfer.message(&domain()), poseidon::hash(&words));

    // A withdrawal and a transfer to a new account name no account.
    let named = m1(&transfer) - bits(&format!("{:b}{}", 6, "0".repeat(33)));
    let address = Address([0xcd; 20]);
    let new = key(2).public_key();
    for (recipient, operation, m2_expected) in [
        (Recipient::L1(address), 2, address.word()),
        (Recipient::NewAccount(new), 3, new.x),
    ] {
        let transfer = Transfer {
            recipient,
            ..transfer
        };
        assert_eq!(m1(&transfer), named);
        assert_eq!(m2(&transfer), m2_expected);
        let words = [m0(operation, &domain()), named, m2_expected];
        assert_eq!(transfer.message(&domain()), poseidon::hash(&words));
    }
}

#[test]
fn the_signature_covers_every_field() {
    let signed = signed(1, transfer(0, 1, 100, 2));
    let public = key(1).public_key();
    assert_eq!(signed.verify(&public, &domain()), Ok(()));

    let changes: [fn(&mut Transfer); 9] = [
        |transfer| transfer.from = AccountIndex::MAX,
        |transfer| transfer.recipient = Recipient::account(AccountIndex::MAX),
        |transfer| transfer.amount = Amount::from_value(101).unwrap(),
        |transfer| transfer.fee = Fee::from_value(3).unwrap(),
        |transfer| transfer.token = 8,
        |transfer| transfer.nonce = U40::MAX,
        |transfer| transfer.valid_until = U40::MAX,
        |transfer| {
            transfer.recipient = Recipient::Account {
                index: transfer.recipient.index(),
                owner: Fr::ONE,
            };
        },
        |transfer| transfer.recipient = Recipient::L1(Address([1; 20])),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut changed = signed;
        change(&mut changed.transfer);
        assert_eq!(
            changed.verify(&public, &domain()),
            Err(SignatureError::EquationFails),
            "change {number}"
        );
    }
    // Another encoding of the same amount is another message.
    let mut encoded = signed;
    encoded.transfer.amount = Amount::try_from(1 << 35 | 10).unwrap();
    assert_eq!(
        encoded.transfer.amount.value(),
        signed.transfer.amount.value()
    );
    assert!(encoded.verify(&public, &domain()).is_err());

    let chain = Domain {
        chain_id: 1,
        ..domain()
    };
    let contract = Domain {
        contract: Address([0xac; 20]),
        ..domain()
    };
    for other in [chain, contract] {
        assert_eq!(
            signed.verify(&public, &other),
            Err(SignatureError::EquationFails)
        );
    }
}

#[test]
fn addresses_are_forty_digits() {
    let text = "0x00112233445566778899AabBccDdeEff01234567";
    let address: Address = text.parse().unwrap();
    assert_eq!(address.to_string(), text.to_lowercase());
    assert_eq!(address.word(), field::parse(text).unwrap());
    assert_eq!(Address::default().word(), Fr::ZERO);
    for got in [
        "",
        "0x",
        &text[2..],
        &text[..41],
        &format!("{text}0"),
        &text.replace('A', "g"),
    ] {
        assert_eq!(
            got.parse::<Address>(),
            Err(ParseAddressError { got: got.into() })
        );
    }
}

#[test]
fn serde_round_trips_and_refuses_what_is_malformed() {
    let signed = signed(1, transfer(3, 1, 100, 2));
    let json = serde_json::to_value(signed).unwrap();
    assert_eq!(json["from"], 3);
    assert_eq!(json["validUntil"], 2_000_000_000);
    assert_eq!(json["recipient"], "0");
    assert_eq!(json["amount"], "100");
    assert_eq!(json["signature"]["s"], signed.signature.s.to_string());
    let text = json.to_string();
    assert_eq!(
        serde_json::from_str::<SignedTransfer>(&text).unwrap(),
        signed
    );

    for (pointer, value, expected) in [
        (
            "/from",
            (1u64 << 33).into(),
            "expected an account index below 2^33",
        ),
        (
            "/amount",
            (1u64 << 40).into(),
            "expected an amount's encoding below 2^40",
        ),
        (
            "/fee",
            (1u64 << 16).into(),
            "expected a fee's encoding below 2^16",
        ),
        ("/nonce", (1u64 << 40).into(), "below 2^40"),
        ("/nonce", (-1).into(), "expected u64"),
        ("/token", (1u64 << 32).into(), "expected u32"),
        ("/recipient", 0.into(), "expected a string"),
        ("/signature/r8/0", Fr::MODULUS.to_string().into(), "below r"),
        ("/signature/r8", serde_json::json!(["1"]), "length 1"),
    ] {
        let mut json = json.clone();
        *json.pointer_mut(pointer).unwrap() = value;
        let error = serde_json::from_value::<SignedTransfer>(json)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{pointer}: {error}");
    }
    for (recipient, field) in [
        (Recipient::L1(Address([0xcd; 20])), "l1Recipient"),
        (Recipient::NewAccount(key(2).public_key()), "newAccount"),
    ] {
        let mut other = signed;
        other.transfer.recipient = recipient;
        let mut json = serde_json::to_value(other).unwrap();
        assert!(json.get("to").is_none() && json.get("recipient").is_none());
        assert!(json.get(field).is_some());
        let read = serde_json::from_value::<SignedTransfer>(json.clone());
        assert_eq!(read.unwrap(), other);
        // Two recipients, half of one, or none.
        json["to"] = 1.into();
        assert!(serde_json::from_value::<SignedTransfer>(json.clone()).is_err());
        json.as_object_mut().unwrap().remove(field);
        assert!(serde_json::from_value::<SignedTransfer>(json).is_err());
    }
    for cut in (0..text.len()).step_by(7) {
        assert!(serde_json::from_str::<SignedTransfer>(&text[..cut]).is_err());
    }
    let unknown = text.replacen("\"token\"", "\"memo\":1,\"token\"", 1);
    assert!(serde_json::from_str::<SignedTransfer>(&unknown).is_err());
}

/// A string is a value, which stands for its canonical encoding; a number is the encoding itself.
#[test]
fn json_amounts_are_values_or_encodings() {
    let canonical = transfer(3, 1, 100, 2);
    // 10·10^1 is 100 too, in another encoding.
    let other = Transfer {
        amount: Amount::try_from(1 << Amount::MANTISSA_BITS | 10).unwrap(),
        ..canonical
    };
    assert_ne!(other.amount, canonical.amount);
    for (transfer, amount) in [
        (canonical, serde_json::json!("100")),
        (other, serde_json::json!(other.amount.encoding())),
    ] {
        let signed = signed(1, transfer);
        let json = serde_json::to_value(signed).unwrap();
        assert_eq!(json["amount"], amount);
        assert_eq!(json["fee"], "2");
        assert_eq!(
            serde_json::from_value::<SignedTransfer>(json).unwrap(),
            signed
        );
    }
    let json = serde_json::to_value(signed(1, canonical)).unwrap();
    for (amount, expected) in [
        (
            serde_json::json!("34359738369"),
            "nearest below is 34359738367",
        ),
        (serde_json::json!("-1"), "expected a decimal value"),
        (serde_json::json!("1e3"), "expected a decimal value"),
        (serde_json::json!(1.5), "did not match"),
    ] {
        let mut json = json.clone();
        json["amount"] = amount;
        let error = serde_json::from_value::<SignedTransfer>(json)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}
