//! A template's sparse matrix: rows of (column, coefficient), each distinct coefficient stored once.
//!
//! Most coefficients are 1 or −1, which cost an addition and take no room beside the column. Others
//! come again and again (Poseidon's rows repeat the same few thousand in every hash): an entry names
//! its coefficient by number, and the field elements stand aside.

use crate::arithmetic::sum_of_products;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use std::{collections::HashMap, ops::Range};

/// Rows in order, compressed.
#[derive(Clone, Debug, Default)]
pub(super) struct SparseMatrix {
    /// One for each row, and one for the end.
    starts: Vec<Start>,
    columns: Vec<u32>,
    /// Of the entries that are neither 1 nor −1.
    coefficients: Vec<u32>,
}

/// Where a row starts: in `columns` its entries with coefficient 1, those with −1 and the others, in
/// `coefficients` those of the others.
#[derive(Clone, Copy, Debug, Default)]
struct Start {
    ones: u32,
    minus_ones: u32,
    others: u32,
    coefficients: u32,
}

/// The distinct coefficients of a template's matrices, 1 and −1 first.
#[derive(Clone, Debug)]
pub(super) struct Coefficients {
    values: Vec<Fr>,
    indices: HashMap<Fr, u32>,
}

const ONE: usize = 0;
const MINUS_ONE: usize = 1;

impl Coefficients {
    pub(super) fn new() -> Self {
        Self {
            values: vec![Fr::ONE, -Fr::ONE],
            indices: HashMap::new(),
        }
    }

    fn intern(&mut self, value: Fr) -> u32 {
        *self.indices.entry(value).or_insert_with(|| {
            self.values.push(value);
            small(self.values.len() - 1)
        })
    }

    /// Drops what only interning needs.
    pub(super) fn freeze(&mut self) {
        self.indices = HashMap::new();
        self.values.shrink_to_fit();
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.values.as_slice())
    }
}

fn small(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32 columns, entries and coefficients")
}

impl SparseMatrix {
    /// Columns of one row are distinct.
    pub(super) fn new(rows: Vec<Vec<(Fr, usize)>>, coefficients: &mut Coefficients) -> Self {
        let mut matrix = Self::default();
        for row in rows {
            let mut start = matrix.end();
            let columns_of = |one: Fr| {
                let entries = row.iter().filter(move |(value, _)| *value == one);
                entries.map(|(_, column)| small(*column))
            };
            matrix.columns.extend(columns_of(Fr::ONE));
            start.minus_ones = small(matrix.columns.len());
            matrix.columns.extend(columns_of(-Fr::ONE));
            start.others = small(matrix.columns.len());
            for (value, column) in row {
                if value != Fr::ONE && value != -Fr::ONE {
                    matrix.columns.push(small(column));
                    matrix.coefficients.push(coefficients.intern(value));
                }
            }
            matrix.starts.push(start);
        }
        matrix.starts.push(matrix.end());
        matrix.starts.shrink_to_fit();
        matrix.columns.shrink_to_fit();
        matrix.coefficients.shrink_to_fit();
        matrix
    }

    fn end(&self) -> Start {
        let end = small(self.columns.len());
        Start {
            ones: end,
            minus_ones: end,
            others: end,
            coefficients: small(self.coefficients.len()),
        }
    }

    pub(super) fn num_rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// The columns of a row with coefficient 1, those with −1, the others, and their coefficients.
    #[inline]
    fn parts(&self, row: usize) -> ([&[u32]; 3], &[u32]) {
        let (start, end) = (self.starts[row], self.starts[row + 1]);
        let part = |range: Range<u32>| &self.columns[range.start as usize..range.end as usize];
        (
            [
                part(start.ones..start.minus_ones),
                part(start.minus_ones..start.others),
                part(start.others..end.ones),
            ],
            &self.coefficients[start.coefficients as usize..end.coefficients as usize],
        )
    }

    pub(super) fn row<'a>(
        &'a self,
        row: usize,
        coefficients: &'a Coefficients,
    ) -> impl Iterator<Item = (usize, &'a Fr)> {
        let ([ones, minus_ones, others], numbers) = self.parts(row);
        let values = &coefficients.values;
        let of = |columns: &'a [u32], value: &'a Fr| {
            columns.iter().map(move |column| (*column as usize, value))
        };
        let others = others.iter().zip(numbers);
        of(ones, &values[ONE])
            .chain(of(minus_ones, &values[MINUS_ONE]))
            .chain(others.map(|(column, number)| (*column as usize, &values[*number as usize])))
    }

    /// `Σ coefficient·value(column)` over a row.
    #[inline]
    pub(super) fn dot<'a>(
        &'a self,
        row: usize,
        coefficients: &'a Coefficients,
        value: impl Fn(u32) -> &'a Fr,
    ) -> Fr {
        let ([ones, minus_ones, others], numbers) = self.parts(row);
        let mut sum = match ones {
            [] => Fr::ZERO,
            [first, rest @ ..] => rest
                .iter()
                .fold(*value(*first), |sum, column| sum + value(*column)),
        };
        for column in minus_ones {
            sum -= value(*column);
        }
        if !others.is_empty() {
            let terms = others
                .iter()
                .zip(numbers)
                .map(|(column, number)| (value(*column), &coefficients.values[*number as usize]));
            sum += sum_of_products(terms);
        }
        sum
    }

    /// The column of every entry.
    pub(super) fn columns(&self) -> &[u32] {
        &self.columns
    }

    pub(super) fn num_entries(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.starts.as_slice())
            + size_of_val(self.columns.as_slice())
            + size_of_val(self.coefficients.as_slice())
    }
}
