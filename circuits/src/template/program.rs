//! [`Program`]: a constraint system written as (template, copies, wiring), and its expansion.
//!
//! Columns: the constant one and the instance first, then the locals of every copy, segment by
//! segment. Rows: segment by segment, copy by copy. Nothing here is stored per copy.

use super::{Template, builder::Result};
use crate::parallel::{find_map_first, for_each, try_for_each};
use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use std::{collections::BTreeSet, ops::Range, sync::Arc};

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

    pub(crate) fn column_of_source(&self, source: Source) -> Option<usize> {
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

    /// `out = M·assignment`, in parallel with the feature `parallel`.
    ///
    /// # Panics
    /// If the assignment has not one value for each column or `out` not one for each row.
    pub fn multiply(&self, matrix: Matrix, assignment: &[Fr], out: &mut [Fr]) {
        assert_eq!(out.len(), self.num_rows, "one value for each row");
        let mut rest = out;
        let pieces = self.pieces().map(|piece| {
            let (out, tail) = std::mem::take(&mut rest).split_at_mut(piece.rows.len());
            rest = tail;
            (piece, out)
        });
        for_each(pieces.collect(), |(piece, out)| {
            let view = self.view(piece.segment, piece.copy, assignment);
            for (row, out) in piece.rows.zip(out) {
                *out = view.dot(matrix, row);
            }
        });
    }

    /// The first row where `a[row]·b[row]` is not the product of C's row with the assignment, in
    /// parallel with the feature `parallel`; `a` and `b` begin with `A·assignment` and
    /// `B·assignment`, and what follows there is not looked at.
    ///
    /// # Panics
    /// If the assignment has not one value for each column, or `a` or `b` has fewer than one for each
    /// row.
    pub fn first_broken(&self, assignment: &[Fr], a: &[Fr], b: &[Fr]) -> Option<usize> {
        let (a, b) = (&a[..self.num_rows], &b[..self.num_rows]);
        find_map_first(self.pieces().collect(), |mut piece| {
            let view = self.view(piece.segment, piece.copy, assignment);
            let first = piece.segment.row(piece.copy, 0);
            let broken = |row: &usize| {
                let global = first + row;
                a[global] * b[global] != view.dot(Matrix::C, *row)
            };
            piece.rows.find(broken).map(|row| first + row)
        })
    }

    /// All rows in order, cut into pieces of one copy each.
    fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.segments.iter().flat_map(|segment| {
            let rows = segment.template.num_constraints();
            (0..segment.copies).flat_map(move |copy| {
                (0..rows).step_by(PIECE_ROWS).map(move |start| Piece {
                    segment,
                    copy,
                    rows: start..rows.min(start + PIECE_ROWS),
                })
            })
        })
    }

    /// The columns of one copy.
    fn view<'a>(&self, segment: &'a Segment, copy: usize, assignment: &'a [Fr]) -> View<'a> {
        assert_eq!(
            assignment.len(),
            self.num_columns,
            "one value for each column"
        );
        let value = |column: Option<usize>| column.map_or(Fr::ZERO, |column| assignment[column]);
        View {
            template: &segment.template,
            ports: self.imports(segment, copy).into_iter().map(value).collect(),
            locals: &assignment[segment.locals(copy)],
        }
    }

    /// Columns that stand in a matrix: those of which a proving key holds a point for it. Takes memory
    /// for imported columns only, so that programs may be sized up that are too large to prove.
    pub fn count_columns_in(&self, matrix: Matrix) -> usize {
        let found: Vec<Vec<bool>> = self
            .segments
            .iter()
            .map(|segment| segment.template.columns_in(matrix))
            .collect();
        let mut count = 0;
        // Instance columns, and exports that stand in no row of their own template.
        let mut imported = BTreeSet::new();
        for (segment, found_here) in self.segments.iter().zip(&found) {
            let (ports, locals) = found_here.split_at(1 + segment.wires.len());
            count += segment.copies * locals.iter().filter(|local| **local).count();
            for copy in 0..segment.copies {
                let columns = self.imports(segment, copy).into_iter().zip(ports);
                imported.extend(columns.filter_map(|(column, port)| column.filter(|_| *port)));
            }
        }
        imported.retain(|column| !self.stands_at_home(*column, &found));
        count + imported.len()
    }

    /// Whether a column is a local that its own template has in `found`.
    fn stands_at_home(&self, column: usize, found: &[Vec<bool>]) -> bool {
        if column < self.num_instance {
            return false;
        }
        // Of segments that start at one column the last one has locals.
        let after = self
            .segments
            .partition_point(|segment| segment.first_column <= column);
        let segment = &self.segments[after - 1];
        let local = (column - segment.first_column) % segment.template.num_locals();
        found[after - 1][1 + segment.wires.len() + local]
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
        self.first_broken(assignment, &product(Matrix::A), &product(Matrix::B))
    }
}

/// Rows that are multiplied in one go: enough to make a copy's ports and the scheduling negligible,
/// few enough that threads come out even.
const PIECE_ROWS: usize = 2048;

/// Some rows of one copy.
struct Piece<'a> {
    segment: &'a Segment,
    copy: usize,
    rows: Range<usize>,
}

/// What a copy's columns are worth.
struct View<'a> {
    template: &'a Template,
    /// The constant one, then the ports.
    ports: Vec<Fr>,
    locals: &'a [Fr],
}

impl View<'_> {
    fn dot(&self, matrix: Matrix, row: usize) -> Fr {
        self.template.dot(matrix, row, &self.ports, self.locals)
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

    fn row(&self, copy: usize, row: usize) -> usize {
        self.first_row + copy * self.template.num_constraints() + row
    }

    fn copy_of_row(&self, row: usize) -> (usize, usize) {
        let row = row - self.first_row;
        (
            row / self.template.num_constraints(),
            row % self.template.num_constraints(),
        )
    }
}
