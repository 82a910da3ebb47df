//! Curve layers over arkworks' own points, to test the scheduler without any of the real ones.

use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup};

use crate::curve::{CurveLayer, Ref, Sources};
use crate::endomorphism::Endomorphism;

/// A layer whose batches are small, so that few points make many rounds.
macro_rules! arkworks_layer {
    ($name:ident, $group:ty, $affine:ty) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $name;

        impl CurveLayer for $name {
            type Group = $group;
            type Point = $affine;
            type Workspace = usize;
            const INFINITY: $affine = <$affine>::identity();
            const PREFERRED_PAIRS: usize = 24;
            const ADD_NS: f64 = 300.0;

            fn workspace(self, max_pairs: usize) -> usize {
                max_pairs
            }

            fn import(self, points: &[$affine], out: &mut [$affine]) {
                out.copy_from_slice(points);
            }

            fn export(self, point: &$affine) -> $affine {
                *point
            }

            fn negate(self, point: &$affine) -> $affine {
                -*point
            }

            fn is_infinity(self, point: &$affine) -> bool {
                point.is_zero()
            }

            unsafe fn add_pairs(
                self,
                workspace: &mut usize,
                sources: &Sources<'_, $affine>,
                pairs: &[Ref],
                out: &mut [$affine],
                upcoming: &[Ref],
            ) {
                assert!(out.len() <= *workspace && pairs.len() == 2 * out.len());
                let point = |r: &Ref| {
                    let point = sources[r.source()][r.index()];
                    if r.is_negative() { -point } else { point }
                };
                upcoming
                    .iter()
                    .for_each(|r| assert!(r.index() < sources[r.source()].len()));
                let sums: Vec<$group> = pairs
                    .chunks_exact(2)
                    .map(|pair| point(&pair[0]) + point(&pair[1]))
                    .collect();
                out.copy_from_slice(&<$group>::normalize_batch(&sums));
            }

            fn double_all(self, workspace: &mut usize, points: &[$affine], out: &mut [$affine]) {
                assert!(out.len() <= *workspace && points.len() == out.len());
                let sums: Vec<$group> = points.iter().map(|point| *point + point).collect();
                out.copy_from_slice(&<$group>::normalize_batch(&sums));
            }

            fn map_all(self, power: usize, points: &[$affine], out: &mut [$affine]) {
                assert_eq!(points.len(), out.len());
                let map = <$group as CurveGroup>::Config::power(power);
                for (point, out) in points.iter().zip(out) {
                    *out = map.apply(point);
                }
            }
        }
    };
}

arkworks_layer!(TestG1, G1Projective, G1Affine);
arkworks_layer!(TestG2, G2Projective, G2Affine);
