//! Twin of `wgsl/ntt.wgsl`.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};

use super::field;
use crate::params::{NttFactors, NttParams};
use crate::{Kernel, Layout, NTT_TILE_LOG};

const TILE: usize = 1 << NTT_TILE_LOG;
const QUARTER_LOG: u32 = NTT_TILE_LOG - 2;

/// The storage buffers.
#[derive(Debug)]
pub struct Buffers<'a> {
    /// n values.
    pub in_values: &'a [u32],
    /// As many.
    pub out_values: &'a mut [u32],
    /// The powers of ω of order 2^[`NTT_TILE_LOG`], in the layout's form.
    pub tile_roots: &'a [u32],
    /// See [`NttFactors`].
    pub low_factors: &'a [u32],
    /// See [`NttFactors`].
    pub high_factors: &'a [u32],
}

/// One pass of a transform.
pub fn ntt(layout: Layout, params: &NttParams, invocations: u32, buffers: &mut Buffers<'_>) {
    let pass = Pass {
        params,
        radix_inverse: field::radix::<Fr>(layout)
            .inverse()
            .expect("a power of two is not zero"),
    };
    let size = Kernel::Ntt.workgroup_size();
    for group in 0..invocations / size {
        pass.workgroup((params.base / size + group) as usize, buffers);
    }
}

/// Element x of all tiles: which column of all, which row.
struct Element {
    column: usize,
    row: usize,
}

struct Pass<'a> {
    params: &'a NttParams,
    /// 1/R.
    radix_inverse: Fr,
}

/// Element `i` of a buffer.
fn load(words: &[u32], i: usize) -> Fr {
    field::integer(&words[8 * i..8 * i + 8])
}

impl Pass<'_> {
    fn mul(&self, a: Fr, b: Fr) -> Fr {
        a * b * self.radix_inverse
    }

    /// log₂ of the columns of a block.
    const fn log_columns(&self) -> u32 {
        self.params.log_n - self.params.log_blocks - self.params.log_radix
    }

    /// log₂ of the columns of a tile.
    fn log_tile_columns(&self) -> u32 {
        let most = NTT_TILE_LOG - self.params.log_radix.max(2);
        most.min(match self.log_columns() {
            0 => self.params.log_blocks,
            columns => columns,
        })
    }

    /// Where column `column` of all begins.
    const fn column_start(&self, column: usize) -> usize {
        let width = self.log_columns();
        if width != 0 {
            return ((column >> width) << (width + self.params.log_radix))
                | (column & ((1 << width) - 1));
        }
        let (mut block, mut rest, mut digits) = (0, column, self.params.digits);
        while digits != 0 {
            let bits = digits & 15;
            block = (block << bits) | (rest & ((1 << bits) - 1));
            rest >>= bits;
            digits >>= 4;
        }
        block << self.params.log_radix
    }

    fn element(&self, x: usize) -> Element {
        let width = self.log_tile_columns();
        let above = x >> (width + self.params.log_radix);
        Element {
            column: (above << width) | (x & ((1 << width) - 1)),
            row: (x >> width) & ((1 << self.params.log_radix) - 1),
        }
    }

    fn fetch(&self, x: usize, in_values: &[u32]) -> Fr {
        if x >> self.params.log_n != 0 {
            return Fr::ZERO;
        }
        let at = self.element(x);
        let start = self.column_start(at.column);
        load(in_values, start + (at.row << self.log_columns()))
    }

    /// Entry e of the table of factors.
    fn factor(&self, e: usize, buffers: &Buffers<'_>) -> Fr {
        let high = load(buffers.high_factors, e >> self.params.log_low);
        if self.params.factors == NttFactors::Root as u32 {
            return high;
        }
        let low = e & ((1 << self.params.log_low) - 1);
        self.mul(load(buffers.low_factors, low), high)
    }

    fn workgroup(&self, tile: usize, buffers: &mut Buffers<'_>) {
        let params = self.params;
        let start = tile << NTT_TILE_LOG;
        let width = self.log_tile_columns();
        let inverse = params.inverse == 1;
        let order_four = load(
            buffers.tile_roots,
            if inverse { 3 * TILE / 4 } else { TILE / 4 },
        );
        let mut values: Vec<Fr> = (0..TILE)
            .map(|x| self.fetch(start + x, buffers.in_values))
            .collect();

        let mut left = params.log_radix;
        loop {
            let log_j = left.max(2) - 2;
            for lane in 0..TILE / 4 {
                let j = lane >> (QUARTER_LOG - log_j);
                let transform = (lane & ((1 << (QUARTER_LOG - log_j)) - 1)) >> width;
                let column = lane & ((1 << width) - 1);
                let first = column | (j << width) | (transform << (width + log_j + 2));
                let stride = 1 << (width + log_j);
                let mine: [usize; 4] = std::array::from_fn(|s| first + s * stride);

                let [mut a, mut b, mut c, mut d] = mine.map(|x| values[x]);
                if left != 1 {
                    (a, b, c, d) = (a + c, b + d, a - c, self.mul(b - d, order_four));
                }
                let results = [a + b, a - b, c + d, c - d];
                for (s, (x, value)) in mine.into_iter().zip(results).enumerate() {
                    if left > 2 {
                        let is_scaled = s != 0 && (j != 0 || log_j > 2);
                        values[x] = if is_scaled {
                            let mut e = (j * [0, 2, 1, 3][s]) << (QUARTER_LOG - log_j);
                            if inverse {
                                e = (TILE - e) % TILE;
                            }
                            self.mul(value, load(buffers.tile_roots, e))
                        } else {
                            value
                        };
                    } else if (start + x) >> params.log_n == 0 {
                        self.store(start + x, value, buffers);
                    }
                }
            }
            if left <= 2 {
                break;
            }
            left -= 2;
        }
    }

    /// Writes the result that stands at element x when all steps are made.
    fn store(&self, x: usize, value: Fr, buffers: &mut Buffers<'_>) {
        let params = self.params;
        let x = self.element(x);
        let k = x.row.reverse_bits() >> (usize::BITS - params.log_radix);
        let out = match self.log_columns() {
            0 => x.column + (k << params.log_blocks),
            columns => self.column_start(x.column) + (k << columns),
        };
        let factor = if params.factors == NttFactors::None as u32 {
            None
        } else if params.factors == NttFactors::Power as u32 {
            Some(self.factor(out, buffers))
        } else {
            let c = x.column & ((1 << self.log_columns()) - 1);
            let mut e = (c * k) << (params.log_order + params.log_blocks - params.log_n);
            if params.inverse == 1 {
                e = ((1 << params.log_order) - e) % (1 << params.log_order);
            }
            Some(self.factor(e, buffers))
        };
        let value = factor.map_or(value, |factor| self.mul(value, factor));
        buffers.out_values[8 * out..8 * out + 8].copy_from_slice(&field::words(value));
    }
}

#[cfg(test)]
mod tests {
    use ark_ff::{FftField, UniformRand};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    /// A primitive root of unity of order 2^log_order.
    fn root(log_order: u32) -> Fr {
        Fr::get_root_of_unity(1 << log_order).expect("the field has roots of order 2^28")
    }

    fn powers(base: Fr, count: usize, layout: Layout) -> Vec<u32> {
        let radix = field::radix::<Fr>(layout);
        std::iter::successors(Some(radix), |power| Some(*power * base))
            .take(count)
            .flat_map(field::words)
            .collect()
    }

    /// All passes with these bits; the powers of `shift` if there is one.
    fn transform(
        layout: Layout,
        bits: &[u32],
        inverse: bool,
        (log_low, log_order): (u32, u32),
        shift: Option<Fr>,
        values: &[Fr],
    ) -> Vec<Fr> {
        let log_n = bits.iter().sum::<u32>();
        let order = root(log_order);
        let tile_roots = powers(root(NTT_TILE_LOG), TILE, layout);
        let low_roots = powers(order, 1 << log_low, layout);
        let high_roots = powers(
            order.pow([1 << log_low]),
            1 << (log_order - log_low),
            layout,
        );
        let log_low_power = log_n / 2;
        let base = shift.unwrap_or(Fr::ONE);
        let low_powers = powers(base, 1 << log_low_power, layout);
        let high_powers = powers(
            base.pow([1 << log_low_power]),
            1 << (log_n - log_low_power),
            layout,
        );

        let mut words: Vec<u32> = values.iter().copied().flat_map(field::words).collect();
        let (mut log_blocks, mut digits) = (0, 0);
        for (pass, &log_radix) in bits.iter().enumerate() {
            let last = pass + 1 == bits.len();
            let factors = match (last, shift) {
                (true, None) => NttFactors::None,
                (true, Some(_)) => NttFactors::Power,
                (false, _) if log_order + log_blocks - log_n >= log_low => NttFactors::Root,
                (false, _) => NttFactors::RootProduct,
            };
            let params = NttParams {
                base: 0,
                log_n,
                log_radix,
                log_blocks,
                digits: if last { digits } else { 0 },
                inverse: u32::from(inverse),
                factors: factors as u32,
                log_low: if factors == NttFactors::Power {
                    log_low_power
                } else {
                    log_low
                },
                log_order,
            };
            let (low_factors, high_factors) = match factors {
                NttFactors::Power => (&low_powers, &high_powers),
                _ => (&low_roots, &high_roots),
            };
            let mut out = vec![u32::MAX; words.len()];
            // In two dispatches where there are two tiles.
            let tiles = values.len().div_ceil(TILE) as u32;
            for part in [0..tiles / 2, tiles / 2..tiles] {
                ntt(
                    layout,
                    &NttParams {
                        base: part.start << QUARTER_LOG,
                        ..params
                    },
                    (part.end - part.start) << QUARTER_LOG,
                    &mut Buffers {
                        in_values: &words,
                        out_values: &mut out,
                        tile_roots: &tile_roots,
                        low_factors,
                        high_factors,
                    },
                );
            }
            words = out;
            log_blocks += log_radix;
            digits |= log_radix << (4 * pass);
        }
        words.chunks(8).map(field::integer).collect()
    }

    fn random(n: usize) -> Vec<Fr> {
        let rng = &mut StdRng::seed_from_u64(n as u64);
        (0..n).map(|_| Fr::rand(rng)).collect()
    }

    /// `shift^k·Σ_j v_j·root^(jk)`, by Horner.
    fn definition(values: &[Fr], root: Fr, shift: Fr) -> Vec<Fr> {
        let at = |x: Fr| values.iter().rev().fold(Fr::ZERO, |sum, v| sum * x + v);
        (0..values.len() as u64)
            .map(|k| at(root.pow([k])) * shift.pow([k]))
            .collect()
    }

    #[test]
    fn passes_make_a_transform() {
        let splits: [&[u32]; 15] = [
            &[1],
            &[2],
            &[3],
            &[4],
            &[5],
            &[9],
            &[1, 1],
            &[2, 1],
            &[2, 3],
            &[1, 2, 2],
            &[5, 5],
            &[3, 8],
            &[9, 1],
            &[2, 3, 1, 4],
            &[4, 4, 2],
        ];
        for (i, bits) in splits.into_iter().enumerate() {
            let log_n = bits.iter().sum::<u32>();
            let layout = Layout::ALL[i % 3];
            let values = random(1 << log_n);
            let shift = (i % 2 == 0).then_some(Fr::GENERATOR);
            for (inverse, low_and_order) in [
                (false, (0, log_n)),
                (true, (log_n / 2, log_n)),
                (false, (1, log_n + 3)),
                (true, (5, 8.max(log_n))),
            ] {
                let got = transform(layout, bits, inverse, low_and_order, shift, &values);
                let root = root(log_n);
                let root = if inverse {
                    root.inverse().expect("a root is not zero")
                } else {
                    root
                };
                let expected = definition(&values, root, shift.unwrap_or(Fr::ONE));
                assert!(got == expected, "{bits:?}, {inverse}, {low_and_order:?}");
            }
        }
    }

    /// The tile's permutation of places in the shader is one, and eight invocations in a row meet eight
    /// different groups of banks.
    #[test]
    fn places_have_no_conflicts() {
        let place = |x: usize| x ^ ((0x1346_7520 >> (4 * (((x >> 3) ^ (x >> 6)) & 7))) & 7);
        let mut seen: Vec<usize> = (0..TILE).map(place).collect();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..TILE));
        for log_radix in 2..=NTT_TILE_LOG {
            let width = NTT_TILE_LOG - log_radix;
            for left in (1..=log_radix).rev().step_by(2) {
                let log_j = left.max(2) - 2;
                for lanes in (0..TILE / 4).collect::<Vec<_>>().chunks(8) {
                    let mut groups: Vec<usize> = lanes
                        .iter()
                        .map(|lane| {
                            let j = lane >> (QUARTER_LOG - log_j);
                            let transform = (lane & ((1 << (QUARTER_LOG - log_j)) - 1)) >> width;
                            let column = lane & ((1 << width) - 1);
                            column | (j << width) | (transform << (width + log_j + 2))
                        })
                        .map(|first| place(first) & 7)
                        .collect();
                    groups.sort_unstable();
                    assert!(groups.into_iter().eq(0..8), "2^{log_radix}, {left} left");
                }
            }
        }
    }
}
