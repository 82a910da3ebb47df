//! The functions of [`limbs`](super::limbs) in x86-64 assembly that every processor of that
//! architecture runs.
//!
//! What is added after a subtraction is chosen by address ([`Choice`]) rather than by masks, which
//! takes the fewest instructions: 5.1 cycles a subtraction against 5.6 (Sapphire Rapids). After
//! an addition, conditional moves have the shorter latency: 5.8 cycles against 6.3.

use std::arch::asm;
use std::mem::MaybeUninit;

/// A modulus m for conditional additions: each limb of it next to a zero, so that an
/// index of −1 or 0 (a borrow, as SBB spreads it) chooses between m and zero.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Choice([u64; 8]);

impl Choice {
    /// The choice between m and zero.
    pub(super) const fn new(m: [u64; 4]) -> Self {
        Self([m[0], 0, m[1], 0, m[2], 0, m[3], 0])
    }
}

/// Adds m to the value in d0 to d3 if `{k}` is −1, nothing if it is 0.
macro_rules! add_chosen {
    () => {
        concat!(
            "add {d0}, qword ptr [{m} + 8*{k} + 8]\n",
            "adc {d1}, qword ptr [{m} + 8*{k} + 24]\n",
            "adc {d2}, qword ptr [{m} + 8*{k} + 40]\n",
            "adc {d3}, qword ptr [{m} + 8*{k} + 56]\n",
        )
    };
}

/// [`limbs::reduce_once`](super::limbs::reduce_once).
#[inline(always)]
pub(super) fn reduce_once(a: &[u64; 4], m: &'static Choice) -> [u64; 4] {
    let [mut a0, mut a1, mut a2, mut a3] = *a;
    // SAFETY: the reads stay within m; nothing is written but registers and flags.
    unsafe {
        asm!(
            "mov {d0}, {a0}",
            "mov {d1}, {a1}",
            "mov {d2}, {a2}",
            "mov {d3}, {a3}",
            "sub {d0}, qword ptr [{m}]",
            "sbb {d1}, qword ptr [{m} + 16]",
            "sbb {d2}, qword ptr [{m} + 32]",
            "sbb {d3}, qword ptr [{m} + 48]",
            "cmovnc {a0}, {d0}",
            "cmovnc {a1}, {d1}",
            "cmovnc {a2}, {d2}",
            "cmovnc {a3}, {d3}",
            m = in(reg) m.0.as_ptr(),
            a0 = inout(reg) a0,
            a1 = inout(reg) a1,
            a2 = inout(reg) a2,
            a3 = inout(reg) a3,
            d0 = out(reg) _,
            d1 = out(reg) _,
            d2 = out(reg) _,
            d3 = out(reg) _,
            options(pure, readonly, nostack),
        );
    }
    [a0, a1, a2, a3]
}

/// [`limbs::sub_modulo`](super::limbs::sub_modulo).
#[inline(always)]
pub(super) fn sub_modulo(a: &[u64; 4], b: &[u64; 4], m: &'static Choice) -> [u64; 4] {
    let [mut d0, mut d1, mut d2, mut d3] = *a;
    // SAFETY: the reads stay within b and m; nothing is written but registers and flags.
    unsafe {
        asm!(
            "sub {d0}, qword ptr [{b}]",
            "sbb {d1}, qword ptr [{b} + 8]",
            "sbb {d2}, qword ptr [{b} + 16]",
            "sbb {d3}, qword ptr [{b} + 24]",
            "sbb {k}, {k}",
            add_chosen!(),
            b = in(reg) b.as_ptr(),
            m = in(reg) m.0.as_ptr(),
            d0 = inout(reg) d0,
            d1 = inout(reg) d1,
            d2 = inout(reg) d2,
            d3 = inout(reg) d3,
            k = out(reg) _,
            options(pure, readonly, nostack),
        );
    }
    [d0, d1, d2, d3]
}

/// [`limbs::sub_or_add_modulo`](super::limbs::sub_or_add_modulo): with all bits of b flipped,
/// `a − !b − 1 = a + b`; less m, it is negative where a + b is below m. Bit 255 is the sign, as all
/// values are between −2^255 and 2^255.
#[inline(always)]
pub(super) fn sub_or_add_modulo(
    a: &[u64; 4],
    b: &[u64; 4],
    condition: bool,
    m: &'static Choice,
) -> [u64; 4] {
    let mask = 0u64.wrapping_sub(u64::from(condition));
    let [mut d0, mut d1, mut d2, mut d3] = *a;
    // SAFETY: the reads stay within b and m; nothing is written but registers and flags.
    unsafe {
        asm!(
            "mov {c0}, qword ptr [{b}]",
            "mov {c1}, qword ptr [{b} + 8]",
            "mov {c2}, qword ptr [{b} + 16]",
            "mov {c3}, qword ptr [{b} + 24]",
            "xor {c0}, {k}",
            "xor {c1}, {k}",
            "xor {c2}, {k}",
            "xor {c3}, {k}",
            "bt {k}, 0",
            "sbb {d0}, {c0}",
            "sbb {d1}, {c1}",
            "sbb {d2}, {c2}",
            "sbb {d3}, {c3}",
            "sub {d0}, qword ptr [{m} + 8*{k} + 8]",
            "sbb {d1}, qword ptr [{m} + 8*{k} + 24]",
            "sbb {d2}, qword ptr [{m} + 8*{k} + 40]",
            "sbb {d3}, qword ptr [{m} + 8*{k} + 56]",
            "mov {k}, {d3}",
            "sar {k}, 63",
            add_chosen!(),
            b = in(reg) b.as_ptr(),
            m = in(reg) m.0.as_ptr(),
            k = inout(reg) mask => _,
            d0 = inout(reg) d0,
            d1 = inout(reg) d1,
            d2 = inout(reg) d2,
            d3 = inout(reg) d3,
            c0 = out(reg) _,
            c1 = out(reg) _,
            c2 = out(reg) _,
            c3 = out(reg) _,
            options(pure, readonly, nostack),
        );
    }
    [d0, d1, d2, d3]
}

/// [`limbs::sub_wide`](super::limbs::sub_wide).
#[inline(always)]
pub(super) fn sub_wide<'a>(
    a: &[u64; 8],
    b: &[u64; 8],
    m: &'static [u64; 5],
    out: &'a mut MaybeUninit<[u64; 8]>,
) -> &'a [u64; 8] {
    // SAFETY: the reads stay within a, b and m; the writes fill `out`, so that it is initialised
    // afterwards.
    unsafe {
        asm!(
            "mov {k0}, qword ptr [{a}]",
            "mov {k1}, qword ptr [{a} + 8]",
            "mov {k2}, qword ptr [{a} + 16]",
            "mov {d0}, qword ptr [{a} + 24]",
            "mov {d1}, qword ptr [{a} + 32]",
            "mov {d2}, qword ptr [{a} + 40]",
            "mov {d3}, qword ptr [{a} + 48]",
            "mov {d4}, qword ptr [{a} + 56]",
            "sub {k0}, qword ptr [{b}]",
            "sbb {k1}, qword ptr [{b} + 8]",
            "sbb {k2}, qword ptr [{b} + 16]",
            "mov qword ptr [{out}], {k0}",
            "mov qword ptr [{out} + 8], {k1}",
            "mov qword ptr [{out} + 16], {k2}",
            "sbb {d0}, qword ptr [{b} + 24]",
            "sbb {d1}, qword ptr [{b} + 32]",
            "sbb {d2}, qword ptr [{b} + 40]",
            "sbb {d3}, qword ptr [{b} + 48]",
            "sbb {d4}, qword ptr [{b} + 56]",
            // The addresses of a and b are no longer needed: the masked limbs need the registers.
            "sbb {b}, {b}",
            "mov {k0}, qword ptr [{m}]",
            "mov {k1}, qword ptr [{m} + 8]",
            "mov {k2}, qword ptr [{m} + 16]",
            "mov {a}, qword ptr [{m} + 24]",
            "and {k0}, {b}",
            "and {k1}, {b}",
            "and {k2}, {b}",
            "and {a}, {b}",
            "and {b}, qword ptr [{m} + 32]",
            "add {d0}, {k0}",
            "adc {d1}, {k1}",
            "adc {d2}, {k2}",
            "adc {d3}, {a}",
            "adc {d4}, {b}",
            "mov qword ptr [{out} + 24], {d0}",
            "mov qword ptr [{out} + 32], {d1}",
            "mov qword ptr [{out} + 40], {d2}",
            "mov qword ptr [{out} + 48], {d3}",
            "mov qword ptr [{out} + 56], {d4}",
            a = inout(reg) a.as_ptr() => _,
            b = inout(reg) b.as_ptr() => _,
            m = in(reg) m.as_ptr(),
            out = in(reg) out.as_mut_ptr(),
            d0 = out(reg) _,
            d1 = out(reg) _,
            d2 = out(reg) _,
            d3 = out(reg) _,
            d4 = out(reg) _,
            k0 = out(reg) _,
            k1 = out(reg) _,
            k2 = out(reg) _,
            options(nostack),
        );
        out.assume_init_ref()
    }
}
