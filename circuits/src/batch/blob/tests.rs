//! A program of slots that export operations, and the blob's segments on top of them.

use super::*;
use crate::{
    gadgets::bits::enforce_range,
    protocol::blob::{HALF_BITS, evaluate},
    template::{Builder, Circuit, Result, testing},
};
use ark_ff::{Field, UniformRand};
use rand::{Rng, SeedableRng, rngs::StdRng};

/// A slot that exports one operation.
struct Slot(u128);

impl Circuit for Slot {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let operation = builder.witness(Fr::from(self.0))?;
        builder.export_column("operation", &operation);
        builder.scope("range", |builder| {
            enforce_range(builder, &operation, HALF_BITS as usize)
        })
    }
}

/// Instance [1, z low, z high, y low, y high]; segment 0 are the slots.
struct Setting {
    templates: BlobTemplates,
    slot: Arc<Template>,
    program: Program,
    segments: BlobSegments,
    operations: usize,
}

impl Setting {
    /// For `operations` slots, two to a word.
    fn new(operations: usize, group_words: Option<usize>) -> Self {
        let words = operations.div_ceil(2);
        let templates = match group_words {
            None => BlobTemplates::new(words),
            Some(group_words) => BlobTemplates::with_group_words(words, group_words),
        };
        let templates = templates.unwrap();
        let slot = Arc::new(Template::new("slot", &Slot(0)).unwrap());
        let mut program = Program::new(5);
        program.push(slot.clone(), operations, vec![]);
        let export = slot.export("operation");
        let group_words = templates.group_words();
        let segments = templates.push(
            &mut program,
            [1, 2].map(Source::Instance),
            [3, 4].map(Source::Instance),
            |i| halves(0, export, group_words, i),
        );
        program.check();
        Self {
            templates,
            slot,
            program,
            segments,
            operations,
        }
    }

    /// The first broken constraint, for a claim that need not be true.
    fn broken(&self, operations: &[u128], z: BlobScalar, y: BlobScalar) -> Option<String> {
        let columns = self.assign(operations, z, y);
        let broken = self.program.first_unsatisfied(&columns);
        broken.map(|row| self.program.label(row))
    }

    fn assign(&self, operations: &[u128], z: BlobScalar, y: BlobScalar) -> Vec<Fr> {
        assert_eq!(operations.len(), self.operations);
        let words = words(operations);
        let witness = self.templates.evaluate(words, z);
        let [z0, z1] = split(z);
        let [y0, y1] = split(y);
        self.program
            .assign(&[Fr::ONE, z0, z1, y0, y1], |segment, copy| {
                let blob = self
                    .templates
                    .witness(&witness, &self.segments, segment, copy);
                blob.unwrap_or_else(|| self.slot.witness(&Slot(operations[copy])))
            })
            .unwrap()
    }
}

fn words(operations: &[u128]) -> Vec<Word> {
    let pairs = operations.chunks(2);
    pairs
        .map(|pair| Word::new(pair[0], pair.get(1).copied().unwrap_or(0)).unwrap())
        .collect()
}

fn random_operations(n: usize) -> Vec<u128> {
    let mut rng = StdRng::seed_from_u64(n as u64);
    (0..n).map(|_| rng.r#gen::<u128>() >> 4).collect()
}

fn points() -> Vec<BlobScalar> {
    let random = BlobScalar::rand(&mut StdRng::seed_from_u64(1));
    vec![BlobScalar::ZERO, BlobScalar::ONE, -BlobScalar::ONE, random]
}

#[test]
fn a_program_proves_the_value_of_the_twin() {
    // 64 words in full groups; a last group that is not full; half a word; one group; one word.
    for (operations, group_words) in [(128, 8), (100, 8), (13, 3), (9, 5), (1, 1), (4, 1)] {
        let setting = Setting::new(operations, Some(group_words));
        for values in [
            random_operations(operations),
            vec![(1 << HALF_BITS) - 1; operations],
        ] {
            for z in points() {
                let y = evaluate(&words(&values), z);
                assert_eq!(setting.broken(&values, z, y), None, "{operations} at {z}");
            }
        }
    }
}

#[test]
fn a_whole_blob_is_proven() {
    let setting = Setting::new(2 * MAX_WORDS, None);
    let operations = vec![(1 << HALF_BITS) - 1; 2 * MAX_WORDS];
    let z = -BlobScalar::ONE;
    let y = evaluate(&words(&operations), z);
    assert_eq!(setting.broken(&operations, z, y), None);
    let operations = random_operations(2 * MAX_WORDS);
    let z = points()[3];
    let y = evaluate(&words(&operations), z);
    assert_eq!(setting.broken(&operations, z, y), None);
    let broken = setting.broken(&operations, z, y + BlobScalar::ONE);
    assert_eq!(broken.unwrap(), "blob value[0]: words");
}

#[test]
fn every_word_and_half_counts() {
    let setting = Setting::new(14, Some(3));
    let operations = random_operations(14);
    let z = points()[3];
    let y = evaluate(&words(&operations), z);
    for i in 0..14 {
        let mut other = operations.clone();
        other[i] ^= 1 << (9 * i);
        assert!(setting.broken(&other, z, y).is_some(), "operation {i}");
        let mut swapped = operations.clone();
        swapped.swap(i, (i + 5) % 14);
        assert!(setting.broken(&swapped, z, y).is_some(), "operation {i}");
    }
}

/// A column that is changed alone breaks something, whichever it is: none is free.
#[test]
fn every_column_is_bound() {
    let setting = Setting::new(7, Some(2));
    let operations = random_operations(7);
    let z = points()[3];
    let y = evaluate(&words(&operations), z);
    let honest = setting.assign(&operations, z, y);
    assert_eq!(setting.program.first_unsatisfied(&honest), None);
    for column in 1..honest.len() {
        let mut columns = honest.clone();
        columns[column] += Fr::from(u64::MAX);
        let broken = setting.program.first_unsatisfied(&columns);
        assert!(broken.is_some(), "column {column}");
    }
}

/// The table in the module's documentation is this one.
#[test]
fn costs_are_pinned() {
    for words in [1, 64, 256, 1024, 4096] {
        let templates = BlobTemplates::new(words).unwrap();
        let constraints = templates.num_constraints();
        let row = format!(
            "//! | {words} | {} | {constraints} | {:.1} |\n",
            templates.group_words(),
            constraints as f64 / words as f64
        );
        assert!(include_str!("mod.rs").contains(&row), "{row}");
    }
    let templates = BlobTemplates::new(MAX_WORDS).unwrap();
    let BlobTemplates {
        point,
        power,
        group,
        value,
        ..
    } = &templates;
    let constraints = [point, power, group, value].map(|template| template.num_constraints());
    assert_eq!(constraints, [331, 637, 930 + 75 * 6, 331]);
    let exactly = 2 * 331 + 75 * 637 + 54 * (930 + 75 * 6);
    assert_eq!(templates.num_constraints(), exactly);
}

#[test]
fn no_other_size_of_groups_is_much_cheaper() {
    for words in [1, 10, 64, 300] {
        let cost = |group_words| {
            let templates = BlobTemplates::with_group_words(words, group_words);
            templates.unwrap().num_constraints()
        };
        let least = (1..=words.min(40)).map(cost).min().unwrap();
        let chosen = cost(group_words(words));
        assert!(chosen * 100 <= least * 101, "{words}: {chosen} and {least}");
    }
}

#[test]
fn sizes_out_of_bounds_are_refused() {
    for got in [0, MAX_WORDS + 1] {
        let error = BlobTemplates::with_group_words(got, 1).unwrap_err();
        assert_eq!(error, BlobError::Words { got });
    }
    for got in [0, MAX_GROUP_WORDS + 1] {
        let error = BlobTemplates::with_group_words(1, got).unwrap_err();
        assert_eq!(error, BlobError::GroupWords { got });
    }
}

/// The labels that a prover breaks who adds one to column `number` under `label`.
fn broken_by_one_more(circuit: &impl Circuit, label: &'static str, number: usize) -> Vec<String> {
    let mut seen = 0;
    let cheat = move |at: &str, _: usize, value: Fr| {
        seen += usize::from(at == label);
        value + Fr::from(at == label && seen == number + 1)
    };
    testing::cheat(cheat, |builder| circuit.synthesize(builder)).broken()
}

#[test]
fn the_commitment_starts_from_the_number_of_words() {
    let claim = claim::ClaimCircuit {
        words: [1u64, 2, 3, 4].map(Fr::from),
        initial_state: Fr::from(5u64),
    };
    let label = "initial_state";
    assert_eq!(broken_by_one_more(&claim, label, 0), [label]);
}

#[test]
fn the_commitment_is_the_words_hash() {
    let words: Vec<_> = (1..=15).map(|i| Word::new(i, i + 100).unwrap()).collect();
    let state = Fr::from(77u64);
    let block = block::Block {
        state,
        words: &words,
    };
    let label = "commitment";
    for column in [0, 50, 609] {
        assert_eq!(broken_by_one_more(&block, label, column), [label]);
    }
    assert_eq!(broken_by_one_more(&block, label, 610), [""; 0]);
}
