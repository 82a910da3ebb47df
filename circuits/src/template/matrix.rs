//! A template's sparse matrix: rows of (column, coefficient), each distinct coefficient stored once.
//!
//! Poseidon's rows repeat the same few thousand coefficients in every hash, so an entry is two
//! 32-bit indices and the field elements stand aside.

use ark_bn254::Fr;
use std::collections::HashMap;

/// Rows in order, compressed.
#[derive(Clone, Debug, Default)]
pub(super) struct SparseMatrix {
    /// `entries[starts[i]..starts[i + 1]]` is row i.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    column: u32,
    coefficient: u32,
}

/// The distinct coefficients of a template's matrices.
#[derive(Clone, Debug, Default)]
pub(super) struct Coefficients {
    values: Vec<Fr>,
    indices: HashMap<Fr, u32>,
}

impl Coefficients {
    fn intern(&mut self, value: Fr) -> u32 {
        *self.indices.entry(value).or_insert_with(|| {
            self.values.push(value);
            u32::try_from(self.values.len() - 1).expect("fewer than 2^32 coefficients")
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

impl SparseMatrix {
    pub(super) fn new(rows: Vec<Vec<(Fr, usize)>>, coefficients: &mut Coefficients) -> Self {
        let mut matrix = Self {
            starts: vec![0],
            entries: Vec::new(),
        };
        for row in rows {
            for (value, column) in row {
                let column = u32::try_from(column).expect("fewer than 2^32 columns");
                matrix.entries.push(Entry {
                    column,
                    coefficient: coefficients.intern(value),
                });
            }
            let end = u32::try_from(matrix.entries.len()).expect("fewer than 2^32 entries");
            matrix.starts.push(end);
        }
        matrix.entries.shrink_to_fit();
        matrix
    }

    pub(super) fn num_rows(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn row<'a>(
        &'a self,
        row: usize,
        coefficients: &'a Coefficients,
    ) -> impl Iterator<Item = (usize, &'a Fr)> {
        let range = self.starts[row] as usize..self.starts[row + 1] as usize;
        self.entries[range].iter().map(|entry| {
            (
                entry.column as usize,
                &coefficients.values[entry.coefficient as usize],
            )
        })
    }

    pub(super) fn num_entries(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.starts.as_slice()) + size_of_val(self.entries.as_slice())
    }
}
