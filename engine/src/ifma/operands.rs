//! Where the operands of a group lie: references turned into addresses, and the loads and stores of
//! coordinates.

use core::arch::x86_64::*;
use std::ptr::with_exposed_provenance;

use super::curve::Point;
use super::limbs::{gather_words, scatter_words, simd};
use crate::curve::{INDEX_BITS, NUM_SOURCES, Ref, Sources};

/// Pairs in a group.
pub(super) const LANES: usize = 8;

/// The operands of a group.
#[derive(Clone, Copy)]
pub(super) struct Operands {
    /// Lane by lane, the addresses of the first and the second one.
    pub(super) addresses: [usize; 2 * LANES],
    /// Which first and which second ones are negated.
    pub(super) negative: [u8; 2],
}

impl Operands {
    /// No operands.
    pub(super) const NONE: Self = Self {
        addresses: [0; 2 * LANES],
        negative: [0; 2],
    };

    simd! {
    /// Component `component` of the first (0) or second (1) operands: over the field of degree D,
    /// the components of x are 0..D and those of y D..2·D.
    ///
    /// # Safety
    /// The addresses are those of points.
    pub(super) unsafe fn gather(&self, operand: usize, component: usize) -> [__m512i; 4] {
        let mut lanes = [std::ptr::null(); LANES];
        for (lane, address) in lanes.iter_mut().enumerate() {
            let point = with_exposed_provenance::<u8>(self.addresses[2 * lane + operand]);
            *address = point.wrapping_add(32 * component);
        }
        // SAFETY: the caller's promise.
        unsafe { gather_words(&lanes) }
    }
    }

    simd! {
    /// Fetches their cache lines.
    pub(super) fn prefetch<const D: usize>(&self) {
        for address in self.addresses {
            prefetch::<D, _MM_HINT_T0>(address);
        }
    }
    }
}

/// Turns references into addresses.
///
/// The four high bits of a reference choose an entry of a table; the address is that entry plus the
/// whole reference times the size of a point. So the entry is the source's address minus what the
/// four bits contribute to the multiple.
#[derive(Clone, Copy)]
pub(super) struct Resolver<const D: usize> {
    table: [usize; 2 * NUM_SOURCES],
}

impl<const D: usize> Resolver<D> {
    const SHIFT: u32 = size_of::<Point<D>>().ilog2();

    /// The table of `sources`.
    pub(super) fn new(sources: &Sources<'_, Point<D>>) -> Self {
        const { assert!(size_of::<Point<D>>().is_power_of_two()) }
        Self {
            table: std::array::from_fn(|entry| {
                let base = sources[entry % NUM_SOURCES].as_ptr().expose_provenance();
                base.wrapping_sub(entry << (INDEX_BITS + Self::SHIFT))
            }),
        }
    }

    /// Where a point lies.
    pub(super) fn address(&self, reference: Ref) -> usize {
        let entry = (reference.0 >> INDEX_BITS) as usize;
        self.table[entry].wrapping_add((reference.0 as usize) << Self::SHIFT)
    }

    /// What [`Self::resolve`] does, for a group with fewer pairs, the others being the two points of
    /// `padding`.
    #[cold]
    pub(super) fn resolve_last(&self, pairs: &[Ref], padding: &[Point<D>; 2]) -> Operands {
        let addresses = std::array::from_fn(|i| match pairs.get(i) {
            Some(reference) => self.address(*reference),
            None => (&raw const padding[i % 2]).expose_provenance(),
        });
        let mut negative = [0; 2];
        for (i, reference) in pairs.iter().enumerate() {
            negative[i % 2] |= u8::from(reference.is_negative()) << (i / 2);
        }
        Operands {
            addresses,
            negative,
        }
    }

    simd! {
    /// The operands of a group.
    pub(super) fn resolve(&self, pairs: &[Ref; 2 * LANES]) -> Operands {
        // SAFETY: 16 words of 64 bits, and 16 of 32 bits.
        let (low, high, references) = unsafe {
            let table = self.table.as_ptr();
            (
                _mm512_loadu_si512(table.cast()),
                _mm512_loadu_si512(table.add(8).cast()),
                _mm512_loadu_si512(pairs.as_ptr().cast()),
            )
        };
        let halves = [
            _mm512_castsi512_si256(references),
            _mm512_extracti64x4_epi64::<1>(references),
        ];
        let mut addresses = [0; 2 * LANES];
        for (half, chunk) in halves.into_iter().zip(addresses.chunks_exact_mut(8)) {
            let wide = _mm512_cvtepu32_epi64(half);
            let entry = _mm512_srli_epi64::<INDEX_BITS>(wide);
            let base = _mm512_permutex2var_epi64(low, entry, high);
            let offset = _mm512_sll_epi64(wide, _mm_cvtsi32_si128(Self::SHIFT as i32));
            // SAFETY: eight words.
            unsafe { _mm512_storeu_si512(chunk.as_mut_ptr().cast(), _mm512_add_epi64(base, offset)) };
        }
        let signs = u32::from(_mm512_movepi32_mask(references));
        let negative = [_pext_u32(signs, 0x5555) as u8, _pext_u32(signs, 0xaaaa) as u8];
        Operands { addresses, negative }
    }
    }
}

simd! {
/// Stores coordinate words as component `component` of eight points.
///
/// # Safety
/// Eight points are writable.
pub(super) unsafe fn scatter<const D: usize>(out: *mut Point<D>, component: usize, words: [__m512i; 4]) {
    let mut lanes = [std::ptr::null_mut(); LANES];
    for (lane, address) in lanes.iter_mut().enumerate() {
        *address = out.wrapping_add(lane).cast::<u8>().wrapping_add(32 * component);
    }
    // SAFETY: the caller's promise.
    unsafe { scatter_words(&lanes, words) }
}
}

simd! {
/// Fetches the cache lines of a point.
pub(super) fn prefetch<const D: usize, const HINT: i32>(address: usize) {
    let line = with_exposed_provenance::<i8>(address);
    for i in 0..size_of::<Point<D>>() / 64 {
        _mm_prefetch::<HINT>(line.wrapping_add(64 * i));
    }
}
}
