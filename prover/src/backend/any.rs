//! A backend chosen at run time.
//!
//! [`AnyBackend`] has one variant for each backend that this build contains and implements
//! [`Backend`] by passing every call on, the overridable ones included. The cost is one branch per
//! call, and a call lasts milliseconds. A new backend is one line of [`any_backend!`]'s list.

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};

#[cfg(target_arch = "x86_64")]
use super::Ifma;
#[cfg(feature = "gpu")]
use super::gpu::{Device, Gpu};
#[cfg(feature = "gpu")]
use super::side_by_side::SideBySide;
use super::{
    Ark, Backend, BackendError, Cpu, Naive, Outside, ProductFactors, Queries, QueryScalars,
    QuerySums,
};
use crate::key::HBasis;
use crate::key_file::StreamedPoints;
use crate::observer::{Cancellation, Observer};

macro_rules! any_backend {
    ($($(#[doc = $doc:literal])* $(#[cfg($cfg:meta)])? $name:ident,)*) => {
        /// One of the backends of this build.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum AnyBackend {
            $($(#[doc = $doc])* $(#[cfg($cfg)])? $name($name),)*
        }

        /// G1 bases of whichever backend loaded them.
        #[derive(Debug)]
        #[non_exhaustive]
        pub enum AnyG1Bases<'k> {
            $($(#[doc = $doc])* $(#[cfg($cfg)])? $name(<$name as Backend>::G1Bases<'k>),)*
        }

        /// G2 bases of whichever backend loaded them.
        #[derive(Debug)]
        #[non_exhaustive]
        pub enum AnyG2Bases<'k> {
            $($(#[doc = $doc])* $(#[cfg($cfg)])? $name(<$name as Backend>::G2Bases<'k>),)*
        }

        /// Evaluates `$call` with `$backend` bound to the backend inside.
        macro_rules! forward {
            ($any:expr, $backend:ident => $call:expr) => {
                match $any {
                    $($(#[cfg($cfg)])? AnyBackend::$name($backend) => $call,)*
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
                    $($(#[cfg($cfg)])? Self::$name(backend) => {
                        AnyG1Bases::$name(backend.load_g1(bases)?)
                    })*
                })
            }

            fn load_g2<'k>(&'k self, bases: &'k [G2Affine]) -> Result<AnyG2Bases<'k>, BackendError> {
                Ok(match self {
                    $($(#[cfg($cfg)])? Self::$name(backend) => {
                        AnyG2Bases::$name(backend.load_g2(bases)?)
                    })*
                })
            }

            fn load_g1_with_table<'k>(
                &'k self,
                bases: &'k [G1Affine],
                table_bytes: usize,
            ) -> Result<AnyG1Bases<'k>, BackendError> {
                Ok(match self {
                    $($(#[cfg($cfg)])? Self::$name(backend) => {
                        AnyG1Bases::$name(backend.load_g1_with_table(bases, table_bytes)?)
                    })*
                })
            }

            fn stream_g1<'k>(
                &'k self,
                points: StreamedPoints<'k, G1Affine>,
            ) -> Result<AnyG1Bases<'k>, BackendError> {
                Ok(match self {
                    $($(#[cfg($cfg)])? Self::$name(backend) => {
                        AnyG1Bases::$name(backend.stream_g1(points)?)
                    })*
                })
            }

            fn load_g2_with_table<'k>(
                &'k self,
                bases: &'k [G2Affine],
                table_bytes: usize,
            ) -> Result<AnyG2Bases<'k>, BackendError> {
                Ok(match self {
                    $($(#[cfg($cfg)])? Self::$name(backend) => {
                        AnyG2Bases::$name(backend.load_g2_with_table(bases, table_bytes)?)
                    })*
                })
            }

            fn stream_g2<'k>(
                &'k self,
                points: StreamedPoints<'k, G2Affine>,
            ) -> Result<AnyG2Bases<'k>, BackendError> {
                Ok(match self {
                    $($(#[cfg($cfg)])? Self::$name(backend) => {
                        AnyG2Bases::$name(backend.stream_g2(points)?)
                    })*
                })
            }

            fn msm_g1(
                &self,
                bases: &AnyG1Bases<'_>,
                scalars: &[Fr],
            ) -> Result<G1Projective, BackendError> {
                match (self, bases) {
                    $($(#[cfg($cfg)])? (Self::$name(backend), AnyG1Bases::$name(bases)) => {
                        backend.msm_g1(bases, scalars)
                    })*
                    _ => Err(self.foreign_bases()),
                }
            }

            fn msm_g2(
                &self,
                bases: &AnyG2Bases<'_>,
                scalars: &[Fr],
            ) -> Result<G2Projective, BackendError> {
                match (self, bases) {
                    $($(#[cfg($cfg)])? (Self::$name(backend), AnyG2Bases::$name(bases)) => {
                        backend.msm_g2(bases, scalars)
                    })*
                    _ => Err(self.foreign_bases()),
                }
            }

            fn query_sums(
                &self,
                queries: &Queries<'_, AnyG1Bases<'_>, AnyG2Bases<'_>>,
                scalars: QueryScalars<'_>,
                cancellation: &Cancellation,
                observer: &mut dyn Observer,
            ) -> Result<QuerySums, BackendError> {
                match (self, queries) {
                    $($(#[cfg($cfg)])? (
                        Self::$name(backend),
                        Queries {
                            a: AnyG1Bases::$name(a),
                            b_g1: AnyG1Bases::$name(b_g1),
                            b_g2: AnyG2Bases::$name(b_g2),
                            h: AnyG1Bases::$name(h),
                            h_basis,
                            l: AnyG1Bases::$name(l),
                        },
                    ) => {
                        let queries = Queries { a, b_g1, b_g2, h, h_basis: *h_basis, l };
                        backend.query_sums(&queries, scalars, cancellation, observer)
                    })*
                    _ => Err(self.foreign_bases()),
                }
            }

            fn proof_sums(
                &self,
                queries: &Queries<'_, AnyG1Bases<'_>, AnyG2Bases<'_>>,
                factors: ProductFactors<'_>,
                cancellation: &Cancellation,
                observer: &mut dyn Observer,
            ) -> Result<QuerySums, BackendError> {
                match (self, queries) {
                    $($(#[cfg($cfg)])? (
                        Self::$name(backend),
                        Queries {
                            a: AnyG1Bases::$name(a),
                            b_g1: AnyG1Bases::$name(b_g1),
                            b_g2: AnyG2Bases::$name(b_g2),
                            h: AnyG1Bases::$name(h),
                            h_basis,
                            l: AnyG1Bases::$name(l),
                        },
                    ) => {
                        let queries = Queries { a, b_g1, b_g2, h, h_basis: *h_basis, l };
                        backend.proof_sums(&queries, factors, cancellation, observer)
                    })*
                    _ => Err(self.foreign_bases()),
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

            fn h_scalars(
                &self,
                basis: HBasis,
                a: Vec<Fr>,
                b: Vec<Fr>,
            ) -> Result<Vec<Fr>, BackendError> {
                forward!(self, backend => backend.h_scalars(basis, a, b))
            }

            fn multiply_all_g1(&self, points: &mut [G1Affine], scalar: Fr) {
                forward!(self, backend => backend.multiply_all_g1(points, scalar));
            }

            fn multiply_each_g1(
                &self,
                points: &[G1Affine],
                scalars: &[Fr],
            ) -> Result<Vec<G1Affine>, BackendError> {
                forward!(self, backend => backend.multiply_each_g1(points, scalars))
            }

            fn multiply_each_g2(
                &self,
                points: &[G2Affine],
                scalars: &[Fr],
            ) -> Result<Vec<G2Affine>, BackendError> {
                forward!(self, backend => backend.multiply_each_g2(points, scalars))
            }

            fn first_outside_g1(&self, points: &[G1Affine]) -> Option<Outside> {
                forward!(self, backend => backend.first_outside_g1(points))
            }

            fn first_outside_g2(&self, points: &[G2Affine]) -> Option<Outside> {
                forward!(self, backend => backend.first_outside_g2(points))
            }
        }
    };
}

any_backend! {
    /// The reference.
    Naive,
    /// arkworks.
    Ark,
    /// The engine on portable arithmetic.
    Cpu,
    /// The engine on AVX-512 IFMA.
    #[cfg(target_arch = "x86_64")]
    Ifma,
    /// Compute shaders.
    #[cfg(feature = "gpu")]
    Gpu,
    /// The GPU beside the engine on portable arithmetic.
    #[cfg(feature = "gpu")]
    GpuAndCpu,
    /// The GPU beside the engine on AVX-512 IFMA.
    #[cfg(all(feature = "gpu", target_arch = "x86_64"))]
    GpuAndIfma,
}

/// The GPU beside portable arithmetic.
#[cfg(feature = "gpu")]
type GpuAndCpu = SideBySide<Cpu, Device>;

/// The GPU beside AVX-512 IFMA.
#[cfg(all(feature = "gpu", target_arch = "x86_64"))]
type GpuAndIfma = SideBySide<Ifma, Device>;

impl AnyBackend {
    fn foreign_bases(&self) -> BackendError {
        BackendError::ForeignBases {
            expected: self.name(),
        }
    }
}
