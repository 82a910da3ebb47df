//! Points on the device.

use ark_bn254::{Fq, Fq2, G1Projective, G2Projective, g1, g2};
use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::Affine;
use ark_ff::{Field, PrimeField};
use zkroll_shaders::params::ConvertPointsParams;
use zkroll_shaders::{Curve, Kernel, Layout};

use super::super::error::GpuError;
use super::super::recording::{Data, Executor, Recording, View};
use super::super::words::{self, ELEMENT_WORDS};
use crate::observer::Cancellation;
use crate::parallel;

/// Points that are converted to words at once.
const PIECE_POINTS: usize = 1 << 14;

/// A coordinate field as the shaders hold it.
pub trait GpuCoordinate: Field {
    /// 32-bit words.
    const WORDS: usize;

    /// arkworks' own Montgomery form, low words first.
    fn to_mont_words(&self, words: &mut [u32]);

    /// From the form that radix R, whose inverse is given, makes of it; `None` if it is not below the
    /// modulus.
    fn from_words(words: &[u32], radix_inverse: Fq) -> Option<Self>;
}

impl GpuCoordinate for Fq {
    const WORDS: usize = ELEMENT_WORDS;

    fn to_mont_words(&self, words: &mut [u32]) {
        words.copy_from_slice(&words::words(self.0));
    }

    fn from_words(words: &[u32], radix_inverse: Fq) -> Option<Self> {
        Some(Self::from_bigint(words::integer(words))? * radix_inverse)
    }
}

impl GpuCoordinate for Fq2 {
    const WORDS: usize = 2 * ELEMENT_WORDS;

    fn to_mont_words(&self, words: &mut [u32]) {
        let (c0, c1) = words.split_at_mut(ELEMENT_WORDS);
        self.c0.to_mont_words(c0);
        self.c1.to_mont_words(c1);
    }

    fn from_words(words: &[u32], radix_inverse: Fq) -> Option<Self> {
        let (c0, c1) = words.split_at(ELEMENT_WORDS);
        let component = |words| Fq::from_words(words, radix_inverse);
        Some(Self::new(component(c0)?, component(c1)?))
    }
}

/// A point that the shaders can add up.
pub trait GpuPoint: AffineRepr {
    /// The field of its coordinates.
    type Coordinate: GpuCoordinate;

    /// Its group.
    const CURVE: Curve;

    /// x and y; `None` for infinity.
    fn coordinates(&self) -> Option<[Self::Coordinate; 2]>;

    /// The point with x = X/ZZ, y = Y/ZZZ.
    fn from_xyzz(coordinates: [Self::Coordinate; 4]) -> Self::Group;

    /// Coordinates in arkworks' form; all zeros for infinity.
    fn to_words(&self, words: &mut [u32]) {
        match self.coordinates() {
            None => words.fill(0),
            Some(coordinates) => {
                let words = words.chunks_exact_mut(Self::Coordinate::WORDS);
                for (coordinate, words) in coordinates.iter().zip(words) {
                    coordinate.to_mont_words(words);
                }
            }
        }
    }
}

macro_rules! gpu_point {
    ($affine:ty, $projective:ty, $coordinate:ty, $curve:expr) => {
        impl GpuPoint for $affine {
            type Coordinate = $coordinate;

            const CURVE: Curve = $curve;

            fn coordinates(&self) -> Option<[$coordinate; 2]> {
                self.xy().map(|(x, y)| [x, y])
            }

            // Jacobian with Z = ZZ: X·ZZ/ZZ² = X/ZZ and, as ZZ³ = ZZZ², Y·ZZZ/ZZ³ = Y/ZZZ.
            fn from_xyzz([x, y, zz, zzz]: [$coordinate; 4]) -> $projective {
                <$projective>::new_unchecked(x * zz, y * zzz, zz)
            }
        }
    };
}

gpu_point!(Affine<g1::Config>, G1Projective, Fq, Curve::G1);
gpu_point!(Affine<g2::Config>, G2Projective, Fq2, Curve::G2);

/// A part of a list that one buffer holds.
#[derive(Clone, Debug)]
pub struct Segment<B> {
    /// The points' words.
    pub view: View<B>,
    /// Index of its first point in the list.
    pub start: usize,
    /// Number of points.
    pub len: usize,
}

/// A list of points on the device, in the layout's Montgomery form.
#[derive(Clone, Debug)]
pub struct Bases<B> {
    /// The group.
    pub curve: Curve,
    /// Number of points.
    pub len: usize,
    /// The buffers, each as large as the adapter's limit allows.
    pub segments: Vec<Segment<B>>,
}

impl<B: Clone> Bases<B> {
    /// Puts `len` points on the device; `read` gives those from an index on.
    ///
    /// # Errors
    /// If the device has no room, or `read` fails.
    pub fn load<E, P, Error>(
        executor: &E,
        len: usize,
        mut read: impl FnMut(usize, &mut [P]) -> Result<(), Error>,
    ) -> Result<Self, Error>
    where
        E: Executor<Buffer = B>,
        P: GpuPoint,
        Error: From<GpuError>,
    {
        let words = P::CURVE.affine_words();
        let most = (executor.limits().binding_words as usize / words).max(1);
        let mut segments = Vec::new();
        for start in (0..len).step_by(most) {
            let len = most.min(len - start);
            let total = (len * words) as u64;
            let buffer = executor.resident("points", total)?;
            let view = View::resident(buffer, total);
            for piece in (0..len).step_by(PIECE_POINTS) {
                let mut points = vec![P::zero(); PIECE_POINTS.min(len - piece)];
                read(start + piece, &mut points)?;
                let mut data = vec![0; points.len() * words];
                parallel::for_each_chunk_mut(&mut data, 1024 * words, |chunk, out| {
                    let points = &points[1024 * chunk..];
                    for (point, words) in points.iter().zip(out.chunks_exact_mut(words)) {
                        point.to_words(words);
                    }
                });
                let mut recording = Recording::default();
                let target = view.part((piece * words) as u64, data.len() as u64);
                recording.write(&target, Data::Words(data));
                executor.run(recording, &Cancellation::new())?;
            }
            convert(executor, P::CURVE, &view, len)?;
            segments.push(Segment { view, start, len });
        }
        Ok(Self {
            curve: P::CURVE,
            len,
            segments,
        })
    }
}

/// Brings a segment from arkworks' form to the layout's.
fn convert<E: Executor>(
    executor: &E,
    curve: Curve,
    view: &View<E::Buffer>,
    len: usize,
) -> Result<(), GpuError> {
    if executor.layout() == Layout::Limbs8x32 {
        return Ok(()); // arkworks' own form
    }
    let mut recording = Recording::default();
    let count = len as u32;
    let work = curve.affine_words() as u64 / 8;
    recording.dispatch_in_parts(
        executor.limits(),
        Kernel::ConvertPoints(curve),
        std::slice::from_ref(view),
        (count, work),
        |base| ConvertPointsParams { base, count }.words(),
    );
    executor.run(recording, &Cancellation::new())?;
    Ok(())
}
