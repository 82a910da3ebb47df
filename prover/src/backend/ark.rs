//! Backend `ark`: arkworks' `VariableBaseMSM` and `Radix2EvaluationDomain`, unchanged.
//!
//! Portable and dependable; the yardstick against which the other backends are measured. Bases stay
//! in the key, nothing is copied; those of a streamed key are read whole.

use std::borrow::Cow;

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::VariableBaseMSM;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};

use super::{Backend, BackendError, check_lengths, transform_domain};
use crate::key_file::StreamedPoints;

/// The arkworks backend.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ark;

/// arkworks' domain of exactly `len` elements.
fn radix2(len: usize) -> Result<Radix2EvaluationDomain<Fr>, BackendError> {
    transform_domain(len)?;
    Radix2EvaluationDomain::new(len).ok_or(BackendError::TransformSize { got: len })
}

impl Backend for Ark {
    type G1Bases<'k> = Cow<'k, [G1Affine]>;
    type G2Bases<'k> = Cow<'k, [G2Affine]>;

    fn name(&self) -> &'static str {
        "ark"
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
        check_lengths(bases.len(), scalars.len())?;
        Ok(G1Projective::msm_unchecked(bases, scalars))
    }

    fn msm_g2(
        &self,
        bases: &Cow<'_, [G2Affine]>,
        scalars: &[Fr],
    ) -> Result<G2Projective, BackendError> {
        check_lengths(bases.len(), scalars.len())?;
        Ok(G2Projective::msm_unchecked(bases, scalars))
    }

    fn ntt(&self, values: &mut [Fr]) -> Result<(), BackendError> {
        with_vec(values, |domain, values| domain.fft_in_place(values))
    }

    fn intt(&self, values: &mut [Fr]) -> Result<(), BackendError> {
        with_vec(values, |domain, values| domain.ifft_in_place(values))
    }
}

/// arkworks transforms vectors only, so the slice is copied in and out.
fn with_vec(
    values: &mut [Fr],
    transform: impl FnOnce(&Radix2EvaluationDomain<Fr>, &mut Vec<Fr>),
) -> Result<(), BackendError> {
    let domain = radix2(values.len())?;
    let mut vector = values.to_vec();
    transform(&domain, &mut vector);
    values.copy_from_slice(&vector);
    Ok(())
}
