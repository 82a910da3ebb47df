//! A program of a few small templates against the same constraints written out by hand.

use super::{Builder, Circuit, Matrix, Num, Program, Result, Source, Template, Wire};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use std::{collections::BTreeMap, sync::Arc};

/// `next = previous² + shared`, and `next` is exported.
struct Step {
    previous: Fr,
    shared: Fr,
    absent: Fr,
}

impl Circuit for Step {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let previous = builder.port("previous", self.previous)?;
        let shared = builder.port("shared", self.shared)?;
        let absent = builder.port("absent", self.absent)?;
        builder.scope("step", |builder| {
            let square = builder.mul(&previous, &previous)?;
            builder
                .export("next", &(&(&square + &shared) + &absent))
                .map(|_| ())
        })
    }
}

/// `stated = computed`.
struct Equal([Fr; 2]);

impl Circuit for Equal {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let [stated, computed] = self.0;
        let stated = builder.port("stated", stated)?;
        let computed = builder.port("computed", computed)?;
        builder.scope("equal", |builder| builder.enforce_equal(&stated, &computed))
    }
}

const COPIES: usize = 5;

/// Instance [1, start, end]; five steps from `start`, each adding the first step's result.
fn program() -> (Program, Arc<Template>, Arc<Template>) {
    let blank = Step {
        previous: Fr::ZERO,
        shared: Fr::ZERO,
        absent: Fr::ZERO,
    };
    let step = Arc::new(Template::new("step", &blank).unwrap());
    let equal = Arc::new(Template::new("equal", &Equal([Fr::ZERO; 2])).unwrap());
    let next = step.export("next");
    let mut program = Program::new(3);
    let last = Source::Export {
        segment: 0,
        copy: COPIES - 1,
        export: next,
    };
    program.push(
        step.clone(),
        COPIES,
        vec![
            Wire::previous(0, next, Source::Instance(1)),
            Wire::Shared(Source::Instance(1)),
            Wire::Shared(Source::Zero),
        ],
    );
    program.push(
        equal.clone(),
        1,
        vec![Wire::Shared(Source::Instance(2)), Wire::Shared(last)],
    );
    program.check();
    (program, step, equal)
}

fn assignment(start: u64, end_offset: u64) -> (Program, Vec<Fr>) {
    let (program, step, equal) = program();
    let start = Fr::from(start);
    let mut values = vec![start];
    for k in 0..COPIES {
        values.push(values[k].square() + start);
    }
    let end = values[COPIES] + Fr::from(end_offset);
    let assignment = program
        .assign(&[Fr::ONE, start, end], |segment, copy| match segment {
            0 => step.witness(&Step {
                previous: values[copy],
                shared: start,
                absent: Fr::ZERO,
            }),
            _ => equal.witness(&Equal([end, values[COPIES]])),
        })
        .unwrap();
    (program, assignment)
}

#[test]
fn columns_and_rows_are_laid_out_as_documented() {
    let (program, assignment) = assignment(2, 0);
    assert_eq!(
        (program.num_instance(), program.num_witness()),
        (3, 2 * COPIES)
    );
    assert_eq!(program.num_constraints(), 2 * COPIES + 1);
    let expected = [1u64, 2, 2_090_918, 4, 6, 36, 38, 1444, 1446].map(Fr::from);
    let small: Vec<Fr> = assignment.iter().copied().take(2).collect();
    assert_eq!(small, expected[..2]);
    assert_eq!(assignment[3..9], expected[3..9]);
    assert_eq!(program.label(2), "step[1]: step");
    assert_eq!(program.label(2 * COPIES), "equal[0]: equal");
}

#[test]
fn an_honest_assignment_satisfies_and_a_wrong_end_breaks_the_last_constraint() {
    let (program, honest) = assignment(3, 0);
    assert_eq!(program.first_unsatisfied(&honest), None);
    let (program, wrong) = assignment(3, 1);
    assert_eq!(program.first_unsatisfied(&wrong), Some(2 * COPIES));
}

#[test]
fn the_first_broken_row_is_found_wherever_it_is() {
    let (program, honest) = assignment(3, 0);
    let product = |matrix| {
        let mut out = vec![Fr::ZERO; program.num_constraints()];
        program.multiply(matrix, &honest, &mut out);
        out
    };
    let (a, b) = (product(Matrix::A), product(Matrix::B));
    assert_eq!(program.first_broken(&honest, &a, &b), None);
    let last = program.num_constraints() - 1;
    for row in 0..=last {
        let mut wrong = a.clone();
        // Every honest value of B is a number other than zero.
        wrong[row] += Fr::ONE;
        wrong[last] += Fr::ONE;
        assert_eq!(program.first_broken(&honest, &wrong, &b), Some(row));
    }
}

#[test]
fn rows_visited_one_by_one_agree_with_the_product() {
    let (program, assignment) = assignment(7, 0);
    for matrix in [Matrix::A, Matrix::B, Matrix::C] {
        let mut product = vec![Fr::ZERO; program.num_constraints()];
        program.multiply(matrix, &assignment, &mut product);
        for (row, product) in product.iter().enumerate() {
            let mut sum = Fr::ZERO;
            program.visit_row(matrix, row, &mut |column, c| sum += assignment[column] * c);
            assert_eq!(sum, *product, "{matrix:?} row {row}");
        }
    }
}

#[test]
fn a_step_expands_to_the_constraints_written_by_hand() {
    let (program, _) = assignment(1, 0);
    let row = |matrix, row| {
        let mut entries = BTreeMap::new();
        program.visit_row(matrix, row, &mut |column, c| {
            *entries.entry(column).or_insert(Fr::ZERO) += c;
        });
        entries
    };
    let one = |column: usize| BTreeMap::from([(column, Fr::ONE)]);
    // Copy 2: previous is copy 1's `next`, column 3 + 2·1 + 1; its own columns are 7 and 8.
    assert_eq!(row(Matrix::A, 4), one(6));
    assert_eq!(row(Matrix::B, 4), one(6));
    assert_eq!(row(Matrix::C, 4), one(7));
    let export = BTreeMap::from([(8, Fr::ONE), (7, -Fr::ONE), (1, -Fr::ONE)]);
    assert_eq!(row(Matrix::A, 5), export);
    assert_eq!(row(Matrix::B, 5), one(0));
    assert_eq!(row(Matrix::C, 5), BTreeMap::new());
}

#[test]
fn the_digest_tells_wirings_and_templates_apart() {
    let digest = |copies, wire| {
        let blank = Equal([Fr::ZERO; 2]);
        let equal = Arc::new(Template::new("equal", &blank).unwrap());
        let mut program = Program::new(3);
        program.push(equal, copies, vec![Wire::Shared(Source::Instance(2)), wire]);
        program.digest()
    };
    let [one, two] = [1, 2].map(|i| Wire::Shared(Source::Instance(i)));
    assert_eq!(digest(1, one), digest(1, one));
    assert_ne!(digest(1, one), digest(1, two));
    assert_ne!(digest(1, one), digest(2, one));
}

#[test]
fn a_gadget_of_the_arkworks_ecosystem_fits() {
    struct Cube(Fr);
    impl Circuit for Cube {
        fn synthesize(&self, builder: &mut Builder) -> Result<()> {
            use ark_relations::gr1cs::LinearCombination;
            let x = builder.port("x", self.0)?;
            let square = builder.mul(&x, &x)?;
            let cs = builder.cs();
            let cube = cs.new_witness_variable(|| Ok(self.0.pow([3u64])))?;
            let port = ark_relations::gr1cs::Variable::instance(1);
            let square_column = ark_relations::gr1cs::Variable::witness(0);
            cs.enforce_r1cs_constraint(
                || LinearCombination::from(square_column),
                || LinearCombination::from(port),
                || LinearCombination::from(cube),
            )?;
            assert_eq!(square.value(), self.0.square());
            Ok(())
        }
    }
    let template = Arc::new(Template::new("cube", &Cube(Fr::ONE)).unwrap());
    let mut program = Program::new(2);
    program.push(template.clone(), 1, vec![Wire::Shared(Source::Instance(1))]);
    let x = Fr::from(5u64);
    let assignment = program
        .assign(&[Fr::ONE, x], |_, _| template.witness(&Cube(x)))
        .unwrap();
    assert_eq!(assignment[3], Fr::from(125u64));
    assert_eq!(program.first_unsatisfied(&assignment), None);
}

#[test]
fn sums_of_nums_carry_value_and_terms_alike() {
    let check = super::testing::synthesise(|builder| {
        let x = builder.witness(Fr::from(3u64))?;
        let y = builder.witness(Fr::from(4u64))?;
        let sum = &(&(&x + &y) * Fr::from(2u64)) - &Num::from(4);
        builder.enforce_equal(&sum, &Num::from(10))?;
        builder.enforce_equal(&Num::sum([&x, &y, &-&x]), &y)
    });
    assert_eq!(check.broken(), Vec::<String>::new());
}
