//! Backend `naive`: the definitions, executed as written.
//!
//! `Σ kᵢ·Pᵢ` by double-and-add, one scalar after the other; `v_k = Σ_j v_j·ω^(jk)` as a double
//! loop. Shares no algorithm with any other backend, which is what makes it the reference.
//!
//! Cost: about 380 group operations a point; n² multiplications a transform. For circuits of a few
//! hundred constraints.

use std::borrow::Cow;

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, PrimeGroup};
use ark_ff::{AdditiveGroup, BigInteger, One, PrimeField, Zero};

use super::{Backend, BackendError, check_lengths, transform_domain};
use crate::key_file::StreamedPoints;
use crate::parallel;

/// The reference backend.
#[derive(Clone, Copy, Debug, Default)]
pub struct Naive;

/// `Σ scalars[i]·bases[i]` by double-and-add.
fn msm<P: AffineRepr<ScalarField = Fr>>(
    bases: &[P],
    scalars: &[Fr],
) -> Result<P::Group, BackendError>
where
    P::Group: PrimeGroup<ScalarField = Fr>,
{
    check_lengths(bases.len(), scalars.len())?;
    let mut sum = P::Group::zero();
    for (base, scalar) in bases.iter().zip(scalars) {
        let mut multiple = P::Group::zero();
        for bit in scalar.into_bigint().to_bits_be() {
            multiple.double_in_place();
            if bit {
                multiple += base;
            }
        }
        sum += multiple;
    }
    Ok(sum)
}

impl Backend for Naive {
    type G1Bases<'k> = Cow<'k, [G1Affine]>;
    type G2Bases<'k> = Cow<'k, [G2Affine]>;

    fn name(&self) -> &'static str {
        "naive"
    }

    fn load_g1<'k>(&'k self, bases: &'k [G1Affine]) -> Result<Cow<'k, [G1Affine]>, BackendError> {
        Ok(Cow::Borrowed(bases))
    }

    fn load_g2<'k>(&'k self, bases: &'k [G2Affine]) -> Result<Cow<'k, [G2Affine]>, BackendError> {
        Ok(Cow::Borrowed(bases))
    }

    fn stream_g1<'k>(
        &'k self,
        points: StreamedPoints<'k, G1Affine>,
    ) -> Result<Cow<'k, [G1Affine]>, BackendError> {
        Ok(Cow::Owned(points.read_all()?))
    }

    fn stream_g2<'k>(
        &'k self,
        points: StreamedPoints<'k, G2Affine>,
    ) -> Result<Cow<'k, [G2Affine]>, BackendError> {
        Ok(Cow::Owned(points.read_all()?))
    }

    fn msm_g1(
        &self,
        bases: &Cow<'_, [G1Affine]>,
        scalars: &[Fr],
    ) -> Result<G1Projective, BackendError> {
        msm(bases, scalars)
    }

    fn msm_g2(
        &self,
        bases: &Cow<'_, [G2Affine]>,
        scalars: &[Fr],
    ) -> Result<G2Projective, BackendError> {
        msm(bases, scalars)
    }

    fn ntt(&self, values: &mut [Fr]) -> Result<(), BackendError> {
        let n = transform_domain(values.len())?.size();
        let root = transform_domain(n)?.root();
        let powers: Vec<Fr> = std::iter::successors(Some(Fr::one()), |power| Some(*power * root))
            .take(n)
            .collect();
        let input = values.to_vec();
        parallel::for_each_mut(values, |k, value| {
            *value = (0..n).map(|j| input[j] * powers[j * k % n]).sum();
        });
        Ok(())
    }
}
