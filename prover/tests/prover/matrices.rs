//! Explicit matrices.

use crate::common::{random_instance, square_instance};
use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::ConstraintSystem;
use ark_relations::gr1cs::predicate::PredicateConstraintSystem;
use ark_relations::lc;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::{Fr, Matrices, MatricesError, Matrix, R1cs};

fn row_of(r1cs: &Matrices, matrix: Matrix, row: usize) -> Vec<(usize, Fr)> {
    let mut entries = Vec::new();
    r1cs.visit_row(matrix, row, &mut |column, coefficient| {
        entries.push((column, *coefficient))
    });
    entries
}

#[test]
fn rows_come_back_sorted_summed_and_without_zeros() {
    let x = |n: u64| Fr::from(n);
    let messy = vec![
        (2, x(5)),
        (0, x(1)),
        (2, x(6)),
        (1, x(3)),
        (1, -x(3)),
        (3, Fr::ZERO),
    ];
    let r1cs = Matrices::new(1, 3, [vec![messy], vec![vec![]], vec![vec![]]]).unwrap();
    assert_eq!(row_of(&r1cs, Matrix::A, 0), [(0, x(1)), (2, x(11))]);
    assert_eq!(row_of(&r1cs, Matrix::B, 0), []);
    assert_eq!(r1cs.num_non_zero(Matrix::A), 2);
    assert_eq!((r1cs.num_columns(), r1cs.num_constraints()), (4, 1));
    let tidy = vec![(0, x(1)), (2, x(11))];
    assert_eq!(
        r1cs,
        Matrices::new(1, 3, [vec![tidy], vec![vec![]], vec![vec![]]]).unwrap()
    );
}

#[test]
fn multiplication_is_row_by_row() {
    let instance = random_instance(&mut StdRng::seed_from_u64(8), 2, 30);
    for matrix in Matrix::ALL {
        let mut out = vec![Fr::ONE; 30];
        instance
            .r1cs
            .multiply(matrix, &instance.assignment, &mut out);
        for (row, value) in out.iter().enumerate() {
            let expected: Fr = instance.rows[matrix as usize][row]
                .iter()
                .map(|(column, coefficient)| instance.assignment[*column] * coefficient)
                .sum();
            assert_eq!(*value, expected, "{matrix:?}, row {row}");
        }
    }
}

#[test]
fn labels_are_optional_and_complete() {
    let r1cs = square_instance(2).r1cs;
    assert_eq!(r1cs.label(0), "row 0");
    let labelled = r1cs
        .clone()
        .with_labels(vec!["x is the root".to_owned()])
        .unwrap();
    assert_eq!(labelled.label(0), "x is the root");
    let error = r1cs.with_labels(vec![]).unwrap_err();
    assert!(matches!(
        error,
        MatricesError::LabelCount {
            expected: 1,
            got: 0
        }
    ));
}

#[test]
fn systems_that_are_none_are_refused() {
    let one = |column| vec![vec![(column, Fr::ONE)]];
    let error = Matrices::new(0, 1, [one(0), one(0), one(0)]).unwrap_err();
    assert!(matches!(error, MatricesError::NoInstance));
    let error = Matrices::new(1, 1, [one(0), one(0), vec![]]).unwrap_err();
    let expected = "expected 1 rows in matrix C as in A, got 0";
    assert_eq!(error.to_string(), expected);
    let error = Matrices::new(1, 1, [one(0), one(2), one(0)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected a column below 2 in row 0 of matrix B, got 2"
    );
    for num_witness in [usize::MAX, u32::MAX as usize] {
        let error = Matrices::new(1, num_witness, [vec![], vec![], vec![]]).unwrap_err();
        assert!(matches!(error, MatricesError::TooManyColumns { .. }));
    }
}

#[test]
fn an_arkworks_system_with_other_predicates_is_refused() {
    let cs = ConstraintSystem::<Fr>::new_ref();
    let square = PredicateConstraintSystem::new_sr1cs_predicate().unwrap();
    cs.register_predicate("square", square).unwrap();
    let x = cs.new_witness_variable(|| Ok(Fr::from(3u64))).unwrap();
    let y = cs.new_witness_variable(|| Ok(Fr::from(9u64))).unwrap();
    cs.enforce_constraint_arity_2("square", || lc!() + x, || lc!() + y)
        .unwrap();
    cs.finalize();
    let error = Matrices::try_from(&cs).unwrap_err();
    assert!(
        matches!(&error, MatricesError::NotR1cs { predicate, got: 1 } if predicate == "square"),
        "{error}"
    );
}
