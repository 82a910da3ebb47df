//! Multi-scalar multiplication of arbitrary inputs: every backend against arkworks.
//!
//! Points are drawn from a few multiples of the generator, so that equal, opposite and infinite ones
//! meet in one bucket all the time, and scalars from the families that the engines treat apart.

use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{Field, PrimeField};
use zkroll_prover::{
    AnyBackend, Backend, Fr, G1Affine, G1Projective, G2Affine, G2Projective, backend,
};

/// Longest input; the engines' own path begins well below.
const MAX_POINTS: usize = 600;

/// Takes bytes from the front; zeros when there are none left.
struct Source<'b>(&'b [u8]);

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    fn wide(&mut self) -> Fr {
        let bytes: [u8; 32] = std::array::from_fn(|_| self.byte());
        Fr::from_le_bytes_mod_order(&bytes)
    }

    fn scalar(&mut self) -> Fr {
        let kind = self.byte();
        let magnitude = match kind >> 1 & 7 {
            0 => Fr::from(0u64),
            1 => Fr::ONE,
            2 => Fr::from(u64::from(self.byte())),
            3 => Fr::from(u64::from(self.byte()) << 24 | u64::from(self.byte())),
            4 => Fr::from(2u64).pow([u64::from(self.byte())]),
            5 => Fr::from(2u64).pow([u64::from(self.byte())]) - Fr::ONE,
            _ => self.wide(),
        };
        if kind & 1 == 0 { magnitude } else { -magnitude }
    }
}

fn points<G: CurveGroup>(multiples: &[u8]) -> Vec<G::Affine> {
    let table: Vec<G> = (0..=16u64)
        .map(|k| G::generator() * G::ScalarField::from(k))
        .collect();
    let table = G::normalize_batch(&table);
    let point = |multiple: &u8| {
        let point = table[usize::from(*multiple >> 1 & 15) + usize::from(*multiple >> 7)];
        if multiple & 1 == 0 {
            point
        } else {
            (-point.into_group()).into_affine()
        }
    };
    multiples.iter().map(point).collect()
}

fn backends() -> Vec<AnyBackend> {
    let names = backend::list().into_iter().map(|entry| entry.name);
    let fast = names.filter(|name| !matches!(name.as_str(), "naive" | "ark"));
    fast.filter_map(|name| name.open().ok()).collect()
}

/// Turns the bytes into points and scalars and compares all backends on them.
///
/// # Panics
/// If a backend computes something else than arkworks.
pub fn check(bytes: &[u8]) {
    let mut source = Source(bytes);
    let n = usize::from(u16::from_le_bytes([source.byte(), source.byte()])) % MAX_POINTS;
    let multiples: Vec<u8> = (0..n).map(|_| source.byte()).collect();
    let scalars: Vec<Fr> = (0..n).map(|_| source.scalar()).collect();
    let (g1, g2): (Vec<G1Affine>, Vec<G2Affine>) = (
        points::<G1Projective>(&multiples),
        points::<G2Projective>(&multiples),
    );
    let in_g1 = G1Projective::msm_unchecked(&g1, &scalars);
    let in_g2 = G2Projective::msm_unchecked(&g2, &scalars);
    for backend in backends() {
        let name = backend.name();
        let loaded = backend.load_g1(&g1).expect("points load");
        let sum = backend
            .msm_g1(&loaded, &scalars)
            .expect("as many scalars as points");
        assert_eq!(sum, in_g1, "{name}, G1, {n} points");
        let loaded = backend.load_g2(&g2).expect("points load");
        let sum = backend
            .msm_g2(&loaded, &scalars)
            .expect("as many scalars as points");
        assert_eq!(sum, in_g2, "{name}, G2, {n} points");
    }
}
