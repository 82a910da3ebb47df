//! `zkroll info`: what a batch shape costs, without making a key.

use std::collections::BTreeMap;
use std::fmt;

use clap::Args;
use serde::Serialize;
use zkroll::ProgramRelation;
use zkroll::circuits::batch::BatchCircuit;
use zkroll::circuits::protocol::public_data::DataForm;
use zkroll::circuits::template::Template;
use zkroll::prover::{HBasis, backend, key_file};

use crate::args::ShapeArgs;
use crate::error::CliError;
use crate::report::line;

/// Arguments of `zkroll info`.
#[derive(Args, Debug)]
pub struct InfoArgs {
    #[command(flatten)]
    shape: ShapeArgs,
    /// Lists the constraints of each part of each template too.
    #[arg(long)]
    parts: bool,
}

/// The figures.
#[derive(Debug, Serialize)]
pub struct Info {
    depth: u32,
    accounts_log2: u32,
    transfers: u32,
    fee_slots: u32,
    l1_slots: u32,
    withdrawals: u32,
    creations: u32,
    /// Where a batch's operations are.
    form: DataForm,
    constraints: usize,
    constraints_per_transfer: f64,
    public_data_constraints_per_transfer: f64,
    /// Of all constraints, for a blob's words: their commitment and their value at a point.
    blob_constraints: usize,
    constraints_per_l1_slot: f64,
    constraints_per_record_slot: f64,
    columns: usize,
    columns_in_a: usize,
    columns_in_b: usize,
    domain_log2: u32,
    template_bytes: usize,
    proving_key_bytes: u64,
    circuit_digest: String,
    backends: Vec<BackendInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<Vec<Part>>,
}

#[derive(Debug, Serialize)]
struct BackendInfo {
    name: &'static str,
    available: bool,
    reason: Option<String>,
    /// What it runs on, where that is not the processor.
    detail: Option<String>,
}

/// Constraints under one label.
#[derive(Debug, Serialize)]
struct Part {
    template: String,
    copies: usize,
    part: String,
    /// In one copy.
    constraints: usize,
}

/// Computes the figures.
///
/// # Errors
/// If no circuit has the shape, or its key would not fit the field's domains.
pub fn run(args: &InfoArgs) -> Result<Info, CliError> {
    let circuit = BatchCircuit::new(args.shape.into())?;
    let (shape, cost) = (circuit.shape(), circuit.cost());
    let backends = backend::list().into_iter().map(|backend| BackendInfo {
        name: backend.name.as_str(),
        available: backend.unavailable.is_none(),
        reason: backend.unavailable,
        detail: backend.detail,
    });
    Ok(Info {
        depth: shape.depth,
        // Eight children a node.
        accounts_log2: 3 * shape.depth,
        transfers: shape.transfers,
        fee_slots: shape.fee_slots,
        l1_slots: shape.l1_slots,
        withdrawals: shape.withdrawals,
        creations: shape.creations,
        form: shape.form,
        constraints: cost.constraints,
        constraints_per_transfer: cost.constraints_per_transfer,
        public_data_constraints_per_transfer: cost.public_data_constraints_per_transfer,
        blob_constraints: cost.blob_constraints,
        constraints_per_l1_slot: cost.constraints_per_l1_slot,
        constraints_per_record_slot: cost.constraints_per_record_slot,
        columns: circuit.program().num_instance() + circuit.program().num_witness(),
        columns_in_a: cost.columns_in_a,
        columns_in_b: cost.columns_in_b,
        domain_log2: cost.domain_log2,
        template_bytes: cost.template_bytes,
        proving_key_bytes: key_file::file_size(
            &ProgramRelation(circuit.program()),
            HBasis::Monomial,
        )?,
        circuit_digest: hex::encode(circuit.digest()),
        backends: backends.collect(),
        parts: args.parts.then(|| parts(&circuit)),
    })
}

/// Template by template, and in each the parts by name.
fn parts(circuit: &BatchCircuit) -> Vec<Part> {
    // Every fee slot is a segment of its own.
    let mut templates: Vec<(&Template, usize)> = Vec::new();
    for (template, copies) in circuit.program().segments() {
        match templates
            .iter_mut()
            .find(|(known, _)| std::ptr::eq(*known, template))
        {
            Some((_, known)) => *known += copies,
            None => templates.push((template, copies)),
        }
    }
    let of_template = |(template, copies): (&Template, usize)| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for row in 0..template.num_constraints() {
            let mut labels = template.label(row).split('/').take(2);
            let first = labels.next().unwrap_or_default().to_owned();
            *counts
                .entry(labels.fold(first, |part, label| part + "/" + label))
                .or_default() += 1;
        }
        let template = template.name().to_owned();
        counts.into_iter().map(move |(part, constraints)| Part {
            template: template.clone(),
            copies,
            part,
            constraints,
        })
    };
    templates.into_iter().flat_map(of_template).collect()
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "depth", self.depth)?;
        line(f, "accounts", format_args!("2^{}", self.accounts_log2))?;
        line(f, "transfers", self.transfers)?;
        line(f, "fee slots", self.fee_slots)?;
        line(f, "L1 slots", self.l1_slots)?;
        line(f, "withdrawal slots", self.withdrawals)?;
        line(f, "creation slots", self.creations)?;
        let form = match self.form {
            DataForm::Calldata => "in calldata",
            DataForm::Blob => "in a blob",
        };
        line(f, "operations", form)?;
        line(f, "constraints", self.constraints)?;
        let per_transfer = self.constraints_per_transfer;
        line(
            f,
            "constraints per transfer",
            format_args!("{per_transfer:.1}"),
        )?;
        let public_data = self.public_data_constraints_per_transfer;
        line(
            f,
            "public data constraints per transfer",
            format_args!("{public_data:.1}"),
        )?;
        let [per_l1, per_record] = [
            self.constraints_per_l1_slot,
            self.constraints_per_record_slot,
        ];
        if self.form == DataForm::Blob {
            line(f, "constraints for the blob", self.blob_constraints)?;
        }
        line(f, "constraints per L1 slot", format_args!("{per_l1:.1}"))?;
        line(
            f,
            "constraints per withdrawal or creation slot",
            format_args!("{per_record:.1}"),
        )?;
        line(f, "columns", self.columns)?;
        line(f, "columns in A", self.columns_in_a)?;
        line(f, "columns in B", self.columns_in_b)?;
        line(f, "domain", format_args!("2^{}", self.domain_log2))?;
        line(f, "template bytes", self.template_bytes)?;
        line(f, "proving key bytes", self.proving_key_bytes)?;
        line(f, "circuit digest", &self.circuit_digest)?;
        for backend in &self.backends {
            let name = format!("backend {}", backend.name);
            match (&backend.reason, &backend.detail) {
                (Some(reason), _) => line(f, &name, reason)?,
                (None, Some(detail)) => line(f, &name, format_args!("available: {detail}"))?,
                (None, None) => line(f, &name, "available")?,
            }
        }
        let mut template = None;
        for part in self.parts.iter().flatten() {
            if template.replace(&part.template) != Some(&part.template) {
                writeln!(f, "\n{} ({} copies)", part.template, part.copies)?;
            }
            writeln!(f, "{:>8}  {}", part.constraints, part.part)?;
        }
        Ok(())
    }
}
