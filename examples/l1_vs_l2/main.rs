//! The picture of why layer 2 pays: the same payments settled as transactions on L1, in a payment channel, by an
//! optimistic rollup and by this one, each measured in the same EVM.
//!
//! ```sh
//! cargo run --release --example l1_vs_l2
//! cargo run --release --example l1_vs_l2 -- --payments 1000 --json
//! cargo run --release --example l1_vs_l2 -- --plot l1_vs_l2.svg
//! ```
//!
//! What is measured and what is assumed stands beside each row. Prices are not assumed: gas and blob gas are
//! counted apart. The rollup's public data are real; its proofs are of a stand-in circuit, because those of a
//! thousand payments take minutes, and cost the same gas (`measure/rollup.rs`). The example `settle_batch` proves.

#[path = "../common/mod.rs"]
mod common;

mod chart;
mod measure;
mod report;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, value_parser};

use report::{Report, proving_seconds};

/// The most payments: those of one blob.
const MAX_PAYMENTS: i64 = 8192;

/// Settles the same payments on L1 and on layer 2, and compares.
#[derive(Parser)]
struct Arguments {
    /// Payments, settled every way.
    #[arg(long, default_value_t = 1000, value_parser = value_parser!(u32).range(1..=MAX_PAYMENTS))]
    payments: u32,
    /// Further sizes of this rollup's batches.
    #[arg(long, value_delimiter = ',', default_value = "100,1000,8000",
          value_parser = value_parser!(u32).range(1..=MAX_PAYMENTS))]
    sizes: Vec<u32>,
    /// Seconds to prove the batch, for the time to finality [default: README's for 2^20 rows on two cores, scaled].
    #[arg(long)]
    prove_seconds: Option<f64>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// Draw the figures into this file, as SVG.
    #[arg(long)]
    plot: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    eprintln!("settling {} payments every way", arguments.payments);
    let report = Report::measure(
        arguments.payments,
        &arguments.sizes,
        arguments
            .prove_seconds
            .unwrap_or_else(|| proving_seconds(arguments.payments)),
    );
    let outcome = report.and_then(|report| {
        if let Some(path) = &arguments.plot {
            std::fs::write(path, chart::draw(&report))?;
            eprintln!("drawn: {}", path.display());
        }
        if arguments.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            println!("{report}");
        }
        Ok(())
    });
    common::exit(outcome)
}
