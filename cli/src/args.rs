//! Arguments that several commands share, and how their values are written.

use std::str::FromStr;

use clap::Args;
use zkroll::circuits::protocol::{
    account::AccountIndex,
    public_data::{BatchShape, DataForm, FeeSlot},
};
use zkroll::prover::{AnyBackend, BackendError, backend::Selection};

/// Levels of the tree if none are given: room for 2^33 accounts.
pub const DEFAULT_DEPTH: u32 = 11;
/// Transfer slots if none are given.
pub const DEFAULT_TRANSFERS: u32 = 8;
/// Fee slots if none are given.
pub const DEFAULT_FEE_SLOTS: u32 = 2;
/// L1 slots if none are given.
pub const DEFAULT_L1_SLOTS: u32 = 1;

/// The shape of a batch.
#[derive(Args, Clone, Copy, Debug)]
pub struct ShapeArgs {
    /// Levels of the 8-ary account tree: room for 8^D accounts.
    #[arg(long, value_name = "D", default_value_t = DEFAULT_DEPTH)]
    pub depth: u32,
    /// Transfer slots of a batch.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_TRANSFERS)]
    pub transfers: u32,
    /// Fee slots of a batch.
    #[arg(long, value_name = "F", default_value_t = DEFAULT_FEE_SLOTS)]
    pub fee_slots: u32,
    /// L1 slots of a batch: deposits and exits. A contract demands at least one.
    #[arg(long, value_name = "L", default_value_t = DEFAULT_L1_SLOTS)]
    pub l1_slots: u32,
    /// Withdrawal slots of a batch.
    #[arg(long, value_name = "W", default_value_t = 0)]
    pub withdrawals: u32,
    /// Creation slots of a batch: transfers to new accounts.
    #[arg(long, value_name = "E", default_value_t = 0)]
    pub creations: u32,
    /// Batches publish their operations in a blob instead of calldata.
    #[arg(long)]
    pub blob: bool,
}

/// The other circuit that a deployment needs a key for.
#[derive(Args, Clone, Copy, Debug)]
pub struct ExitArg {
    /// The circuit with which owners leave without the operator, for trees of --depth levels, instead of
    /// that of batches.
    #[arg(long, conflicts_with_all = ["transfers", "fee_slots", "l1_slots", "withdrawals", "creations", "blob"])]
    pub exit: bool,
}

impl From<ShapeArgs> for BatchShape {
    fn from(args: ShapeArgs) -> Self {
        Self {
            form: match args.blob {
                false => DataForm::Calldata,
                true => DataForm::Blob,
            },
            transfers: args.transfers,
            l1_slots: args.l1_slots,
            fee_slots: args.fee_slots,
            withdrawals: args.withdrawals,
            creations: args.creations,
            depth: args.depth,
        }
    }
}

/// Which backend proves.
#[derive(Args, Clone, Copy, Debug)]
pub struct BackendArg {
    /// auto, naive, ark, cpu, ifma or gpu; auto is what ZKROLL_BACKEND says, else the fastest here.
    #[arg(long, value_name = "B", default_value = "auto")]
    backend: Selection,
}

impl BackendArg {
    /// Opens the selected backend.
    ///
    /// # Errors
    /// If it is not available here.
    pub fn open(self) -> Result<AnyBackend, BackendError> {
        self.backend.open()
    }
}

/// The seed of a development key: 64 hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub struct Seed(pub [u8; 32]);

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let mut seed = [0; 32];
        hex::decode_to_slice(digits, &mut seed)
            .map(|()| Self(seed))
            .map_err(|_| format!("expected 64 hexadecimal digits, got {text:?}"))
    }
}

/// `TOKEN:ACCOUNT`, who gets a token's fees.
///
/// # Errors
/// A sentence if the text is not of that form or the account is in no tree.
pub fn parse_fee_slot(text: &str) -> Result<FeeSlot, String> {
    let malformed = || format!("expected TOKEN:ACCOUNT, two integers, got {text:?}");
    let (token, account) = text.split_once(':').ok_or_else(malformed)?;
    let token = token.parse().map_err(|_| malformed())?;
    let account: u64 = account.parse().map_err(|_| malformed())?;
    let account = AccountIndex::try_from(account).map_err(|error| error.to_string())?;
    Ok(FeeSlot { token, account })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_have_exactly_32_bytes() {
        let digits = "0f".repeat(32);
        assert_eq!(digits.parse::<Seed>().unwrap().0, [15; 32]);
        assert_eq!(format!("0x{digits}").parse::<Seed>().unwrap().0, [15; 32]);
        for bad in [
            "",
            "0f",
            &digits[1..],
            &format!("{digits}00"),
            &"zz".repeat(32),
        ] {
            assert!(
                bad.parse::<Seed>()
                    .unwrap_err()
                    .contains(&format!("{bad:?}"))
            );
        }
    }

    #[test]
    fn fee_slots_are_two_integers() {
        let slot = parse_fee_slot("7:12").unwrap();
        assert_eq!((slot.token, slot.account.get()), (7, 12));
        for bad in [
            "",
            "7",
            "7:",
            ":12",
            "7:x",
            "4294967296:1",
            "7:8589934592",
            "7:1:2",
        ] {
            assert!(parse_fee_slot(bad).is_err(), "{bad}");
        }
    }
}
