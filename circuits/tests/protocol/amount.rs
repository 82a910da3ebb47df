//! Amounts and fees: canonical encodings, refusals, bounds.

use proptest::prelude::*;
use zkroll_circuits::protocol::amount::{Amount, AmountTooLarge, Fee, Unrepresentable};

#[test]
fn encodings_at_the_edges() {
    let largest_mantissa = (1u128 << 35) - 1;
    for (value, exponent, mantissa) in [
        (0, 0, 0),
        (1, 0, 1),
        (largest_mantissa, 0, largest_mantissa),
        (largest_mantissa + 3, 1, (largest_mantissa + 3) / 10),
        (10u128.pow(31), 21, 10u128.pow(10)),
        (10u128.pow(38), 28, 10u128.pow(10)),
        (34_028_236 * 10u128.pow(31), 28, 34_028_236_000),
    ] {
        let amount = Amount::from_value(value).unwrap();
        assert_eq!(u128::from(amount.mantissa()), mantissa, "{value}");
        assert_eq!(amount.exponent(), exponent, "{value}");
        assert_eq!(amount.value(), Ok(value));
    }
    let fee = Fee::from_value(2047 * 10u128.pow(31)).unwrap();
    assert_eq!(fee, Fee::MAX);
    assert_eq!((fee.exponent(), fee.mantissa()), (31, 2047));
}

#[test]
fn unrepresentable_values_name_their_neighbour() {
    assert_eq!(
        Amount::from_value((1 << 35) + 1),
        Err(Unrepresentable {
            value: (1 << 35) + 1,
            mantissa_bits: 35,
            nearest_below: (1 << 35) - 1,
        })
    );
    // The largest mantissa with the smaller exponent is nearer than any with the larger one.
    let below = ((1u128 << 35) - 1) * 10;
    let error = Amount::from_value(below + 5).unwrap_err();
    assert_eq!(error.nearest_below, below);
    assert_eq!(Fee::from_value(2049).unwrap_err().nearest_below, 2047);
    assert_eq!(
        Fee::from_value(u128::MAX).unwrap_err().nearest_below,
        Fee::MAX.value()
    );
    let message = Fee::from_value(20_481).unwrap_err().to_string();
    assert!(
        message.contains("got 20481; the nearest below is 20470"),
        "{message}"
    );
}

#[test]
fn encodings_of_two_to_the_128_have_no_value() {
    let encoding =
        |exponent: u64, mantissa: u64| Amount::try_from(exponent << 35 | mantissa).unwrap();
    assert_eq!(
        encoding(31, 34_028_236).value(),
        Ok(34_028_236 * 10u128.pow(31))
    );
    let (mantissa, exponent) = (34_028_237, 31);
    assert_eq!(
        encoding(31, mantissa).value(),
        Err(AmountTooLarge { mantissa, exponent })
    );
    assert!(Amount::MAX.value().is_err());
}

#[test]
fn encodings_are_bounded() {
    assert!(Amount::try_from((1u64 << 40) - 1).is_ok());
    let error = Amount::try_from(1u64 << 40).unwrap_err();
    assert_eq!((error.bits, error.got), (40, 1 << 40));
    assert!(Fee::try_from(u64::from(u16::MAX)).is_ok());
    assert!(Fee::try_from(1u64 << 16).is_err());
    assert_eq!(
        serde_json::to_string(&Amount::MAX).unwrap(),
        "1099511627775"
    );
    for text in ["1099511627776", "-1", "\"1\"", "1.5", "null"] {
        assert!(serde_json::from_str::<Amount>(text).is_err(), "{text}");
    }
    assert!(serde_json::from_str::<Fee>("65536").is_err());
}

proptest! {
    #[test]
    fn canonical_encodings_have_the_smallest_exponent(encoding in 0u64..1 << 40) {
        let amount = Amount::try_from(encoding).unwrap();
        if let Ok(value) = amount.value() {
            let canonical = Amount::from_value(value).unwrap();
            prop_assert_eq!(canonical.value(), Ok(value));
            prop_assert!(canonical.exponent() <= amount.exponent());
            let exponent = canonical.exponent();
            if exponent > 0 {
                let finer = 10u128.pow(exponent - 1);
                prop_assert!(value % finer != 0 || value / finer >= 1 << 35);
            }
        }
    }

    #[test]
    fn fees_round_trip(encoding in 0u64..1 << 16) {
        let fee = Fee::try_from(encoding).unwrap();
        let canonical = Fee::from_value(fee.value()).unwrap();
        prop_assert_eq!(canonical.value(), fee.value());
        prop_assert!(canonical.exponent() <= fee.exponent());
    }

    #[test]
    fn the_nearest_below_is_representable_and_nothing_lies_between(
        value: u128, shift in 0u32..128, gap in 0u128..1000,
    ) {
        let value = value >> shift;
        if let Err(error) = Amount::from_value(value) {
            let below = error.nearest_below;
            prop_assert!(below < value);
            prop_assert!(Amount::from_value(below).is_ok());
            let between = below + 1 + gap;
            prop_assert!(between >= value || Amount::from_value(between).is_err());
        }
    }
}
