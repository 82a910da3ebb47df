//! A batch's slice of a blob: that its words are the operations, and that C has C₁, z and p(z).
//!
//! The evaluation's own labels are attacked in `blob/tests.rs` and in `gadgets`.

use crate::{
    batch::{
        BatchCircuit, Layout,
        tests::{assign, in_a_blob, point, shape, trace, transfers},
    },
    protocol::public_data::{PublicData, PublicTransfer, Slots},
    template::{Matrix, Program, Template},
};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use std::collections::BTreeSet;

/// Labels of all templates that are only in circuits for blobs, with those that are attacked elsewhere.
const BLOB_TEMPLATES: [&str; 6] = [
    "blob claim",
    "blob block",
    "blob point",
    "blob power",
    "blob group",
    "blob value",
];

#[test]
fn the_templates_of_a_blob_are_those_that_are_attacked() {
    let names = |shape| -> Vec<String> {
        let circuit = BatchCircuit::new(shape).unwrap();
        let templates = circuit.program().templates();
        templates
            .map(|template| template.name().to_owned())
            .collect()
    };
    // Four words are two in a group, so that there is a power.
    let (calldata, blob) = (names(shape(64, 2)), names(in_a_blob(shape(64, 2))));
    let more: Vec<_> = blob
        .iter()
        .filter(|name| !calldata.contains(name))
        .collect();
    assert_eq!(more, BLOB_TEMPLATES);
    let circuit = BatchCircuit::new(in_a_blob(shape(64, 2))).unwrap();
    let labels = |template: &Template| -> BTreeSet<_> {
        (0..template.num_constraints())
            .map(|row| template.label(row).to_owned())
            .collect()
    };
    for template in circuit.program().templates() {
        let expected: &[&str] = match template.name() {
            "blob claim" => &["initial_state"],
            "blob block" => &["commitment"],
            _ => continue,
        };
        assert_eq!(labels(template).into_iter().collect::<Vec<_>>(), expected);
    }
}

/// The labels that break when the batch of `trace` publishes what `change` makes of its data.
fn broken(transfers_in_shape: u32, change: impl Fn(&mut Slots)) -> BTreeSet<String> {
    let shape = in_a_blob(shape(transfers_in_shape, 2));
    let circuit = BatchCircuit::new(shape).unwrap();
    let trace = trace(shape, &transfers());
    let data = trace.public_data_with_blob(point(&trace)).unwrap();
    let mut slots = data.slots().clone();
    change(&mut slots);
    let data = PublicData::new(slots).unwrap();
    let columns = circuit.assign_as(&trace, &data).unwrap().columns;
    broken_by(circuit.program(), &columns)
}

/// `template/label` of every broken constraint.
fn broken_by(program: &Program, columns: &[Fr]) -> BTreeSet<String> {
    let mut broken = BTreeSet::new();
    for row in 0..program.num_constraints() {
        let [a, b, c] = [Matrix::A, Matrix::B, Matrix::C].map(|matrix| {
            let mut sum = Fr::ZERO;
            program.visit_row(matrix, row, &mut |column, c| sum += columns[column] * c);
            sum
        });
        if a * b != c {
            broken.insert(program.label(row));
        }
    }
    broken
}

#[test]
fn a_blob_has_the_operations_that_were_applied() {
    fn swap_parties(op: &mut Option<PublicTransfer>) {
        let op = op.as_mut().expect("five are used");
        std::mem::swap(&mut op.from, &mut op.to);
    }
    for change in [
        (|slots: &mut Slots| swap_parties(&mut slots.transfers[0])) as fn(&mut Slots),
        |slots| swap_parties(&mut slots.transfers[1]),
        |slots| slots.transfers.swap(0, 1),
    ] {
        let broken = broken(6, change);
        // C₁ is not that of the slots' operations, and neither is the value.
        let templates: BTreeSet<_> = broken
            .iter()
            .map(|label| label.split([':', '[']).next().unwrap().trim().to_owned())
            .collect();
        assert!(
            templates
                .iter()
                .all(|name| name == "blob block" || name == "blob group"),
            "{broken:?}"
        );
        assert_eq!(templates.len(), 2, "{broken:?}");
    }
}

/// A claim about the evaluation of other words, or at another point, or of another value.
#[test]
fn the_claim_is_that_of_the_words() {
    let shape = in_a_blob(shape(6, 2));
    let circuit = BatchCircuit::new(shape).unwrap();
    let trace = trace(shape, &transfers());
    let assignment = assign(&circuit, &trace);
    let program = circuit.program();
    assert_eq!(broken_by(program, &assignment.columns), BTreeSet::new());

    let segments = Layout::new(&shape).slice.unwrap();
    let templates = circuit.templates.slice.as_ref().unwrap();
    let [_, claim @ ..] = templates.words(&segments);
    for (word, source) in claim.into_iter().enumerate() {
        let mut columns = assignment.columns.clone();
        columns[program.column_of_source(source).unwrap()] += Fr::ONE;
        let broken = broken_by(program, &columns);
        // The evaluation has another one, and so have C and y.
        let template = if word < 2 { "blob point" } else { "blob value" };
        assert!(
            broken.iter().any(|label| label.starts_with(template)),
            "{word}: {broken:?}"
        );
        assert!(
            broken.iter().any(|label| label.starts_with("data")),
            "{word}: {broken:?}"
        );
    }
}

#[test]
fn no_column_of_a_batch_in_a_blob_is_unconstrained() {
    let circuit = BatchCircuit::new(in_a_blob(shape(64, 2))).unwrap();
    let program = circuit.program();
    let mut seen = vec![false; program.num_instance() + program.num_witness()];
    for row in 0..program.num_constraints() {
        for matrix in [Matrix::A, Matrix::B, Matrix::C] {
            program.visit_row(matrix, row, &mut |column, _| seen[column] = true);
        }
    }
    assert_eq!(seen.iter().position(|seen| !seen), None);
}
