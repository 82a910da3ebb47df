//! The scheduler over every layer, against arkworks.

use std::sync::atomic::AtomicBool;

use ark_bn254::Fr;
use ark_ec::{AdditiveGroup, AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{Field, One, UniformRand, Zero};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::digits::BLOCK;
use super::pool::Cut;
use super::stream::{ChunkSource, StreamError, stream};
use super::*;
use crate::curve::CurveLayer;

/// Distinct points: multiples of a random one, cheaper than as many random ones.
fn points<L: CurveLayer>(n: usize, rng: &mut StdRng) -> Vec<AffineOf<L>> {
    let step = L::Group::rand(rng);
    let mut point = L::Group::rand(rng);
    let points: Vec<_> = (0..n)
        .map(|_| {
            point += step;
            point
        })
        .collect();
    L::Group::normalize_batch(&points)
}

fn random_scalars(n: usize, rng: &mut StdRng) -> Vec<Fr> {
    (0..n).map(|_| Fr::rand(rng)).collect()
}

/// Scalars as a witness has them: half bits and zeros, some small of either sign, the rest random.
fn witness_scalars(n: usize, rng: &mut StdRng) -> Vec<Fr> {
    (0..n)
        .map(|_| match rng.gen_range(0..10) {
            0..3 => Fr::zero(),
            3 | 4 => Fr::one(),
            5 => -Fr::one(),
            6 => Fr::from(rng.r#gen::<u16>()),
            7 => -Fr::from(rng.r#gen::<u64>()),
            _ => Fr::rand(rng),
        })
        .collect()
}

const NEVER: Cancel<'static> = Cancel::never();

fn check<L: CurveLayer>(layer: L, points: &[AffineOf<L>], scalars: &[Fr], what: &str) {
    let expected = L::Group::msm_unchecked(points, scalars);
    let bases = Bases::new(layer, points);
    assert_eq!(msm(&bases, scalars, NEVER), Ok(expected), "{what}");
}

/// The multiplication with given windows, chunks and threads.
fn with<L: CurveLayer>(
    bases: &Bases<'_, L>,
    scalars: &[Fr],
    windows: Windows,
    chunk_points: usize,
    threads: usize,
) -> L::Group {
    let digits = Digits::new(scalars, windows);
    let cut = Cut {
        chunk_points,
        threads,
    };
    let msm = Msm::with_cut(bases, &digits, 0, cut);
    run(&[&msm], NEVER).expect("nobody cancels");
    msm.sum().expect("it ran").value
}

fn sizes<L: CurveLayer>(layer: L) {
    let mut rng = StdRng::seed_from_u64(10);
    let points = points::<L>(2 * BLOCK + 1, &mut rng);
    let scalars = random_scalars(points.len(), &mut rng);
    for k in [1, 2, 3, 5, 8, 10, 11] {
        for n in [(1 << k) - 1, 1 << k, (1 << k) + 1] {
            check(layer, &points[..n], &scalars[..n], &format!("{n} points"));
        }
    }
    check(layer, &[], &[], "no points");
    check(layer, &points[..1], &scalars[..1], "one point");
}

fn scalars<L: CurveLayer>(layer: L) {
    let mut rng = StdRng::seed_from_u64(11);
    let n = BLOCK + 300;
    let points = points::<L>(n, &mut rng);
    let two = Fr::from(2u64);
    let kinds: Vec<(&str, Vec<Fr>)> = vec![
        ("zeros", vec![Fr::zero(); n]),
        ("ones", vec![Fr::one(); n]),
        ("minus ones", vec![-Fr::one(); n]),
        ("equal", vec![Fr::rand(&mut rng); n]),
        (
            "single bits",
            (0..n).map(|i| two.pow([i as u64 % 254])).collect(),
        ),
        (
            "negated bits",
            (0..n).map(|i| -two.pow([i as u64 % 254])).collect(),
        ),
        ("small", (0..n).map(|i| Fr::from(i as i64 - 700)).collect()),
        ("as in a witness", witness_scalars(n, &mut rng)),
        (
            "nine in ten are zero",
            (0..n)
                .map(|i| {
                    if i % 10 == 0 {
                        Fr::rand(&mut rng)
                    } else {
                        Fr::zero()
                    }
                })
                .collect(),
        ),
        (
            "half in one bucket",
            (0..n)
                .map(|i| {
                    if i % 2 == 0 {
                        Fr::from(77u64)
                    } else {
                        Fr::rand(&mut rng)
                    }
                })
                .collect(),
        ),
        (
            "one alone",
            (0..n)
                .map(|i| {
                    if i == 1100 {
                        Fr::rand(&mut rng)
                    } else {
                        Fr::zero()
                    }
                })
                .collect(),
        ),
    ];
    for (what, scalars) in kinds {
        check(layer, &points, &scalars, what);
    }
}

fn degenerate_points<L: CurveLayer>(layer: L) {
    let mut rng = StdRng::seed_from_u64(12);
    let n = BLOCK + 200;
    let distinct = points::<L>(n, &mut rng);
    let random = random_scalars(n, &mut rng);
    let equal = vec![random[0]; n];
    let infinity = AffineOf::<L>::zero();
    let kinds: Vec<(&str, Vec<AffineOf<L>>)> = vec![
        ("equal points", vec![distinct[0]; n]),
        (
            "opposite points",
            (0..n)
                .map(|i| {
                    if i % 2 == 0 {
                        distinct[0]
                    } else {
                        (-distinct[0].into_group()).into_affine()
                    }
                })
                .collect(),
        ),
        ("few points", (0..n).map(|i| distinct[i % 3]).collect()),
        (
            "absent points",
            (0..n)
                .map(|i| if i % 5 == 3 { distinct[i] } else { infinity })
                .collect(),
        ),
        ("no points", vec![infinity; n]),
    ];
    for (what, points) in kinds {
        check(layer, &points, &random, what);
        check(layer, &points, &equal, &format!("{what}, equal scalars"));
    }
}

fn cuts_agree<L: CurveLayer>(layer: L) {
    let mut rng = StdRng::seed_from_u64(13);
    let n = 4 * BLOCK + 77;
    let mut points = points::<L>(n, &mut rng);
    for i in (0..n).step_by(9) {
        points[i] = AffineOf::<L>::zero();
    }
    for scalars in [random_scalars(n, &mut rng), witness_scalars(n, &mut rng)] {
        let expected = L::Group::msm_unchecked(&points, &scalars);
        let bases = Bases::new(layer, &points);
        for per_level in [16, 22, 37, 84] {
            for (chunk_points, threads) in [(n, 1), (BLOCK, 1), (BLOCK, 2), (700, 5), (1, 40)] {
                let windows = Windows::new(per_level, 1);
                assert_eq!(
                    with(&bases, &scalars, windows, chunk_points, threads),
                    expected
                );
            }
        }
    }
}

fn tables_agree<L: CurveLayer>(layer: L) {
    let mut rng = StdRng::seed_from_u64(14);
    let n = BLOCK + 5;
    let mut points = points::<L>(n, &mut rng);
    points[3] = AffineOf::<L>::zero();
    let scalars = witness_scalars(n, &mut rng);
    let expected = L::Group::msm_unchecked(&points, &scalars);
    for (levels, per_level) in [(2, 8), (2, 15), (3, 6), (16, 1), (16, 2)] {
        let bases = Bases::with_table(layer, &points, levels);
        let windows = Windows::new(per_level, levels);
        assert_eq!(with(&bases, &scalars, windows.clone(), 600, 2), expected);
        assert_eq!(msm(&bases, &scalars, NEVER), Ok(expected));
        let plain = Bases::new(layer, &points);
        assert_eq!(with(&plain, &scalars, windows, 600, 1), expected);
        let foreign = Windows::new(20, 1);
        assert_eq!(with(&bases, &scalars, foreign, 600, 1), expected);
    }
}

/// Points in memory that fail to be read from some index on.
struct Reader<'a, A> {
    points: &'a [A],
    broken_at: usize,
}

impl<A: Copy + Sync> ChunkSource<A> for Reader<'_, A> {
    type Error = usize;

    fn len(&self) -> usize {
        self.points.len()
    }

    fn read(&self, start: usize, out: &mut [A]) -> Result<(), usize> {
        let end = start + out.len();
        if end > self.broken_at {
            return Err(start);
        }
        out.copy_from_slice(&self.points[start..end]);
        Ok(())
    }
}

fn streams_agree<L: CurveLayer>(layer: L) {
    let mut rng = StdRng::seed_from_u64(15);
    let n = 3 * BLOCK + 77;
    let mut points = points::<L>(n, &mut rng);
    for i in (0..n / 2).step_by(3) {
        points[i] = AffineOf::<L>::zero();
    }
    let scalars = witness_scalars(n + 13, &mut rng);
    let expected = L::Group::msm_unchecked(&points, &scalars[13..]);
    let digits = Digits::new(&scalars, Windows::new(21, 1));
    let mut reader = Reader {
        points: &points,
        broken_at: n,
    };
    for chunk in [1 << 16, n, 1500, BLOCK] {
        assert_eq!(
            stream(layer, &reader, &digits, 13, NEVER, chunk),
            Ok(expected)
        );
    }
    reader.broken_at = 2 * BLOCK + 1;
    let failed = stream(layer, &reader, &digits, 13, NEVER, BLOCK);
    assert_eq!(failed, Err(StreamError::Source(2 * BLOCK)));
    let flag = AtomicBool::new(true);
    let cancelled = msm_streamed(layer, &reader, &digits, 13, Cancel::when(&flag));
    assert!(cancelled.is_err());
    reader.points = &[];
    assert_eq!(
        msm_streamed(layer, &reader, &digits, 13, NEVER),
        Ok(L::Group::zero())
    );
}

/// Several multiplications in one pool share digits, one of them from an offset.
fn jobs_share_digits<L: CurveLayer, M: CurveLayer>(first: L, second: M) {
    let mut rng = StdRng::seed_from_u64(16);
    let n = 2 * BLOCK + 9;
    let a = points::<L>(n, &mut rng);
    let mut b = points::<M>(n, &mut rng);
    for i in (0..n).filter(|i| i % 4 != 1) {
        b[i] = AffineOf::<M>::zero();
    }
    let scalars = witness_scalars(n, &mut rng);
    let (a_bases, b_bases) = (Bases::new(first, &a), Bases::new(second, &b));
    let l_bases = Bases::new(first, &a[3..]);
    let loads = [Load::of(&a_bases), Load::of(&b_bases), Load::of(&l_bases)];
    let windows = Windows::choose(&Profile::sample(&scalars), &loads);
    let digits = Digits::new(&scalars, windows);
    let jobs = (
        Msm::new(&a_bases, &digits, 0),
        Msm::new(&b_bases, &digits, 0),
        Msm::new(&l_bases, &digits, 3),
    );
    run(&[&jobs.0, &jobs.1, &jobs.2], NEVER).expect("nobody cancels");
    assert_eq!(
        jobs.0.sum().unwrap().value,
        L::Group::msm_unchecked(&a, &scalars)
    );
    assert_eq!(
        jobs.1.sum().unwrap().value,
        M::Group::msm_unchecked(&b, &scalars)
    );
    assert_eq!(
        jobs.2.sum().unwrap().value,
        L::Group::msm_unchecked(&a[3..], &scalars[3..])
    );

    let flag = AtomicBool::new(true);
    let job = Msm::new(&a_bases, &digits, 0);
    assert_eq!(run(&[&job], Cancel::when(&flag)), Err(Cancelled));
    assert!(job.sum().is_none());
}

/// The same sum on pools of one and of three threads.
#[cfg(feature = "parallel")]
fn threads_agree<L: CurveLayer>(layer: L) {
    let mut rng = StdRng::seed_from_u64(17);
    let n = 2 * BLOCK;
    let points = points::<L>(n, &mut rng);
    let scalars = random_scalars(n, &mut rng);
    let bases = Bases::new(layer, &points);
    let sums = [1, 3].map(|threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads can be started")
            .install(|| msm(&bases, &scalars, NEVER))
    });
    assert_eq!(sums[0], sums[1]);
    assert_eq!(sums[0], Ok(L::Group::msm_unchecked(&points, &scalars)));
}

/// Enrols a layer for G1 and one for G2; `None` where the processor lacks the instructions.
macro_rules! suite {
    ($name:ident, $g1:expr, $g2:expr) => {
        mod $name {
            suite!(@test sizes, $g1, $g2);
            suite!(@test scalars, $g1, $g2);
            suite!(@test degenerate_points, $g1, $g2);
            suite!(@test cuts_agree, $g1, $g2);
            suite!(@test tables_agree, $g1, $g2);
            suite!(@test streams_agree, $g1, $g2);
            #[cfg(feature = "parallel")]
            suite!(@test threads_agree, $g1, $g2);

            #[test]
            fn jobs_share_digits() {
                if let (Some(g1), Some(g2)) = ($g1, $g2) {
                    super::jobs_share_digits(g1, g2);
                    super::jobs_share_digits(g2, g1);
                }
            }
        }
    };
    (@test $test:ident, $g1:expr, $g2:expr) => {
        #[test]
        fn $test() {
            if let Some(g1) = $g1 {
                super::$test(g1);
            }
            if let Some(g2) = $g2 {
                super::$test(g2);
            }
        }
    };
}

suite!(
    arkworks,
    Some(crate::msm::testing::TestG1),
    Some(crate::msm::testing::TestG2)
);

suite!(
    portable,
    Some(crate::portable::PortableG1::new(
        crate::portable::Arithmetic::detect()
    )),
    Some(crate::portable::PortableG2::new(
        crate::portable::Arithmetic::detect()
    ))
);

suite!(
    plain,
    Some(crate::portable::PortableG1::new(
        crate::portable::Arithmetic::PLAIN
    )),
    Some(crate::portable::PortableG2::new(
        crate::portable::Arithmetic::PLAIN
    ))
);

#[cfg(target_arch = "x86_64")]
suite!(
    ifma,
    crate::ifma::Ifma::detect().ok().map(crate::ifma::IfmaG1),
    crate::ifma::Ifma::detect().ok().map(crate::ifma::IfmaG2)
);

mod parts {
    use super::super::accumulate::Accumulator;
    use super::super::reduce::{Part, reduce, sum_of_terms};
    use super::super::sort::Lists;
    use super::super::testing::TestG1;
    use super::*;
    use ark_bn254::{G1Affine, G1Projective};

    #[test]
    fn lists_of_all_lengths_are_summed() {
        let mut rng = StdRng::seed_from_u64(20);
        let points = points::<TestG1>(500, &mut rng);
        for batch in [1, 2, 3, 8, 24] {
            let mut accumulator = Accumulator::new(TestG1, batch);
            for lengths in [
                vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0, 1],
                vec![500],
                vec![1; 300],
                vec![0; 5],
                vec![3, 200, 1, 1, 99, 2, 47, 48, 49, 95, 96, 97],
                (0..200).map(|_| rng.gen_range(0..60)).collect(),
            ] {
                let mut buckets = vec![G1Affine::identity(); lengths.len()];
                let mut expected = vec![G1Projective::zero(); lengths.len()];
                // Three times, so that buckets have a value, and two halves in one session.
                for pass in 0..3 {
                    let middle = lengths.len() / 2;
                    let mut session = accumulator.session(&points, &mut buckets, NEVER);
                    for (first, half) in [(0, &lengths[..middle]), (middle, &lengths[middle..])] {
                        let mut lists = Lists::new(points.len());
                        for (b, length) in half.iter().enumerate() {
                            for _ in 0..*length {
                                let index = rng.gen_range(0..points.len());
                                lists.push(index);
                                expected[first + b] += points[index];
                            }
                            lists.end_list();
                        }
                        session.feed(&lists.sorted(), first, pass > 0).unwrap();
                    }
                    session.finish().unwrap();
                    let expected = G1Projective::normalize_batch(&expected);
                    assert_eq!(buckets, expected, "batch {batch}, pass {pass}");
                }
            }
        }
    }

    #[test]
    fn reduction_multiplies_by_the_index() {
        let mut rng = StdRng::seed_from_u64(21);
        for bits in 0..=9 {
            let mut points = points::<TestG1>(3 << bits, &mut rng);
            points[1] = G1Affine::identity();
            for from_zero in [false, true] {
                let parts: Vec<Part> = (0..3)
                    .map(|i| Part {
                        start: i << bits,
                        bits,
                        bit: 5 * i,
                        from_zero,
                    })
                    .collect();
                let mut expected = G1Projective::zero();
                for part in &parts {
                    for i in 0..1 << bits {
                        let factor = (i + usize::from(!from_zero)) << part.bit;
                        expected += points[part.start + i].mul_bigint([factor as u64]);
                    }
                }
                let mut accumulator = Accumulator::new(TestG1, 100);
                let terms = reduce(TestG1, &mut accumulator, &points, parts, NEVER).unwrap();
                assert_eq!(sum_of_terms(terms), expected, "{bits} bits");
            }
        }
    }

    #[test]
    fn the_widest_sum_of_terms_is_that_of_doublings() {
        let point = G1Affine::generator();
        let terms = vec![
            reduce::Term { bit: 253, point },
            reduce::Term { bit: 1, point },
            reduce::Term { bit: 1, point },
        ];
        let mut expected = point.into_group();
        for _ in 0..251 {
            expected.double_in_place();
        }
        // 2^253·G + 2·2·G = 4·(2^251·G + G).
        expected += point;
        let sum: G1Projective = sum_of_terms(terms);
        assert_eq!(sum, expected.double().double());
    }
}
