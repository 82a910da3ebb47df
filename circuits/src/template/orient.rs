//! Which factor of a constraint stands in A and which in B.
//!
//! *Problem.* `⟨a,z⟩·⟨b,z⟩ = ⟨c,z⟩` with its factors exchanged has the same solutions, so each row may
//! be turned around: soundness and completeness do not depend on it, for any constraint. What does
//! is the prover's work. A column that stands nowhere in B has no place in the two multi-scalar
//! multiplications over B, one of them in G2, and one that stands nowhere in A has none in A's. So:
//! as few columns in B as can be, and with equally many in B as few in A.
//!
//! *Lower bound* ([`least_columns_in_b`]). A column in both factors of a row is *forced*: it stands
//! in B whatever is chosen (`x·x`, `b·(1−b)`). Forced columns set aside, rows that share no column
//! with one another add at least the smaller of their factors each.
//!
//! *Method.* Forced columns cost nothing more. Without them the rows fall apart into groups that have
//! no column in common, most of them an S-box or a step of a ladder. A group of up to `EXACT_ROWS`
//! rows gets its best orientation, all of them being tried. In a larger one rows choose in the order
//! of their size, each what is cheapest at its turn; then single rows are turned for as long as that
//! helps. That is deterministic and need not be optimal (the problem contains vertex cover): the
//! test that pins the batch circuit's columns pins the bound beside them.
//!
//! *Counting.* The constant one is free, and a port counts like a local: it is some other template's
//! local, or shared by many copies, and few against the locals.

use ark_bn254::Fr;
use std::{collections::BTreeMap, mem::swap};

/// Sparse rows as arkworks gives them: (coefficient, column).
pub(super) type Rows = Vec<Vec<(Fr, usize)>>;

/// Exchanges factors of rows so that few columns stand in B, and few in A.
pub(super) fn orient(a: &mut Rows, b: &mut Rows) {
    let factors = a.iter().zip(&*b).map(|(a, b)| {
        let columns = |row: &[(Fr, usize)]| row.iter().map(|entry| entry.1).collect();
        [columns(a), columns(b)]
    });
    let rows = free_rows(factors.collect()).1;
    for (row, turned) in Orientation::best(&rows).turned.iter().enumerate() {
        if *turned {
            swap(&mut a[row], &mut b[row]);
        }
    }
}

/// The columns of a row's factors, A's first.
pub(super) type Factors = [Vec<usize>; 2];

/// A number of columns that no orientation of these rows leaves out of B, the constant one not
/// counted.
pub(super) fn least_columns_in_b(rows: Vec<Factors>) -> usize {
    let (forced, rows) = free_rows(rows);
    let mut least = forced;
    let mut taken = vec![false; num_columns(&rows)];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    smallest_first(&mut order, &rows);
    for row in order {
        let [left, right] = &rows[row];
        let apart = |column: &usize| !taken[*column];
        let adds = left.len().min(right.len());
        if adds > 0 && left.iter().chain(right).all(apart) {
            least += adds;
            for column in left.iter().chain(right) {
                taken[*column] = true;
            }
        }
    }
    least
}

fn num_columns(rows: &[Factors]) -> usize {
    let last = rows.iter().flatten().flatten().max();
    last.map_or(0, |last| last + 1)
}

/// The number of forced columns, and the rows without them and without the constant one.
fn free_rows(mut rows: Vec<Factors>) -> (usize, Vec<Factors>) {
    let mut forced = vec![false; num_columns(&rows).max(1)];
    for [left, right] in &rows {
        // Sorted once, so that two long factors are compared in one go.
        let mut right = right.clone();
        right.sort_unstable();
        for column in left {
            forced[*column] |= right.binary_search(column).is_ok();
        }
    }
    forced[0] = true;
    for factor in rows.iter_mut().flatten() {
        factor.retain(|column| !forced[*column]);
    }
    let count = forced[1..].iter().filter(|forced| **forced).count();
    (count, rows)
}

/// Sorts row numbers by the size of the smaller factor, then of the larger one.
fn smallest_first(order: &mut [usize], rows: &[Factors]) {
    order.sort_by_key(|row| {
        let [left, right] = [0, 1].map(|side| rows[*row][side].len());
        (left.min(right), left.max(right))
    });
}

/// Row numbers in groups, rows of different groups having no column in common. Rows without columns
/// are in none.
fn groups(rows: &[Factors]) -> Vec<Vec<usize>> {
    let mut parents: Vec<usize> = (0..num_columns(rows)).collect();
    for factors in rows {
        let mut columns = factors.iter().flatten();
        if let Some(first) = columns.next() {
            let root = root(&mut parents, *first);
            for column in columns {
                let other = self::root(&mut parents, *column);
                parents[other] = root;
            }
        }
    }
    let mut groups = BTreeMap::<usize, Vec<usize>>::new();
    for (row, factors) in rows.iter().enumerate() {
        if let Some(column) = factors.iter().flatten().next() {
            let root = root(&mut parents, *column);
            groups.entry(root).or_default().push(row);
        }
    }
    groups.into_values().collect()
}

/// The column that stands for a column's group, paths to it halved on the way.
fn root(parents: &mut [usize], mut column: usize) -> usize {
    while parents[column] != column {
        parents[column] = parents[parents[column]];
        column = parents[column];
    }
    column
}

/// Rows of a group whose orientations are all tried, 2^12 of them at most.
const EXACT_ROWS: usize = 12;

/// Rows, some of them turned around.
struct Orientation<'a> {
    rows: &'a [Factors],
    /// Whether A's factor stands in B and B's in A.
    turned: Vec<bool>,
    /// For A and B, how often each column stands there.
    uses: [Vec<u32>; 2],
    /// Columns in A and in B.
    columns: [usize; 2],
}

impl<'a> Orientation<'a> {
    fn best(rows: &'a [Factors]) -> Self {
        let mut found = Self {
            rows,
            turned: vec![false; rows.len()],
            uses: [0, 1].map(|_| vec![0; num_columns(rows)]),
            columns: [0, 0],
        };
        for group in groups(rows) {
            if group.len() <= EXACT_ROWS {
                found.try_all(&group);
            } else {
                found.descend(group);
            }
        }
        found
    }

    /// The best orientation of some rows, in the order of a Gray code.
    fn try_all(&mut self, group: &[usize]) {
        for &row in group {
            self.put(row);
        }
        let (mut best, mut best_code, mut code) = (self.cost(), 0u32, 0u32);
        for step in 1..1u32 << group.len() {
            let i = step.trailing_zeros();
            self.turn(group[i as usize]);
            code ^= 1 << i;
            if self.cost() < best {
                (best, best_code) = (self.cost(), code);
            }
        }
        for (i, &row) in group.iter().enumerate() {
            if (code ^ best_code) >> i & 1 == 1 {
                self.turn(row);
            }
        }
    }

    /// A good orientation of some rows.
    fn descend(&mut self, mut group: Vec<usize>) {
        smallest_first(&mut group, self.rows);
        for &row in &group {
            self.put(row);
            self.turn_if_better(row);
        }
        // It ends: the cost falls with each row turned.
        let mut better = true;
        while better {
            better = false;
            for &row in &group {
                better |= self.turn_if_better(row);
            }
        }
    }

    /// What is to become small, B's columns before A's.
    fn cost(&self) -> (usize, usize) {
        (self.columns[1], self.columns[0])
    }

    fn turn_if_better(&mut self, row: usize) -> bool {
        let before = self.cost();
        self.turn(row);
        let better = self.cost() < before;
        if !better {
            self.turn(row);
        }
        better
    }

    fn turn(&mut self, row: usize) {
        self.take(row);
        self.turned[row] ^= true;
        self.put(row);
    }

    /// Counts a row in.
    fn put(&mut self, row: usize) {
        for side in 0..2 {
            for column in &self.rows[row][side ^ usize::from(self.turned[row])] {
                self.columns[side] += usize::from(self.uses[side][*column] == 0);
                self.uses[side][*column] += 1;
            }
        }
    }

    /// Counts a row out.
    fn take(&mut self, row: usize) {
        for side in 0..2 {
            for column in &self.rows[row][side ^ usize::from(self.turned[row])] {
                self.uses[side][*column] -= 1;
                self.columns[side] -= usize::from(self.uses[side][*column] == 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Field;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn rows(factors: &[Factors], side: usize) -> Rows {
        let row = |columns: &Vec<usize>| columns.iter().map(|column| (Fr::ONE, *column)).collect();
        factors.iter().map(|factors| row(&factors[side])).collect()
    }

    fn columns(rows: &Rows) -> BTreeSet<usize> {
        let all = rows.iter().flatten().map(|entry| entry.1);
        all.filter(|column| *column != 0).collect()
    }

    #[test]
    fn an_sbox_needs_two_columns_of_three_on_either_side() {
        // x·x, x·x² and x²·x³, columns 1, 2 and 3, as a gadget may have written them.
        for swapped in 0..8u32 {
            let mut factors = [[vec![1], vec![1]], [vec![1], vec![2]], [vec![2], vec![3]]];
            for (row, factors) in factors.iter_mut().enumerate() {
                factors.rotate_left((swapped >> row & 1) as usize);
            }
            let (mut a, mut b) = (rows(&factors, 0), rows(&factors, 1));
            orient(&mut a, &mut b);
            assert_eq!((columns(&a).len(), columns(&b).len()), (2, 2));
            assert_eq!(least_columns_in_b(factors.to_vec()), 2);
        }
    }

    fn factor(columns: usize) -> impl Strategy<Value = Vec<usize>> {
        prop::collection::btree_set(0..columns, 0..4).prop_map(|set| set.into_iter().collect())
    }

    proptest! {
        /// Small systems against all their orientations.
        #[test]
        fn small_systems_get_their_best_orientation(
            factors in prop::collection::vec([factor(8), factor(8)], 1..8)
        ) {
            let cost_of = |choice: usize| {
                let mut sides: [BTreeSet<usize>; 2] = Default::default();
                for (row, factors) in factors.iter().enumerate() {
                    for (side, found) in sides.iter_mut().enumerate() {
                        found.extend(&factors[side ^ (choice >> row & 1)]);
                        found.remove(&0);
                    }
                }
                (sides[1].len(), sides[0].len())
            };
            let best = (0..1 << factors.len()).map(cost_of).min().unwrap();
            prop_assert!(least_columns_in_b(factors.clone()) <= best.0);
            let (mut a, mut b) = (rows(&factors, 0), rows(&factors, 1));
            orient(&mut a, &mut b);
            prop_assert_eq!((columns(&b).len(), columns(&a).len()), best);
            check_same(&factors, &a, &b);
        }

        /// Systems too large for that: the rows stay what they are, and the bound is one.
        #[test]
        fn large_systems_stay_what_they_are(
            factors in prop::collection::vec([factor(40), factor(40)], 20..60)
        ) {
            let (mut a, mut b) = (rows(&factors, 0), rows(&factors, 1));
            orient(&mut a, &mut b);
            check_same(&factors, &a, &b);
            prop_assert!(least_columns_in_b(factors) <= columns(&b).len());
        }
    }

    /// Every row as it was or turned around.
    fn check_same(factors: &[Factors], a: &Rows, b: &Rows) {
        let columns = |row: &[(Fr, usize)]| row.iter().map(|entry| entry.1).collect::<Vec<_>>();
        for ((factors, a), b) in factors.iter().zip(a).zip(b) {
            let [left, right] = factors;
            let (a, b) = (&columns(a), &columns(b));
            assert!((left, right) == (a, b) || (right, left) == (a, b));
        }
    }
}
