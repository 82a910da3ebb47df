//! Eight integers side by side in five vectors of 52-bit limbs.
//!
//! Lane l of [`Limbs`] `a` holds `Σ_i a[i][l]·2^(52·i)`. The limbs of a *normalised* value are below
//! 2^52 (the top one may be larger); in between, limbs are signed 64-bit integers whose 12 spare bits
//! take the carries of thousands of additions.
//!
//! Everything here is safe inside a function with the same target features: the only unsafe
//! operations are loads and stores through pointers.

use core::arch::x86_64::*;

use super::modulus::MASK52;

/// Five limbs of eight lanes.
pub(crate) type Limbs = [__m512i; 5];

/// Defines a function with the instruction sets that [`Ifma`](super::Ifma) stands for. The list is
/// the same everywhere, which is what lets such functions inline into each other.
///
/// `outlined` in front makes it a function of its own: one that is called seldom, or once per batch.
macro_rules! simd {
    (outlined $($definition:tt)*) => {
        simd!(@define inline(never), $($definition)*);
    };
    (@define $inline:meta, $(#[$attribute:meta])* $visibility:vis fn $($rest:tt)*) => {
        $(#[$attribute])*
        #[$inline]
        #[target_feature(
            enable = "avx512f,avx512ifma,avx512dq,avx512vl,avx512bw,avx512vbmi,avx512vbmi2,bmi2"
        )]
        $visibility fn $($rest)*
    };
    (@define $inline:meta, $(#[$attribute:meta])* $visibility:vis unsafe fn $($rest:tt)*) => {
        $(#[$attribute])*
        #[$inline]
        #[target_feature(
            enable = "avx512f,avx512ifma,avx512dq,avx512vl,avx512bw,avx512vbmi,avx512vbmi2,bmi2"
        )]
        $visibility unsafe fn $($rest)*
    };
    ($($definition:tt)*) => {
        simd!(@define inline, $($definition)*);
    };
}
pub(crate) use simd;

simd! {
/// The same integer in every lane.
pub(crate) fn splat(x: u64) -> __m512i {
    _mm512_set1_epi64(x as i64)
}
}

simd! {
/// The same value in every lane.
pub(crate) fn broadcast(limbs: &[u64; 5]) -> Limbs {
    [splat(limbs[0]), splat(limbs[1]), splat(limbs[2]), splat(limbs[3]), splat(limbs[4])]
}
}

simd! {
/// Zero in every lane.
pub(crate) fn zero() -> Limbs {
    [_mm512_setzero_si512(); 5]
}
}

simd! {
/// `a + b`, limb by limb, without carries.
pub(crate) fn add(a: &Limbs, b: &Limbs) -> Limbs {
    let mut sum = *a;
    for i in 0..5 {
        sum[i] = _mm512_add_epi64(a[i], b[i]);
    }
    sum
}
}

simd! {
/// `a − b`, limb by limb, without borrows.
pub(crate) fn sub(a: &Limbs, b: &Limbs) -> Limbs {
    let mut difference = *a;
    for i in 0..5 {
        difference[i] = _mm512_sub_epi64(a[i], b[i]);
    }
    difference
}
}

simd! {
/// Lanes of `b` where the mask has a one, lanes of `a` elsewhere.
pub(crate) fn select(mask: __mmask8, a: &Limbs, b: &Limbs) -> Limbs {
    let mut chosen = *a;
    for i in 0..5 {
        chosen[i] = _mm512_mask_mov_epi64(a[i], mask, b[i]);
    }
    chosen
}
}

simd! {
/// Carries signed limbs into the next ones: limbs 0..4 end below 2^52, the top one keeps the sign.
pub(crate) fn normalise(a: &Limbs) -> Limbs {
    let mask = splat(MASK52);
    let mut limbs = *a;
    for i in 0..4 {
        limbs[i + 1] = _mm512_add_epi64(limbs[i + 1], _mm512_srai_epi64::<52>(limbs[i]));
        limbs[i] = _mm512_and_si512(limbs[i], mask);
    }
    limbs
}
}

simd! {
/// A normalised value below 2^256 in 64-bit words: vector i holds word i of every lane.
///
/// A shift by 12 brings the 52 bits of a limb to the top, a double-width shift appends the low bits
/// of the next; what a limb may hold above its 52 bits falls out, so that the compiler can drop the
/// masks of a [`normalise`] that feeds nothing else.
pub(crate) fn pack(a: &Limbs) -> [__m512i; 4] {
    [
        _mm512_shrdi_epi64::<12>(_mm512_slli_epi64::<12>(a[0]), a[1]),
        _mm512_shrdi_epi64::<24>(_mm512_slli_epi64::<12>(a[1]), a[2]),
        _mm512_shrdi_epi64::<36>(_mm512_slli_epi64::<12>(a[2]), a[3]),
        _mm512_shrdi_epi64::<48>(_mm512_slli_epi64::<12>(a[3]), a[4]),
    ]
}
}

simd! {
/// The inverse of [`pack`].
pub(crate) fn unpack(words: [__m512i; 4]) -> Limbs {
    let mask = splat(MASK52);
    [
        _mm512_and_si512(words[0], mask),
        _mm512_and_si512(_mm512_shrdi_epi64::<52>(words[0], words[1]), mask),
        _mm512_and_si512(_mm512_shrdi_epi64::<40>(words[1], words[2]), mask),
        _mm512_and_si512(_mm512_shrdi_epi64::<28>(words[2], words[3]), mask),
        _mm512_srli_epi64::<16>(words[3]),
    ]
}
}

simd! {
/// Loads four 64-bit words from each of eight addresses: vector i of the result holds word i of
/// every lane.
///
/// # Safety
/// 32 bytes are readable at every address.
pub(crate) unsafe fn gather_words(addresses: &[*const u8; 8]) -> [__m512i; 4] {
    // SAFETY: the caller's promise; the loads need no alignment.
    let load = |lane: usize| unsafe { _mm256_loadu_si256(addresses[lane].cast()) };
    let join = |low: usize, high: usize| {
        _mm512_inserti64x4::<1>(_mm512_castsi256_si512(load(low)), load(high))
    };
    let (m0, m1, m2, m3) = (join(0, 2), join(1, 3), join(4, 6), join(5, 7));
    // Lanes (0, 1, 2, 3) of words 0 and 2, of words 1 and 3; then lanes (4, 5, 6, 7).
    let (a02, a13) = (_mm512_unpacklo_epi64(m0, m1), _mm512_unpackhi_epi64(m0, m1));
    let (b02, b13) = (_mm512_unpacklo_epi64(m2, m3), _mm512_unpackhi_epi64(m2, m3));
    [
        _mm512_shuffle_i64x2::<0b10_00_10_00>(a02, b02),
        _mm512_shuffle_i64x2::<0b10_00_10_00>(a13, b13),
        _mm512_shuffle_i64x2::<0b11_01_11_01>(a02, b02),
        _mm512_shuffle_i64x2::<0b11_01_11_01>(a13, b13),
    ]
}
}

simd! {
/// The same vector, about whose origin the compiler knows nothing.
fn opaque(mut vector: __m512i) -> __m512i {
    // SAFETY: no instruction.
    unsafe {
        core::arch::asm!("/* {0} */", inout(zmm_reg) vector, options(pure, nomem, nostack, preserves_flags));
    }
    vector
}
}

simd! {
/// The inverse of [`gather_words`]: stores four words of lane l at `addresses[l]`.
///
/// Stores of 16 bytes each: an extraction that goes to memory occupies no vector port, unlike the
/// shuffles that would bring the four words of a lane together. [`opaque`] keeps the compiler from
/// making four narrow shuffles of each wide one.
///
/// # Safety
/// 32 bytes are writable at every address.
pub(crate) unsafe fn scatter_words(addresses: &[*mut u8; 8], words: [__m512i; 4]) {
    for half in 0..2 {
        // Words 2·half and 2·half + 1 of the even lanes and of the odd ones.
        let even = opaque(_mm512_unpacklo_epi64(words[2 * half], words[2 * half + 1]));
        let odd = opaque(_mm512_unpackhi_epi64(words[2 * half], words[2 * half + 1]));
        let store = |lane: usize, pair: __m128i| {
            // SAFETY: the caller's promise; the stores need no alignment.
            unsafe { _mm_storeu_si128(addresses[lane].add(16 * half).cast(), pair) };
        };
        store(0, _mm512_castsi512_si128(even));
        store(1, _mm512_castsi512_si128(odd));
        store(2, _mm512_extracti64x2_epi64::<1>(even));
        store(3, _mm512_extracti64x2_epi64::<1>(odd));
        store(4, _mm512_extracti64x2_epi64::<2>(even));
        store(5, _mm512_extracti64x2_epi64::<2>(odd));
        store(6, _mm512_extracti64x2_epi64::<3>(even));
        store(7, _mm512_extracti64x2_epi64::<3>(odd));
    }
}
}

#[cfg(test)]
mod tests {
    use super::super::Ifma;
    use super::*;

    fn example() -> [[u64; 4]; 8] {
        let mut state = 1u64;
        [(); 8].map(|()| {
            [(); 4].map(|()| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                state
            })
        })
    }

    simd! {
    fn round_trip(values: &[[u64; 4]; 8]) -> ([[u64; 4]; 8], [[u64; 8]; 5]) {
        let sources: [*const u8; 8] = std::array::from_fn(|lane| values[lane].as_ptr().cast());
        // SAFETY: every address is that of four words.
        let limbs = unpack(unsafe { gather_words(&sources) });
        let mut out = [[0; 4]; 8];
        let targets: [*mut u8; 8] = std::array::from_fn(|lane| out[lane].as_mut_ptr().cast());
        // SAFETY: as above.
        unsafe { scatter_words(&targets, pack(&limbs)) };
        let mut stored = [[0; 8]; 5];
        for (limb, stored) in limbs.iter().zip(&mut stored) {
            // SAFETY: eight words.
            unsafe { _mm512_storeu_si512(stored.as_mut_ptr().cast(), *limb) };
        }
        (out, stored)
    }
    }

    #[test]
    fn loads_are_transposed_and_stores_undo_it() {
        if Ifma::detect().is_err() {
            return;
        }
        let values = example();
        // SAFETY: the processor was asked.
        let (out, limbs) = unsafe { round_trip(&values) };
        assert_eq!(out, values);
        for lane in 0..8 {
            let expected = super::super::modulus::to_limbs52(values[lane]);
            assert_eq!(limbs.map(|limb| limb[lane]), expected);
        }
    }
}
