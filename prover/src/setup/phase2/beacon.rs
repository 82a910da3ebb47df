//! Beacons: randomness that nobody could know before a certain time.
//!
//! The value, 1 to 255 bytes, is hashed 2^e times in a row with SHA-256, e from 10 to 63; the 32 bytes
//! that come out seed a stream (`draw`), of which the first scalar is the contribution's x and the first
//! point after it its s. The hashes take the time in which a party that influences the value would have
//! to try alternatives.
//!
//! Cost: 2^e hashes that cannot be done side by side; about ten million a second with SHA instructions.
//! A transcript from outside may ask for 2⁶³, so that a verifier states a limit first.

use ark_bn254::G1Affine;
use sha2::{Digest, Sha256};

use super::draw::Stream;
use super::entropy::Secret;
use crate::observer::Cancellation;

/// Hashes between two looks at the [`Cancellation`]: some milliseconds.
const HASHES_PER_REPORT: u64 = 1 << 16;

/// Why a beacon is refused or was not computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BeaconError {
    /// The value is empty or too long.
    #[error("expected a beacon of 1 to {max} bytes, got {got}", max = Beacon::MAX_BYTES)]
    Length {
        /// Number of bytes.
        got: usize,
    },
    /// The exponent is out of range.
    #[error(
        "expected an exponent of a beacon's iterations from {min} to {max}, got {got}",
        min = Beacon::MIN_ITERATIONS_EXP,
        max = Beacon::MAX_ITERATIONS_EXP
    )]
    IterationsExp {
        /// The exponent.
        got: u8,
    },
    /// More hashes than the verifier is willing to do.
    #[error("expected a beacon of at most {limit} iterations, got 2^{got_exp}")]
    TooManyIterations {
        /// What is left of [`Limits::beacon_iterations`](super::Limits::beacon_iterations).
        limit: u64,
        /// The beacon's exponent.
        got_exp: u8,
    },
    /// The beacon's secret is 0, 1 or −1, which does not happen by chance.
    #[error("expected a beacon whose secret is not 0, 1 or -1, got one of them")]
    Degenerate,
    /// The observer's [`Cancellation`] was raised.
    #[error("the hashing of the beacon was cancelled")]
    Cancelled,
}

/// Hears how far the hashing of a beacon is, and may stop it and the verification of a list. `()` ignores
/// everything.
pub trait BeaconObserver {
    /// So many hashes of `total` are done.
    fn advanced(&mut self, done: u64, total: u64) {
        let _ = (done, total);
    }

    /// The flag that stops the work. It is asked for before each contribution and before each beacon.
    fn cancellation(&self) -> Cancellation {
        Cancellation::new()
    }
}

impl BeaconObserver for () {}

/// A public value and the number of hashes that stretch it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    value: Vec<u8>,
    iterations_exp: u8,
}

impl Beacon {
    /// Bytes of the longest value.
    pub const MAX_BYTES: usize = 255;
    /// The least exponent of the number of iterations.
    pub const MIN_ITERATIONS_EXP: u8 = 10;
    /// The greatest exponent of the number of iterations.
    pub const MAX_ITERATIONS_EXP: u8 = 63;

    /// A beacon of `2^iterations_exp` hashes.
    ///
    /// # Errors
    /// [`BeaconError::Length`] or [`BeaconError::IterationsExp`].
    pub fn new(value: impl Into<Vec<u8>>, iterations_exp: u8) -> Result<Self, BeaconError> {
        let value = value.into();
        if value.is_empty() || value.len() > Self::MAX_BYTES {
            return Err(BeaconError::Length { got: value.len() });
        }
        if !(Self::MIN_ITERATIONS_EXP..=Self::MAX_ITERATIONS_EXP).contains(&iterations_exp) {
            return Err(BeaconError::IterationsExp {
                got: iterations_exp,
            });
        }
        Ok(Self {
            value,
            iterations_exp,
        })
    }

    /// The public value.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// log₂ of the number of hashes.
    #[must_use]
    pub fn iterations_exp(&self) -> u8 {
        self.iterations_exp
    }

    /// The number of hashes.
    #[must_use]
    pub fn iterations(&self) -> u64 {
        1 << self.iterations_exp
    }

    /// Refuses a beacon of more than `limit` hashes.
    pub(in crate::setup) fn check_limit(&self, limit: u64) -> Result<(), BeaconError> {
        if self.iterations() > limit {
            let got_exp = self.iterations_exp;
            return Err(BeaconError::TooManyIterations { limit, got_exp });
        }
        Ok(())
    }

    /// The x and s of the contribution.
    ///
    /// # Errors
    /// [`BeaconError::Cancelled`] or [`BeaconError::Degenerate`].
    pub(super) fn draw(
        &self,
        observer: &mut dyn BeaconObserver,
    ) -> Result<(Secret, G1Affine), BeaconError> {
        let mut stream = self.stream(observer)?;
        let secret = Secret::new(stream.fr()).ok_or(BeaconError::Degenerate)?;
        Ok((secret, stream.g1()))
    }

    /// What all secrets and points of the contribution are drawn from.
    ///
    /// # Errors
    /// [`BeaconError::Cancelled`].
    pub(in crate::setup) fn stream(
        &self,
        observer: &mut dyn BeaconObserver,
    ) -> Result<Stream, BeaconError> {
        Ok(Stream::new(&self.stretch(observer)?))
    }

    /// SHA-256, as often as the exponent says.
    fn stretch(&self, observer: &mut dyn BeaconObserver) -> Result<[u8; 32], BeaconError> {
        let cancellation = observer.cancellation();
        let total = self.iterations();
        let mut hash = Sha256::digest(&self.value);
        let mut done = 1;
        while done < total {
            if cancellation.is_cancelled() {
                return Err(BeaconError::Cancelled);
            }
            let next = (done + HASHES_PER_REPORT).min(total);
            for _ in done..next {
                hash = Sha256::digest(hash);
            }
            done = next;
            observer.advanced(done, total);
        }
        Ok(hash.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::phase2::transcript::g1_to_be_bytes;
    use serde_json::Value;

    #[test]
    fn secrets_and_points_are_those_of_snarkjs() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../../tests/vectors/phase2.json")).unwrap();
        for vector in vectors["beacons"].as_array().unwrap() {
            let value = hex::decode(vector["value"].as_str().unwrap()).unwrap();
            let exp = vector["iterations_exp"].as_u64().unwrap();
            let beacon = Beacon::new(value, exp.try_into().unwrap()).unwrap();
            let (secret, s) = beacon.draw(&mut ()).unwrap();
            assert_eq!(secret.scalar().to_string(), vector["secret"]);
            assert_eq!(hex::encode(g1_to_be_bytes(&s)), vector["s"]);
        }
    }

    #[test]
    fn ranges_are_checked() {
        for got in [0, 256, 1000] {
            let error = Beacon::new(vec![1; got], 10).unwrap_err();
            assert_eq!(error, BeaconError::Length { got });
        }
        for got in [0, 9, 64, 255] {
            let error = Beacon::new([1], got).unwrap_err();
            assert_eq!(error, BeaconError::IterationsExp { got });
        }
        for length in [1, 255] {
            for exp in [10, 63] {
                let beacon = Beacon::new(vec![1; length], exp).unwrap();
                assert_eq!(beacon.iterations(), 1u64 << exp);
            }
        }
    }

    #[test]
    fn limits_are_inclusive() {
        let beacon = Beacon::new([1], 10).unwrap();
        assert_eq!(beacon.check_limit(1024), Ok(()));
        assert_eq!(
            beacon.check_limit(1023),
            Err(BeaconError::TooManyIterations {
                limit: 1023,
                got_exp: 10
            })
        );
    }

    /// Remembers what it hears and cancels after some reports.
    struct Listener {
        heard: Vec<(u64, u64)>,
        cancel_after: usize,
        cancellation: Cancellation,
    }

    impl BeaconObserver for Listener {
        fn advanced(&mut self, done: u64, total: u64) {
            self.heard.push((done, total));
            if self.heard.len() == self.cancel_after {
                self.cancellation.cancel();
            }
        }

        fn cancellation(&self) -> Cancellation {
            self.cancellation.clone()
        }
    }

    fn listener(cancel_after: usize) -> Listener {
        Listener {
            heard: Vec::new(),
            cancel_after,
            cancellation: Cancellation::new(),
        }
    }

    #[test]
    fn progress_ends_at_the_total() {
        let mut listener = listener(usize::MAX);
        let beacon = Beacon::new([1], 17).unwrap();
        assert!(beacon.draw(&mut listener).is_ok());
        let total = 1 << 17;
        assert_eq!(
            listener.heard,
            [(65537, total), (total, total)],
            "the first hash is that of the value"
        );
    }

    #[test]
    fn a_beacon_that_would_take_for_ever_can_be_cancelled() {
        let mut listener = listener(2);
        let beacon = Beacon::new([1], 63).unwrap();
        assert_eq!(
            beacon.draw(&mut listener).err(),
            Some(BeaconError::Cancelled)
        );
        assert_eq!(listener.heard.len(), 2);
    }
}
