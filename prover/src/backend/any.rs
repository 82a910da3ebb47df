//! A backend chosen at run time.
//!
//! [`AnyBackend`] has one variant for each backend that this build contains and implements
//! [`Backend`] by passing every call on, the overridable ones included. The cost is one branch per
//! call, and a call lasts milliseconds.

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};

use super::{Ark, Backend, BackendError, Naive};

/// One of the backends of this build.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AnyBackend {
    /// The reference.
    Naive(Naive),
    /// arkworks.
    Ark(Ark),
}

/// G1 bases of whichever backend loaded them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AnyG1Bases<'k> {
    /// Bases of [`Naive`].
    Naive(<Naive as Backend>::G1Bases<'k>),
    /// Bases of [`Ark`].
    Ark(<Ark as Backend>::G1Bases<'k>),
}

/// G2 bases of whichever backend loaded them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AnyG2Bases<'k> {
    /// Bases of [`Naive`].
    Naive(<Naive as Backend>::G2Bases<'k>),
    /// Bases of [`Ark`].
    Ark(<Ark as Backend>::G2Bases<'k>),
}

/// Evaluates `$call` with `$backend` bound to the backend inside.
macro_rules! forward {
    ($self:ident, $backend:ident => $call:expr) => {
        match $self {
            AnyBackend::Naive($backend) => $call,
            AnyBackend::Ark($backend) => $call,
        }
    };
}

impl Backend for AnyBackend {
    type G1Bases<'k> = AnyG1Bases<'k>;
    type G2Bases<'k> = AnyG2Bases<'k>;

    fn name(&self) -> &'static str {
        forward!(self, backend => backend.name())
    }

    fn load_g1<'k>(&'k self, bases: &'k [G1Affine]) -> Result<AnyG1Bases<'k>, BackendError> {
        Ok(match self {
            Self::Naive(backend) => AnyG1Bases::Naive(backend.load_g1(bases)?),
            Self::Ark(backend) => AnyG1Bases::Ark(backend.load_g1(bases)?),
        })
    }

    fn load_g2<'k>(&'k self, bases: &'k [G2Affine]) -> Result<AnyG2Bases<'k>, BackendError> {
        Ok(match self {
            Self::Naive(backend) => AnyG2Bases::Naive(backend.load_g2(bases)?),
            Self::Ark(backend) => AnyG2Bases::Ark(backend.load_g2(bases)?),
        })
    }

    fn msm_g1(&self, bases: &AnyG1Bases<'_>, scalars: &[Fr]) -> Result<G1Projective, BackendError> {
        match (self, bases) {
            (Self::Naive(backend), AnyG1Bases::Naive(bases)) => backend.msm_g1(bases, scalars),
            (Self::Ark(backend), AnyG1Bases::Ark(bases)) => backend.msm_g1(bases, scalars),
            _ => Err(BackendError::ForeignBases {
                expected: self.name(),
            }),
        }
    }

    fn msm_g2(&self, bases: &AnyG2Bases<'_>, scalars: &[Fr]) -> Result<G2Projective, BackendError> {
        match (self, bases) {
            (Self::Naive(backend), AnyG2Bases::Naive(bases)) => backend.msm_g2(bases, scalars),
            (Self::Ark(backend), AnyG2Bases::Ark(bases)) => backend.msm_g2(bases, scalars),
            _ => Err(BackendError::ForeignBases {
                expected: self.name(),
            }),
        }
    }

    fn ntt(&self, values: &mut [Fr]) -> Result<(), BackendError> {
        forward!(self, backend => backend.ntt(values))
    }

    fn intt(&self, values: &mut [Fr]) -> Result<(), BackendError> {
        forward!(self, backend => backend.intt(values))
    }

    fn coset_ntt(&self, values: &mut [Fr], shift: Fr) -> Result<(), BackendError> {
        forward!(self, backend => backend.coset_ntt(values, shift))
    }

    fn coset_intt(&self, values: &mut [Fr], shift: Fr) -> Result<(), BackendError> {
        forward!(self, backend => backend.coset_intt(values, shift))
    }

    fn quotient(&self, a: Vec<Fr>, b: Vec<Fr>) -> Result<Vec<Fr>, BackendError> {
        forward!(self, backend => backend.quotient(a, b))
    }
}
