//! [`Program`]: a constraint system written as (template, copies, wiring), and its expansion.
//!
//! Columns: the constant one and the instance first, then the locals of every copy, segment by
//! segment. Rows: segment by segment, copy by copy. Nothing here is stored per copy.

use super::{Template, builder::Result};
use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use std::{ops::Range, sync::Arc};

/// Where the value of a port comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// No column: the port is the constant 0.
    Zero,
    /// Column `0` is the constant one, column i ≥ 1 the i-th public input.
    Instance(usize),
    /// An exported column of one copy of a segment, both by number.
    Export {
        /// Segment, in the order of [`Program::push`].
        segment: usize,
        /// Copy of the segment's template.
        copy: usize,
        /// Export of that template.
        export: usize,
    },
}

impl Source {
    /// A tag and what it goes with, for digests.
    fn encode(self) -> [u64; 4] {
        match self {
            Self::Zero => [0; 4],
            Self::Instance(index) => [1, index as u64, 0, 0],
            Self::Export {
                segment,
                copy,
                export,
            } => [2, segment as u64, copy as u64, export as u64],
        }
    }
}

/// How one port of every copy k of a segment is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// All copies share one source.
    Shared(Source),
    /// Copy k imports from copy `stride·k + offset` of a segment; `below` and `above` stand in where
    /// that copy would be before the first or after the last.
    Affine {
        /// Segment imported from; it may be the importing one, and may come later.
        segment: usize,
        /// Export of that segment's template.
        export: usize,
        /// Factor of k.
        stride: isize,
        /// Copy that k = 0 imports from.
        offset: isize,
        /// Source where `stride·k + offset` is negative.
        below: Source,
        /// Source where `stride·k + offset` is at least the number of copies.
        above: Source,
    },
}

impl Wire {
    /// Imports from the copy before; the first copy imports from `first`.
    pub fn previous(segment: usize, export: usize, first: Source) -> Self {
        Self::Affine {
            segment,
            export,
            stride: 1,
            offset: -1,
            below: first,
            above: Source::Zero,
        }
    }

    /// A tag and what it goes with, for digests. Negative numbers in two's complement.
    fn encode(&self) -> Vec<u64> {
        match *self {
            Self::Shared(source) => [&[0][..], &source.encode()].concat(),
            Self::Affine {
                segment,
                export,
                stride,
                offset,
                below,
                above,
            } => {
                let map = [
                    1,
                    segment as u64,
                    export as u64,
                    stride as u64,
                    offset as u64,
                ];
                [&map[..], &below.encode(), &above.encode()].concat()
            }
        }
    }

    /// Imports from the copy after; the last copy imports from `last`.
    pub fn next(segment: usize, export: usize, last: Source) -> Self {
        Self::Affine {
            segment,
            export,
            stride: 1,
            offset: 1,
            below: Source::Zero,
            above: last,
        }
    }
}

#[derive(Debug)]
struct Segment {
    template: Arc<Template>,
    copies: usize,
    wires: Vec<Wire>,
    first_column: usize,
    first_row: usize,
}

/// Which of the three matrices of `A·z ∘ B·z = C·z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matrix {
    /// Left factor.
    A,
    /// Right factor.
    B,
    /// Product.
    C,
}

/// A constraint system made of copies of templates.
#[derive(Debug)]
pub struct Program {
    num_instance: usize,
    num_columns: usize,
    num_rows: usize,
    segments: Vec<Segment>,
}

impl Program {
    /// An empty program with `num_instance` instance columns, the constant one included.
    pub fn new(num_instance: usize) -> Self {
        Self {
            num_instance,
            num_columns: num_instance,
            num_rows: 0,
            segments: Vec::new(),
        }
    }

    /// Adds `copies` copies of a template, one wire for each of its ports, and returns the segment's
    /// number. Wires may name segments that are still to come; [`Program::check`] tells whether all
    /// of them lead somewhere.
    pub fn push(&mut self, template: Arc<Template>, copies: usize, wires: Vec<Wire>) -> usize {
        assert_eq!(
            wires.len(),
            template.num_ports(),
            "one wire for each port of `{}`",
            template.name()
        );
        let segment = Segment {
            first_column: self.num_columns,
            first_row: self.num_rows,
            template,
            copies,
            wires,
        };
        self.num_columns += copies * segment.template.num_locals();
        self.num_rows += copies * segment.template.num_constraints();
        self.segments.push(segment);
        self.segments.len() - 1
    }

    /// Panics if a wire names a segment, copy, export or instance column that does not exist: a
    /// mistake of whoever wrote the program, not of its input.
    pub fn check(&self) {
        for segment in &self.segments {
            for wire in &segment.wires {
                match *wire {
                    Wire::Shared(source) => self.check_source(source),
                    Wire::Affine {
                        segment,
                        export,
                        below,
                        above,
                        ..
                    } => {
                        assert!(export < self.segments[segment].template.num_exports());
                        self.check_source(below);
                        self.check_source(above);
                    }
                }
            }
        }
    }

    fn check_source(&self, source: Source) {
        match source {
            Source::Zero => {}
            Source::Instance(index) => assert!(index < self.num_instance),
            Source::Export {
                segment,
                copy,
                export,
            } => {
                assert!(copy < self.segments[segment].copies);
                assert!(export < self.segments[segment].template.num_exports());
            }
        }
    }

    /// Instance columns, the constant one included.
    pub fn num_instance(&self) -> usize {
        self.num_instance
    }

    /// Witness columns.
    pub fn num_witness(&self) -> usize {
        self.num_columns - self.num_instance
    }

    /// Constraints.
    pub fn num_constraints(&self) -> usize {
        self.num_rows
    }

    /// The segments in order: each template with the number of its copies.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = (&Template, usize)> {
        self.segments
            .iter()
            .map(|segment| (segment.template.as_ref(), segment.copies))
    }

    /// Bytes of all stored matrices: each template once, however many copies there are.
    pub fn template_bytes(&self) -> usize {
        self.templates()
            .map(|template| template.matrix_bytes())
            .sum()
    }

    /// The templates, each once.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.segments.iter().enumerate().filter_map(|(i, segment)| {
            let seen = self.segments[..i]
                .iter()
                .any(|s| Arc::ptr_eq(&s.template, &segment.template));
            (!seen).then_some(&*segment.template)
        })
    }

    /// BLAKE3 over the templates' digests, the copies and the wiring: two programs with one digest
    /// expand to the same matrices.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"zkroll program 1");
        hasher.update(&(self.num_instance as u64).to_le_bytes());
        for segment in &self.segments {
            hasher.update(&segment.template.digest());
            hasher.update(&(segment.copies as u64).to_le_bytes());
            for wire in &segment.wires {
                for number in wire.encode() {
                    hasher.update(&number.to_le_bytes());
                }
            }
        }
        *hasher.finalize().as_bytes()
    }

    fn column_of_source(&self, source: Source) -> Option<usize> {
        match source {
            Source::Zero => None,
            Source::Instance(index) => Some(index),
            Source::Export {
                segment,
                copy,
                export,
            } => {
                let segment = &self.segments[segment];
                Some(segment.local_column(copy, segment.template.export_local(export)))
            }
        }
    }

    fn column_of_wire(&self, wire: &Wire, copy: usize) -> Option<usize> {
        let source = match *wire {
            Wire::Shared(source) => source,
            Wire::Affine {
                segment,
                export,
                stride,
                offset,
                below,
                above,
            } => {
                let index = stride * copy as isize + offset;
                match usize::try_from(index) {
                    Err(_) => below,
                    Ok(index) if index >= self.segments[segment].copies => above,
                    Ok(copy) => Source::Export {
                        segment,
                        copy,
                        export,
                    },
                }
            }
        };
        self.column_of_source(source)
    }

    /// The program's column behind each column of one copy that is not a local: the constant one,
    /// then the ports.
    fn imports(&self, segment: &Segment, copy: usize) -> Vec<Option<usize>> {
        let ports = segment
            .wires
            .iter()
            .map(|wire| self.column_of_wire(wire, copy));
        std::iter::once(Some(0)).chain(ports).collect()
    }

    /// Calls `visit(column, coefficient)` for each entry of a row. A column may come more than once
    /// where two ports of a copy lead to it.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn visit_row(&self, matrix: Matrix, row: usize, visit: &mut dyn FnMut(usize, &Fr)) {
        let segment = self.segment_of_row(row);
        let (copy, local_row) = segment.copy_of_row(row);
        let first_local = 1 + segment.wires.len();
        for (column, coefficient) in segment.template.row(matrix, local_row) {
            let column = match column {
                0 => Some(0),
                port if port < first_local => self.column_of_wire(&segment.wires[port - 1], copy),
                local => Some(segment.local_column(copy, local - first_local)),
            };
            if let Some(column) = column {
                visit(column, coefficient);
            }
        }
    }

    fn segment_of_row(&self, row: usize) -> &Segment {
        assert!(row < self.num_rows, "row {row} of {}", self.num_rows);
        let after = self
            .segments
            .partition_point(|segment| segment.first_row <= row);
        // Segments without rows share their first row with the next one, which partition_point has
        // stepped over too: the last of them that starts at or before `row` is the one.
        &self.segments[after - 1]
    }

    /// A constraint in words: template, copy and label.
    pub fn label(&self, row: usize) -> String {
        let segment = self.segment_of_row(row);
        let (copy, local_row) = segment.copy_of_row(row);
        format!(
            "{}[{copy}]: {}",
            segment.template.name(),
            segment.template.label(local_row)
        )
    }

    /// `out = M·assignment`, copies in parallel with the feature `parallel`.
    ///
    /// # Panics
    /// If the assignment has not one value for each column or `out` not one for each row.
    pub fn multiply(&self, matrix: Matrix, assignment: &[Fr], out: &mut [Fr]) {
        assert_eq!(
            assignment.len(),
            self.num_columns,
            "one value for each column"
        );
        assert_eq!(out.len(), self.num_rows, "one value for each row");
        let mut rest = out;
        for segment in &self.segments {
            let rows = segment.template.num_constraints();
            let (head, tail) = rest.split_at_mut(rows * segment.copies);
            rest = tail;
            if rows == 0 {
                continue;
            }
            for_each_chunk(head, rows, |copy, out| {
                let imports = self.imports(segment, copy);
                let ports: Vec<Fr> = imports
                    .iter()
                    .map(|c| c.map_or(Fr::ZERO, |c| assignment[c]))
                    .collect();
                let locals = &assignment[segment.locals(copy)];
                segment.template.multiply(matrix, &ports, locals, out);
            });
        }
    }

    /// Runs `witness(segment, copy)` for every copy, in parallel with the feature `parallel`, and
    /// puts the columns together. `instance` begins with the constant one.
    ///
    /// Each copy computes with the port values that its closure gives it. Whether those are the
    /// values of the columns that they stand for is checked nowhere here: where they are not, the
    /// assignment does not satisfy the constraints.
    ///
    /// # Errors
    /// What `witness` returns.
    ///
    /// # Panics
    /// If `instance` or a copy's witness has the wrong length.
    pub fn assign(
        &self,
        instance: &[Fr],
        witness: impl Fn(usize, usize) -> Result<Vec<Fr>> + Send + Sync,
    ) -> Result<Vec<Fr>> {
        assert_eq!(
            instance.len(),
            self.num_instance,
            "one value for each instance column"
        );
        let mut assignment = vec![Fr::ZERO; self.num_columns];
        assignment[..self.num_instance].copy_from_slice(instance);
        let mut rest = &mut assignment[self.num_instance..];
        let mut pieces = Vec::new();
        for (index, segment) in self.segments.iter().enumerate() {
            for copy in 0..segment.copies {
                let (locals, tail) = rest.split_at_mut(segment.template.num_locals());
                rest = tail;
                pieces.push((index, copy, locals));
            }
        }
        try_for_each(pieces, |(segment, copy, locals)| {
            locals.copy_from_slice(&witness(segment, copy)?);
            Ok(())
        })?;
        Ok(assignment)
    }

    /// The value of a source in an assignment.
    pub fn value(&self, assignment: &[Fr], source: Source) -> Fr {
        self.column_of_source(source)
            .map_or(Fr::ZERO, |column| assignment[column])
    }

    /// The first row that an assignment breaks, by the plain definition.
    ///
    /// # Panics
    /// If the assignment has not one value for each column.
    pub fn first_unsatisfied(&self, assignment: &[Fr]) -> Option<usize> {
        let product = |matrix| {
            let mut out = vec![Fr::ZERO; self.num_rows];
            self.multiply(matrix, assignment, &mut out);
            out
        };
        let (a, b, c) = (product(Matrix::A), product(Matrix::B), product(Matrix::C));
        (0..self.num_rows).find(|&row| a[row] * b[row] != c[row])
    }
}

impl Segment {
    fn locals(&self, copy: usize) -> Range<usize> {
        let start = self.local_column(copy, 0);
        start..start + self.template.num_locals()
    }

    fn local_column(&self, copy: usize, local: usize) -> usize {
        self.first_column + copy * self.template.num_locals() + local
    }

    fn copy_of_row(&self, row: usize) -> (usize, usize) {
        let row = row - self.first_row;
        (
            row / self.template.num_constraints(),
            row % self.template.num_constraints(),
        )
    }
}

#[cfg(feature = "parallel")]
fn for_each_chunk(out: &mut [Fr], size: usize, body: impl Fn(usize, &mut [Fr]) + Sync) {
    use rayon::prelude::*;
    out.par_chunks_mut(size)
        .enumerate()
        .for_each(|(i, chunk)| body(i, chunk));
}

#[cfg(not(feature = "parallel"))]
fn for_each_chunk(out: &mut [Fr], size: usize, body: impl Fn(usize, &mut [Fr]) + Sync) {
    out.chunks_mut(size)
        .enumerate()
        .for_each(|(i, chunk)| body(i, chunk));
}

#[cfg(feature = "parallel")]
fn try_for_each<T: Send>(
    items: Vec<T>,
    body: impl Fn(T) -> Result<()> + Send + Sync,
) -> Result<()> {
    use rayon::prelude::*;
    items.into_par_iter().try_for_each(body)
}

#[cfg(not(feature = "parallel"))]
fn try_for_each<T: Send>(
    items: Vec<T>,
    body: impl Fn(T) -> Result<()> + Send + Sync,
) -> Result<()> {
    items.into_iter().try_for_each(body)
}
