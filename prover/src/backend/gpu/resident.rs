//! Operations on scalars that are on the device: what it needs without the way there and back, to be
//! measured, and for one operation that follows another.

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ff::AdditiveGroup;

use super::super::queries::Share;
use super::super::{
    BackendError, ProductFactors, Queries, QuerySums, check_factors, check_lengths,
    transform_domain,
};
use super::backend::{Columns, GpuBackend, GpuBases, check_queries};
use super::recording::{Data, Executor, Recording, View};
use super::transforms::read_values;
use crate::observer::Cancellation;

/// Scalars on the device.
#[derive(Clone, Debug)]
pub struct GpuScalars<B> {
    view: View<B>,
    len: usize,
}

impl<E: Executor> GpuBackend<E> {
    /// Puts scalars on the device.
    ///
    /// # Errors
    /// If there are none, or the device has no room.
    pub fn load_scalars(&self, scalars: &[Fr]) -> Result<GpuScalars<E::Buffer>, BackendError> {
        let data = Data::Scalars(scalars);
        let words = data.words();
        let view = View::resident(self.executor.resident("scalars", words)?, words);
        let mut recording = Recording::default();
        recording.write(&view, data);
        self.executor.run(recording, &Cancellation::new())?;
        let len = scalars.len();
        Ok(GpuScalars { view, len })
    }

    /// Brings scalars back from the device.
    ///
    /// # Errors
    /// If the device fails.
    pub fn read_scalars(&self, scalars: &GpuScalars<E::Buffer>) -> Result<Vec<Fr>, BackendError> {
        let mut recording = Recording::default();
        recording.read(&scalars.view);
        let words = self.executor.run(recording, &Cancellation::new())?;
        let mut values = vec![Fr::ZERO; scalars.len];
        read_values(&words[0], &mut values)?;
        Ok(values)
    }

    /// As [`Backend::msm_g1`](crate::Backend::msm_g1) for scalars on the device.
    ///
    /// # Errors
    /// As there.
    pub fn msm_g1_resident(
        &self,
        bases: &GpuBases<E::Buffer>,
        scalars: &GpuScalars<E::Buffer>,
    ) -> Result<G1Projective, BackendError> {
        check_lengths(bases.0.len, scalars.len)?;
        self.run_msm::<G1Affine>(
            Recording::default(),
            bases,
            Some(&scalars.view),
            scalars.len,
        )
    }

    /// As [`Backend::msm_g2`](crate::Backend::msm_g2) for scalars on the device.
    ///
    /// # Errors
    /// As there.
    pub fn msm_g2_resident(
        &self,
        bases: &GpuBases<E::Buffer>,
        scalars: &GpuScalars<E::Buffer>,
    ) -> Result<G2Projective, BackendError> {
        check_lengths(bases.0.len, scalars.len)?;
        self.run_msm::<G2Affine>(
            Recording::default(),
            bases,
            Some(&scalars.view),
            scalars.len,
        )
    }

    /// As [`Backend::ntt`](crate::Backend::ntt) for at least two values on the device. `spare` is as
    /// long; the values end in the one
    /// of the two that is returned, and the other is overwritten.
    ///
    /// # Errors
    /// As there.
    pub fn ntt_resident<'a>(
        &self,
        values: &'a GpuScalars<E::Buffer>,
        spare: &'a GpuScalars<E::Buffer>,
    ) -> Result<&'a GpuScalars<E::Buffer>, BackendError> {
        transform_domain(values.len)?;
        check_lengths(values.len, spare.len)?;
        if values.len < 2 {
            return Err(BackendError::TransformSize { got: values.len });
        }
        let mut recording = Recording::default();
        let executor = &*self.executor;
        let result =
            self.transforms
                .record_ntt(executor, &mut recording, &values.view, &spare.view)?;
        self.executor.run(recording, &Cancellation::new())?;
        let in_place = result.buffer == values.view.buffer;
        Ok(if in_place { values } else { spare })
    }
}

/// What [`ProductFactors`] are, on the device.
#[derive(Clone, Debug)]
pub struct GpuFactors<B> {
    assignment: GpuScalars<B>,
    num_instance: usize,
    a: GpuScalars<B>,
    b: GpuScalars<B>,
}

impl<E: Executor> GpuBackend<E> {
    /// Puts on the device what a proof is made of.
    ///
    /// # Errors
    /// If the lengths are not those of a domain, or the device has no room.
    pub fn load_factors(
        &self,
        factors: &ProductFactors<'_>,
    ) -> Result<GpuFactors<E::Buffer>, BackendError> {
        check_factors(&factors.a, &factors.b)?;
        Ok(GpuFactors {
            assignment: self.load_scalars(factors.assignment)?,
            num_instance: factors.num_instance,
            a: self.load_scalars(&factors.a)?,
            b: self.load_scalars(&factors.b)?,
        })
    }

    /// As [`Backend::proof_sums`](crate::Backend::proof_sums) with all that it needs on the device, where it stays.
    ///
    /// # Errors
    /// As there.
    pub fn proof_sums_resident(
        &self,
        queries: &Queries<'_, GpuBases<E::Buffer>, GpuBases<E::Buffer>>,
        factors: &GpuFactors<E::Buffer>,
    ) -> Result<QuerySums, BackendError> {
        let GpuFactors {
            assignment,
            num_instance,
            a,
            b,
        } = factors;
        let num_h = queries.h_basis.num_points(transform_domain(a.len)?)?;
        check_queries(queries, assignment.len, *num_instance, num_h)?;
        let mut recording = Recording::default();
        let columns = Columns {
            view: Some(assignment.view.clone()),
            count: assignment.len,
            num_instance: *num_instance,
        };
        // The quotient overwrites its factors.
        let factors = [a, b].map(|values| {
            let copy = recording.temporary("factor", values.view.words);
            recording.copy(&values.view, &copy);
            copy
        });
        self.quotient_and_sums(
            recording,
            queries,
            &columns,
            &factors,
            Share::ALL,
            (&Cancellation::new(), &mut ()),
        )
    }
}
