//! Eight elements of the base field or of its quadratic extension: what the addition of points needs
//! beyond sums, under one trait for both.
//!
//! Fq2 = Fq\[u\]/(u² + 1), and an element c0 + c1·u is an array of two [`Fq`]; an element of the base
//! field is an array of one.
//!
//! **Products** in Fq2 are accumulated by the schoolbook rule, both terms of a component in the same
//! columns, and reduced once per component:
//! ```text
//! c0 = a0·b0 + a1·(k·p − b1),   c1 = a0·b1 + a1·b0.
//! ```
//! In vector operations that is 200 + 2·69 + 13 for the negation; Karatsuba's rule with unreduced
//! columns saves 50 multiply-adds and spends as much on sums, carries and differences of columns. It
//! would need the columns of three products at the same time.
//!
//! **Quotients.** 1/b = b̄/N(b) with the conjugate b̄ = b0 − b1·u and the norm N(b) = b0² + b1² in
//! Fq, which is not 0 for b ≠ 0 as −1 is no square. A batch inversion of norms takes place in Fq:
//! N(b) and a·b̄, then one multiplication of each component by 1/N(b), together cost less than the
//! two Fq2 multiplications that a batch inversion in Fq2 takes for each of its elements besides the
//! quotient itself.

use super::field::{Columns, Fq, FqRaw};
use super::limbs::simd;

/// The field of degree D over Fq.
#[derive(Clone, Copy, Debug)]
pub struct Tower;

/// Arithmetic in a field of degree D, with the bounds that the addition of points has.
///
/// The methods are safe where there is an [`Fq`]: only functions with the instruction sets of
/// [`Ifma`](super::Ifma) make one, and to call such a function from elsewhere is unsafe.
pub trait Field<const D: usize> {
    /// A denominator and what its inversion needs.
    type Denominator: Copy;

    /// Keeps a denominator with its norm.
    fn denominator(value: [Fq<60>; D]) -> Self::Denominator;

    /// The denominator.
    fn value(denominator: &Self::Denominator) -> &[Fq<60>; D];

    /// Its norm over Fq.
    fn norm(denominator: &Self::Denominator) -> &Fq<60>;

    /// `a / denominator`, given the inverse of the norm.
    fn quotient(
        a: &[Fq<60>; D],
        denominator: &Self::Denominator,
        inverse_norm: &Fq<27>,
    ) -> [Fq<28>; D];

    /// `a² + 2·b − c`, where the caller knows that `2·b − c` is at most 3·p in magnitude.
    fn square_plus(a: &[Fq<28>; D], b: &[FqRaw<0, 30>; D], c: &[Fq<60>; D]) -> [FqRaw<-30, 60>; D];

    /// `a·b + c`.
    fn product_plus(a: &[Fq<28>; D], b: &[Fq<60>; D], c: &[FqRaw<0, 30>; D]) -> [FqRaw<0, 60>; D];

    /// `a²`.
    fn square(a: &[Fq<30>; D]) -> [FqRaw<0, 60>; D];
}

/// Defines a method of [`Field`] whose body is a function with the instruction sets.
macro_rules! inlined {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty = $body:ident;)*) => {
        $(#[inline(always)]
        fn $name($($argument: $type),*) -> $result {
            // SAFETY: there is an `Fq` among the arguments, so that the processor has the
            // instructions.
            unsafe { $body($($argument),*) }
        })*
    };
}

impl Field<1> for Tower {
    type Denominator = [Fq<60>; 1];

    #[inline(always)]
    fn denominator(value: [Fq<60>; 1]) -> Self::Denominator {
        value
    }

    #[inline(always)]
    fn value(denominator: &Self::Denominator) -> &[Fq<60>; 1] {
        denominator
    }

    #[inline(always)]
    fn norm(denominator: &Self::Denominator) -> &Fq<60> {
        &denominator[0]
    }

    inlined! {
        fn quotient(a: &[Fq<60>; 1], denominator: &[Fq<60>; 1], inverse_norm: &Fq<27>)
            -> [Fq<28>; 1] = quotient_1;
        fn square_plus(a: &[Fq<28>; 1], b: &[FqRaw<0, 30>; 1], c: &[Fq<60>; 1])
            -> [FqRaw<-30, 60>; 1] = square_plus_1;
        fn product_plus(a: &[Fq<28>; 1], b: &[Fq<60>; 1], c: &[FqRaw<0, 30>; 1])
            -> [FqRaw<0, 60>; 1] = product_plus_1;
        fn square(a: &[Fq<30>; 1]) -> [FqRaw<0, 60>; 1] = square_1;
    }
}

simd! {
fn quotient_1(a: &[Fq<60>; 1], _: &[Fq<60>; 1], inverse: &Fq<27>) -> [Fq<28>; 1] {
    [a[0].mul(inverse)]
}
}

simd! {
fn square_plus_1(
    a: &[Fq<28>; 1],
    b: &[FqRaw<0, 30>; 1],
    c: &[Fq<60>; 1],
) -> [FqRaw<-30, 60>; 1] {
    [Columns::<_, 0, 0, 30>::new(&b[0])
        .doubled_plus_squares::<1, 28, 784, 0, 60>(a)
        .minus::<0, 60, -60, 60>(&c[0].raw())
        .with_addend::<-30, 30>()
        .reduce()]
}
}

simd! {
fn product_plus_1(
    a: &[Fq<28>; 1],
    b: &[Fq<60>; 1],
    c: &[FqRaw<0, 30>; 1],
) -> [FqRaw<0, 60>; 1] {
    [Columns::<_, 0, 0, 30>::new(&c[0]).add_product::<28, 60, 1680>(&a[0], &b[0]).reduce()]
}
}

simd! {
fn square_1(a: &[Fq<30>; 1]) -> [FqRaw<0, 60>; 1] {
    [Columns::<_, 0, 0, 0>::zero().doubled_plus_squares::<1, 30, 900, 0, 0>(a).reduce()]
}
}

/// A denominator in Fq2 and its norm.
#[derive(Clone, Copy)]
pub struct Normed {
    value: [Fq<60>; 2],
    norm: Fq<60>,
}

impl Field<2> for Tower {
    type Denominator = Normed;

    #[inline(always)]
    fn value(denominator: &Self::Denominator) -> &[Fq<60>; 2] {
        &denominator.value
    }

    #[inline(always)]
    fn norm(denominator: &Self::Denominator) -> &Fq<60> {
        &denominator.norm
    }

    inlined! {
        fn denominator(value: [Fq<60>; 2]) -> Normed = normed;
        fn quotient(a: &[Fq<60>; 2], denominator: &Normed, inverse_norm: &Fq<27>)
            -> [Fq<28>; 2] = quotient_2;
        fn square_plus(a: &[Fq<28>; 2], b: &[FqRaw<0, 30>; 2], c: &[Fq<60>; 2])
            -> [FqRaw<-30, 60>; 2] = square_plus_2;
        fn product_plus(a: &[Fq<28>; 2], b: &[Fq<60>; 2], c: &[FqRaw<0, 30>; 2])
            -> [FqRaw<0, 60>; 2] = product_plus_2;
        fn square(a: &[Fq<30>; 2]) -> [FqRaw<0, 60>; 2] = square_2;
    }
}

simd! {
fn normed(value: [Fq<60>; 2]) -> Normed {
    let norm = Columns::<_, 0, 0, 0>::zero()
        .doubled_plus_squares::<2, 60, 7200, 0, 0>(&value)
        .reduce::<0, 60>()
        .normalise();
    Normed { value, norm }
}
}

simd! {
/// a·b̄ = (a0·b0 + a1·b1) + (a1·b0 − a0·b1)·u.
fn quotient_2(a: &[Fq<60>; 2], denominator: &Normed, inverse_norm: &Fq<27>) -> [Fq<28>; 2] {
    let b = &denominator.value;
    let minus_b1: Fq<60> = b[1].raw::<0, 60>().negated::<6, 0, 60>().normalise();
    let c0: Fq<35> = Columns::<_, 0, 0, 0>::zero()
        .add_product::<60, 60, 3600>(&a[0], &b[0])
        .add_product::<60, 60, 7200>(&a[1], &b[1])
        .reduce::<0, 35>()
        .normalise();
    let c1: Fq<35> = Columns::<_, 0, 0, 0>::zero()
        .add_product::<60, 60, 3600>(&a[1], &b[0])
        .add_product::<60, 60, 7200>(&a[0], &minus_b1)
        .reduce::<0, 35>()
        .normalise();
    [c0.mul(inverse_norm), c1.mul(inverse_norm)]
}
}

simd! {
/// a² = (a0 + a1)·(a0 − a1) + 2·a0·a1·u.
fn square_plus_2(
    a: &[Fq<28>; 2],
    b: &[FqRaw<0, 30>; 2],
    c: &[Fq<60>; 2],
) -> [FqRaw<-30, 60>; 2] {
    let (a0, a1) = (a[0].raw::<0, 28>(), a[1].raw::<0, 28>());
    let sum: Fq<56> = a0.add::<0, 28, 0, 56>(&a1).normalise();
    let difference: Fq<58> =
        a0.add::<0, 30, 0, 58>(&a1.negated::<3, 0, 30>()).normalise();
    let twice_b0 = b[0].add::<0, 30, 0, 60>(&b[0]);
    let c0 = Columns::<_, 0, -30, 30>::new(
            &twice_b0.sub::<0, 60, -60, 60>(&c[0].raw()).known::<-30, 30>())
        .add_product::<56, 58, 3248>(&sum, &difference)
        .reduce();
    let c1 = Columns::<_, 0, 0, 30>::new(&b[1])
        .add_product::<28, 28, 784>(&a[0], &a[1])
        .doubled::<1568, 0, 60>()
        .minus::<0, 60, -60, 60>(&c[1].raw())
        .with_addend::<-30, 30>()
        .reduce();
    [c0, c1]
}
}

simd! {
fn product_plus_2(
    a: &[Fq<28>; 2],
    b: &[Fq<60>; 2],
    c: &[FqRaw<0, 30>; 2],
) -> [FqRaw<0, 60>; 2] {
    let minus_b1: Fq<60> = b[1].raw::<0, 60>().negated::<6, 0, 60>().normalise();
    let c0 = Columns::<_, 0, 0, 30>::new(&c[0])
        .add_product::<28, 60, 1680>(&a[0], &b[0])
        .add_product::<28, 60, 3360>(&a[1], &minus_b1)
        .reduce();
    let c1 = Columns::<_, 0, 0, 30>::new(&c[1])
        .add_product::<28, 60, 1680>(&a[0], &b[1])
        .add_product::<28, 60, 3360>(&a[1], &b[0])
        .reduce();
    [c0, c1]
}
}

simd! {
fn square_2(a: &[Fq<30>; 2]) -> [FqRaw<0, 60>; 2] {
    let (a0, a1) = (a[0].raw::<0, 30>(), a[1].raw::<0, 30>());
    let sum: Fq<60> = a0.add::<0, 30, 0, 60>(&a1).normalise();
    let difference: Fq<60> =
        a0.add::<0, 30, 0, 60>(&a1.negated::<3, 0, 30>()).normalise();
    let c0 = Columns::<_, 0, 0, 0>::zero()
        .add_product::<60, 60, 3600>(&sum, &difference)
        .reduce();
    let c1 = Columns::<_, 0, 0, 0>::zero()
        .add_product::<30, 30, 900>(&a[0], &a[1])
        .doubled::<1800, 0, 0>()
        .reduce();
    [c0, c1]
}
}
