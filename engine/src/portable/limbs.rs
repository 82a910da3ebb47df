//! Sums and differences of integers in 64-bit limbs, with the conditional correction by a modulus.
//!
//! None of these branches: the conditions depend on random data, and a branch mispredicted every
//! other time would cost more than a multiplication. On x86-64 they are assembly
//! ([`limbs_x86_64`](super::limbs_x86_64)), because compilers take chains of borrows apart where an
//! operand is a constant and turn masks back into branches; the functions here are what the assembly
//! equals, and serve all other processors.

#[cfg(any(test, not(target_arch = "x86_64")))]
use std::mem::MaybeUninit;

/// `a + b` and the carry.
#[inline(always)]
pub(super) fn add<const N: usize>(a: &[u64; N], b: &[u64; N]) -> ([u64; N], bool) {
    let mut sum = [0; N];
    let mut carry = false;
    for i in 0..N {
        (sum[i], carry) = a[i].carrying_add(b[i], carry);
    }
    (sum, carry)
}

/// `a − b` and the borrow.
#[inline(always)]
pub(super) fn sub<const N: usize>(a: &[u64; N], b: &[u64; N]) -> ([u64; N], bool) {
    let mut difference = [0; N];
    let mut borrow = false;
    for i in 0..N {
        (difference[i], borrow) = a[i].borrowing_sub(b[i], borrow);
    }
    (difference, borrow)
}

/// `a` if the condition holds, else zero.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline(always)]
fn masked<const N: usize>(a: &[u64; N], condition: bool) -> [u64; N] {
    let mask = 0u64.wrapping_sub(u64::from(condition));
    a.map(|limb| limb & mask)
}

/// A modulus m for conditional additions and subtractions.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[derive(Clone, Copy, Debug)]
pub struct Choice([u64; 4]);

#[cfg(any(test, not(target_arch = "x86_64")))]
impl Choice {
    /// The choice between m and zero.
    pub(super) const fn new(m: [u64; 4]) -> Self {
        Self(m)
    }
}

/// `a − m` if that is not negative, else `a`.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline(always)]
pub(super) fn reduce_once(a: &[u64; 4], m: &'static Choice) -> [u64; 4] {
    let (difference, below) = sub(a, &m.0);
    add(&difference, &masked(&m.0, below)).0
}

/// `a − b` if that is not negative, else `a − b + m`, modulo 2^256.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline(always)]
pub(super) fn sub_modulo(a: &[u64; 4], b: &[u64; 4], m: &'static Choice) -> [u64; 4] {
    let (difference, negative) = sub(a, b);
    add(&difference, &masked(&m.0, negative)).0
}

/// `a − c` if that is not negative, else `a − c + m`, where c is `m − b` if the condition holds, else
/// b; for a and b below m, below 2^255.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline(always)]
pub(super) fn sub_or_add_modulo(
    a: &[u64; 4],
    b: &[u64; 4],
    condition: bool,
    m: &'static Choice,
) -> [u64; 4] {
    let (complement, _) = sub(&m.0, b);
    let mask = 0u64.wrapping_sub(u64::from(condition));
    let mut chosen = *b;
    for i in 0..4 {
        chosen[i] ^= (chosen[i] ^ complement[i]) & mask;
    }
    sub_modulo(a, &chosen, m)
}

/// `a − b` if that is not negative, else `a − b + m·2^192`, modulo 2^512, written to `out`.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline(always)]
pub(super) fn sub_wide<'a>(
    a: &[u64; 8],
    b: &[u64; 8],
    m: &'static [u64; 5],
    out: &'a mut MaybeUninit<[u64; 8]>,
) -> &'a [u64; 8] {
    let ([d0, d1, d2, d3, d4, d5, d6, d7], negative) = sub(a, b);
    let ([d3, d4, d5, d6, d7], _) = add(&[d3, d4, d5, d6, d7], &masked(m, negative));
    out.write([d0, d1, d2, d3, d4, d5, d6, d7])
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use proptest::prelude::*;

    use super::super::field::tests::below_twice_p;
    use super::super::limbs_x86_64;
    use super::super::modulus::{FqModulus, FrModulus, Modulus};
    use super::*;

    fn check<M: Modulus>(a: [u64; 4], b: [u64; 4]) {
        let twin: &'static Choice = const { &Choice::new(M::TWICE_P) };
        let m = M::TWICE_P_CHOICE;
        let (sum, _) = add(&a, &b);
        assert_eq!(limbs_x86_64::reduce_once(&sum, m), reduce_once(&sum, twin));
        assert_eq!(
            limbs_x86_64::sub_modulo(&a, &b, m),
            sub_modulo(&a, &b, twin)
        );
        for condition in [false, true] {
            assert_eq!(
                limbs_x86_64::sub_or_add_modulo(&a, &b, condition, m),
                sub_or_add_modulo(&a, &b, condition, twin)
            );
        }
        let join = |low: [u64; 4], high: [u64; 4]| {
            let mut joined = [0; 8];
            joined[..4].copy_from_slice(&low);
            joined[4..].copy_from_slice(&high);
            joined
        };
        let (mut out, mut twin) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        for (a, b) in [(join(a, b), join(b, a)), (join(a, a), join(b, a))] {
            assert_eq!(
                limbs_x86_64::sub_wide(&a, &b, &M::WIDE_MULTIPLE, &mut out),
                sub_wide(&a, &b, &M::WIDE_MULTIPLE, &mut twin)
            );
        }
    }

    proptest! {
        #[test]
        fn assembly_equals_its_twin(
            a in below_twice_p::<FqModulus>(), b in below_twice_p::<FqModulus>(),
            c in below_twice_p::<FrModulus>(), d in below_twice_p::<FrModulus>(),
        ) {
            check::<FqModulus>(a, b);
            check::<FrModulus>(c, d);
        }
    }
}
