//! The figures, as JSON or as a table.

use std::fmt;

use serde::Serialize;

use crate::{
    common::Result,
    measure::{
        Cost, Costs,
        channel::DISPUTE_WINDOW,
        optimistic::{AGGREGATE_BYTES, CHALLENGE_WINDOW, SIGNATURE_BYTES},
        payments::{payments, sign},
        rollup::{self, StandIn},
    },
};

/// Seconds of two epochs of L1 and a slot: until a block cannot be undone without a third of the stake being lost.
const L1_FINALITY: f64 = 12.0 * (2.0 * 32.0 + 1.0);

/// Seconds to prove so many payments, from what README has: 22,742 constraints each, and 1.97 s for 2^20 rows on two
/// cores, taken as proportional to the rows of the domain.
pub fn proving_seconds(payments: u32) -> f64 {
    let rows = (22_742 * u64::from(payments)).next_power_of_two();
    1.97 * rows as f64 / f64::from(1 << 20)
}

/// What one way costs and what it asks of its user.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// A name for machines.
    pub key: &'static str,
    /// A name for people.
    pub name: &'static str,
    /// What is measured and what is assumed.
    pub basis: Basis,
    /// `gas_transaction` / payments: without the blobs.
    pub gas_per_payment: f64,
    /// `blob_gas` / payments.
    pub blob_gas_per_payment: f64,
    /// All payments.
    #[serde(flatten)]
    pub cost: Cost,
    /// Computed: seconds until L1 cannot take it back.
    pub final_after_seconds: f64,
    /// What that consists of.
    pub final_after: String,
}

/// What a row's gas is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The transactions of all payments ran.
    Measured,
    /// The transactions of one channel ran; how often two people pay each other in it makes no difference.
    MeasuredChannel,
    /// The posting ran; what an optimistic rollup posts is assumed.
    MeasuredPosting,
    /// The settlement ran, with the proof of a stand-in circuit.
    MeasuredStandIn,
}

impl Basis {
    const ALL: [Self; 4] = [
        Self::Measured,
        Self::MeasuredChannel,
        Self::MeasuredPosting,
        Self::MeasuredStandIn,
    ];

    fn letter(self) -> char {
        match self {
            Self::Measured => 'a',
            Self::MeasuredChannel => 'b',
            Self::MeasuredPosting => 'c',
            Self::MeasuredStandIn => 'd',
        }
    }

    fn explanation(self) -> String {
        match self {
            Self::Measured => "measured: every payment is a transaction that ran".into(),
            Self::MeasuredChannel => {
                "measured: the transactions of one channel, whatever the payments between its two \
                 parties"
                    .into()
            }
            Self::MeasuredPosting => format!(
                "measured: the posting of 15.5 bytes a payment and, assumed, a signature of \
                 {SIGNATURE_BYTES} bytes each or one of {AGGREGATE_BYTES} for all. Not in it: claims of state \
                 roots, fraud proofs"
            ),
            Self::MeasuredStandIn => {
                "measured: the settlement of the payments' real public data by Rollup.sol. The proof is of a \
                 stand-in circuit with the same three inputs, whose verification takes the same gas (a test \
                 compares them); settle_batch proves for real"
                    .into()
            }
        }
    }
}

/// Where a way's user stands.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Standing {
    /// The ways, by the beginning of their keys.
    pub ways: &'static str,
    /// A name for people.
    pub name: &'static str,
    /// Whom the user trusts besides L1.
    pub trusts: &'static str,
    /// What happens if the operator vanishes.
    pub operator_vanishes: &'static str,
}

/// Where the users of each way stand.
pub const STANDINGS: [Standing; 4] = [
    Standing {
        ways: "l1",
        name: "L1",
        trusts: "nobody; an ERC-20 is what its contract makes of it",
        operator_vanishes: "there is none",
    },
    Standing {
        ways: "channel",
        name: "channel",
        trusts: "nobody: a payment counts between the two as soon as it is signed. But each must keep the newest state and look at L1 once in every window of a day, or pay somebody \
                 who does. The deposit is locked, and pays the other party alone",
        operator_vanishes: "there is none; if the other party vanishes, the close takes the window",
    },
    Standing {
        ways: "optimistic",
        name: "optimistic",
        trusts: "that somebody honest replays every batch, and gets a fraud proof onto L1 within seven days",
        operator_vanishes: "the data are on L1 (a blob's for some 18 days); who may go on, and whether one \
                            leaves alone, is each rollup's own rule",
    },
    Standing {
        ways: "zkroll",
        name: "zkroll",
        trusts: "the proof system, its ceremony (one honest contributor) and the contract; no operator, no watcher",
        operator_vanishes: "anyone who proves a batch may settle it. If nobody does, the contract freezes when the \
                            oldest forced exit has waited for seven days, and every owner leaves with a proof of the account under the last root; the data to make it are on L1 \
                            (a blob's: for some 18 days, so somebody must keep them)",
    },
];

/// The blob of a way against its calldata.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BreakEven {
    /// The way.
    pub name: &'static str,
    /// Price of blob gas, in prices of gas, at which both cost the same: below it the blob is cheaper. Computed.
    pub blob_gas_price_ratio: f64,
}

/// Channels against the rollup. Computed of the rows.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Channels {
    /// Gas to open one and close it together.
    pub gas_each: u64,
    /// So many take more gas than the batch in calldata.
    pub dearer_than_calldata_from: u64,
    /// The same for the batch in a blob, without the blob's gas.
    pub dearer_than_blob_from: u64,
}

/// This rollup for another number of payments.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Point {
    /// Payments in the one batch.
    pub payments: u32,
    /// Gas a payment in calldata.
    pub calldata_gas: f64,
    /// Gas a payment in a blob, without the blob's.
    pub blob_form_gas: f64,
    /// Gas of the blob, a payment.
    pub blob_gas: f64,
}

/// What one run measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Payments.
    pub payments: u32,
    /// Whose gas rules hold.
    pub evm_fork: String,
    /// Assumed: seconds to prove the batch.
    pub prove_seconds: f64,
    /// The ways.
    pub rows: Vec<Row>,
    /// Where their users stand.
    pub standings: [Standing; 4],
    /// Blob or calldata.
    pub break_even: Vec<BreakEven>,
    /// Channels among many people.
    pub channels: Channels,
    /// This rollup by the number of payments, increasing.
    pub amortisation: Vec<Point>,
}

impl Report {
    /// Measures `count` payments every way, and batches of the `sizes` for amortisation.
    ///
    /// # Errors
    /// If a transaction fails.
    pub fn measure(count: u32, sizes: &[u32], prove_seconds: f64) -> Result<Self> {
        let stand_in = StandIn::new()?;
        let costs = Costs::measure(&payments(count)?, &stand_in)?;
        let mut sizes: Vec<u32> = sizes.iter().copied().chain([count]).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let mut amortisation = Vec::with_capacity(sizes.len());
        for size in sizes {
            let measured = if size == count {
                costs.rollup
            } else {
                rollup::measure(&sign(&payments(size)?)?, &stand_in)?.0
            };
            amortisation.push(Point {
                payments: size,
                calldata_gas: each(measured.calldata.gas_transaction, size),
                blob_form_gas: each(measured.blob.gas_transaction, size),
                blob_gas: each(measured.blob.blob_gas, size),
            });
        }

        let Costs {
            optimistic, rollup, ..
        } = costs;
        let together = costs.channel.together();
        Ok(Self {
            payments: count,
            evm_fork: zkroll::verifier_sol::evm::Fork::default().to_string(),
            prove_seconds,
            rows: rows(&costs, count, prove_seconds),
            standings: STANDINGS,
            break_even: vec![
                break_even(
                    "optimistic, signatures",
                    &optimistic.calldata,
                    &optimistic.blob,
                ),
                break_even(
                    "optimistic, aggregated",
                    &optimistic.calldata_aggregated,
                    &optimistic.blob_aggregated,
                ),
                break_even("zkroll", &rollup.calldata, &rollup.blob),
            ],
            channels: Channels {
                gas_each: together.gas_transaction,
                dearer_than_calldata_from: 1 + rollup.calldata.gas_transaction
                    / together.gas_transaction,
                dearer_than_blob_from: 1 + rollup.blob.gas_transaction / together.gas_transaction,
            },
            amortisation,
        })
    }

    /// The row of this key.
    pub fn row(&self, key: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == key)
    }
}

fn rows(costs: &Costs, payments: u32, prove_seconds: f64) -> Vec<Row> {
    let row = |key, name, basis, cost: Cost, (wait, what): (f64, &str)| Row {
        key,
        name,
        basis,
        gas_per_payment: each(cost.gas_transaction, payments),
        blob_gas_per_payment: each(cost.blob_gas, payments),
        cost,
        final_after_seconds: wait + L1_FINALITY,
        final_after: format!("{what}{}", duration(L1_FINALITY)),
    };
    let at_once = (0.0, "");
    let dispute = (DISPUTE_WINDOW as f64, "1 d + ");
    let challenge = (CHALLENGE_WINDOW as f64, "7 d + ");
    let proof = format!("{} + ", duration(prove_seconds));
    let proof = (prove_seconds, proof.as_str());
    let (channel, optimistic) = (&costs.channel, &costs.optimistic);
    let (a, b, c, d) = (
        Basis::Measured,
        Basis::MeasuredChannel,
        Basis::MeasuredPosting,
        Basis::MeasuredStandIn,
    );
    vec![
        row("l1_eth", "L1: ETH", a, costs.eth, at_once),
        row(
            "l1_erc20_holders",
            "L1: ERC-20, to who held some",
            a,
            costs.erc20_holders,
            at_once,
        ),
        row(
            "l1_erc20_strangers",
            "L1: ERC-20, to who held none",
            a,
            costs.erc20_strangers,
            at_once,
        ),
        row(
            "channel_together",
            "channel of two, closed by both",
            b,
            channel.together(),
            at_once,
        ),
        row(
            "channel_disputed",
            "channel of two, disputed",
            b,
            channel.disputed(),
            dispute,
        ),
        row(
            "optimistic_calldata",
            "optimistic: calldata, signatures",
            c,
            optimistic.calldata,
            challenge,
        ),
        row(
            "optimistic_calldata_aggregated",
            "optimistic: calldata, aggregated",
            c,
            optimistic.calldata_aggregated,
            challenge,
        ),
        row(
            "optimistic_blob",
            "optimistic: blob, signatures",
            c,
            optimistic.blob,
            challenge,
        ),
        row(
            "optimistic_blob_aggregated",
            "optimistic: blob, aggregated",
            c,
            optimistic.blob_aggregated,
            challenge,
        ),
        row(
            "zkroll_calldata",
            "zkroll: calldata",
            d,
            costs.rollup.calldata,
            proof,
        ),
        row("zkroll_blob", "zkroll: blob", d, costs.rollup.blob, proof),
    ]
}

fn each(total: u64, payments: u32) -> f64 {
    total as f64 / f64::from(payments)
}

fn break_even(name: &'static str, calldata: &Cost, blob: &Cost) -> BreakEven {
    let saved = calldata.gas_transaction as f64 - blob.gas_transaction as f64;
    BreakEven {
        name,
        blob_gas_price_ratio: saved / blob.blob_gas as f64,
    }
}

/// Seconds in the unit that suits them.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3600.0),
        s => format!("{:.0} d", s / 86_400.0),
    }
}

/// A number with its thousands apart.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Gas a payment: fractions matter below ten only.
pub fn gas(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.1}")
    } else {
        grouped(value.round() as u64)
    }
}

/// Lines of at most `width` characters, all but the first behind `indent`.
fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let mut out = String::new();
    let mut column = indent.chars().count();
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column + length >= width {
            out.push('\n');
            out.push_str(indent);
            column = indent.chars().count();
        } else if !out.is_empty() {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const WIDTH: usize = 126;
        writeln!(
            f,
            "{} payments, {} gas rules\n",
            grouped(self.payments.into()),
            self.evm_fork
        )?;
        writeln!(
            f,
            "{:<34}{:>8}{:>13}{:>13}{:>12}{:>11}{:>11}  {:<16}{:>3}",
            "",
            "gas per",
            "gas of all",
            "of that",
            "calldata,",
            "in blobs,",
            "blob gas",
            "  final",
            ""
        )?;
        writeln!(
            f,
            "{:<34}{:>8}{:>13}{:>13}{:>12}{:>11}{:>11}  {:<16}{:>3}",
            "", "payment", "transactions", "execution", "bytes", "bytes", "", "  after", ""
        )?;
        for row in &self.rows {
            let cost = &row.cost;
            let or_dash = |value: u64| match value {
                0 => "–".to_owned(),
                value => grouped(value),
            };
            let floor = if cost.calldata_floor { "*" } else { " " };
            writeln!(
                f,
                "{:<34}{:>8}{:>12}{floor}{:>13}{:>12}{:>11}{:>11}    {:<15}{:>2}",
                row.name,
                gas(row.gas_per_payment),
                grouped(cost.gas_transaction),
                or_dash(cost.gas_execution),
                or_dash(cost.calldata_bytes),
                or_dash(cost.blob_bytes),
                or_dash(cost.blob_gas),
                row.final_after,
                row.basis.letter(),
            )?;
        }
        writeln!(f)?;
        let mut note = |mark: &str, text: &str| {
            writeln!(f, "{mark:<12}{}", wrapped(text, WIDTH, &" ".repeat(12)))
        };
        note(
            "*",
            "charged by the floor of EIP-7623, 10 and 40 gas a byte of calldata, which is more than intrinsic and \
             execution gas",
        )?;
        for basis in Basis::ALL {
            note(&basis.letter().to_string(), &basis.explanation())?;
        }
        note(
            "final",
            &format!(
                "computed: two epochs and a slot of L1 ({}); an optimistic rollup's challenges; {} to prove \
                 (--prove-seconds; by default README's 1.97 s for 2^20 rows on two cores, scaled by the domain). Included in a block after 12 s",
                duration(L1_FINALITY),
                duration(self.prove_seconds)
            ),
        )?;

        writeln!(f, "\nWhom the user trusts, and if the operator vanishes")?;
        let mut note = |mark: &str, text: &str| {
            writeln!(f, "{mark:<12}{}", wrapped(text, WIDTH, &" ".repeat(12)))
        };
        for standing in &self.standings {
            note(standing.name, &format!("{}.", standing.trusts))?;
            note("", &format!("Operator: {}.", standing.operator_vanishes))?;
        }

        writeln!(f, "\nA channel serves two people")?;
        let channels = &self.channels;
        let text = format!(
            "Payments among many need a channel for each pair, or one for each person with a hub that locks up as much and \
             passes payments on (which needs hash locks, not in this contract). k channels cost k times {} gas: more \
             than this rollup's batch in calldata from k = {} on, than that in a blob from k = {} on.",
            grouped(channels.gas_each),
            channels.dearer_than_calldata_from,
            channels.dearer_than_blob_from
        );
        writeln!(f, "{}", wrapped(&text, WIDTH, ""))?;

        writeln!(
            f,
            "\nBlob gas has a market of its own: price of blob gas / price of gas at which blob and calldata cost the same"
        )?;
        for BreakEven {
            name,
            blob_gas_price_ratio: ratio,
        } in &self.break_even
        {
            let ratio = match *ratio {
                ratio if ratio > 0.0 => format!("{ratio:.2}"),
                _ => "none: the blob is never cheaper".into(),
            };
            writeln!(f, "{name:<34}{ratio:>8}")?;
        }

        let text = "While the blob's price is below a sixteenth of gas's, it only rises (EIP-7918, in Osaka): a blob \
                    costs as much as 8,192 gas or more, save for a while.";
        writeln!(f, "{}", wrapped(text, WIDTH, ""))?;

        writeln!(f, "\nzkroll, gas per payment by the size of the batch")?;
        writeln!(
            f,
            "{:>10}{:>14}{:>14}{:>16}",
            "payments", "in calldata", "in a blob", "and blob gas"
        )?;
        for point in &self.amortisation {
            writeln!(
                f,
                "{:>10}{:>14}{:>14}{:>16}",
                grouped(point.payments.into()),
                gas(point.calldata_gas),
                gas(point.blob_form_gas),
                gas(point.blob_gas)
            )?;
        }
        Ok(())
    }
}
