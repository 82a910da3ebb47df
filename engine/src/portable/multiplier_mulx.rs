//! Montgomery multiplication with MULX, the product that leaves the flags alone.
//!
//! The algorithm and its bounds are those of [`multiplier`](super::multiplier), row by row; the five
//! limbs of the running value stay in registers that change roles from row to row. A row adds the
//! low halves of its four products in one chain of additions with carry and the high halves in a
//! second one after it. Two chains side by side, with ADCX and ADOX, have the shorter latency, but
//! processors since Broadwell take one MULX and two additions *with* carry a cycle, while a chain's
//! first addition goes anywhere: a multiplication took 15.3 ns with two chains and 13.4 ns with one
//! after the other (Sapphire Rapids; arkworks 19.5 ns in either run).
//!
//! Cost in products and additions with carry: a multiplication 34 and 52, a square 28 and 43; 36 and
//! 30 cycles, where a product a cycle is the floor.
//!
//! Double-width values are written to memory that the caller names and read from there, never moved:
//! a copy in vector registers of words just stored would wait for the stores to finish.

use std::arch::asm;
use std::mem::MaybeUninit;

use super::modulus::Modulus;
use super::multiplier::Multiplier;

/// The proof that this processor has the instruction set BMI2: [`Mulx::detect`] is the only way to
/// get one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mulx(());

impl Mulx {
    /// Asks the processor.
    pub(crate) fn detect() -> Option<Self> {
        std::arch::is_x86_feature_detected!("bmi2").then_some(Self(()))
    }
}

/// `t = a·b₀` in five limbs.
macro_rules! first_row {
    ($t0:literal, $t1:literal, $t2:literal, $t3:literal, $t4:literal) => {
        concat!(
            "mov rdx, qword ptr [{b}]\n",
            "mulx {",
            $t1,
            "}, {",
            $t0,
            "}, qword ptr [{a}]\n",
            "mulx {",
            $t2,
            "}, {lo}, qword ptr [{a} + 8]\n",
            "add {",
            $t1,
            "}, {lo}\n",
            "mulx {",
            $t3,
            "}, {lo}, qword ptr [{a} + 16]\n",
            "adc {",
            $t2,
            "}, {lo}\n",
            "mulx {",
            $t4,
            "}, {lo}, qword ptr [{a} + 24]\n",
            "adc {",
            $t3,
            "}, {lo}\n",
            "adc {",
            $t4,
            "}, 0\n",
        )
    };
}

/// `t += rdx·x` for the four limbs x at a byte offset from a pointer; a carry out of t4 does not
/// arise (see the bounds in `multiplier`). The last high half takes the place of the factor.
macro_rules! add_products {
    ($pointer:literal, $offset:literal, $t0:literal, $t1:literal, $t2:literal, $t3:literal, $t4:literal) => {
        concat!(
            "mulx {h0}, {lo}, qword ptr [{",
            $pointer,
            "} + ",
            $offset,
            "]\n",
            "add {",
            $t0,
            "}, {lo}\n",
            "mulx {h1}, {lo}, qword ptr [{",
            $pointer,
            "} + ",
            $offset,
            " + 8]\n",
            "adc {",
            $t1,
            "}, {lo}\n",
            "mulx {h2}, {lo}, qword ptr [{",
            $pointer,
            "} + ",
            $offset,
            " + 16]\n",
            "adc {",
            $t2,
            "}, {lo}\n",
            "mulx rdx, {lo}, qword ptr [{",
            $pointer,
            "} + ",
            $offset,
            " + 24]\n",
            "adc {",
            $t3,
            "}, {lo}\n",
            "adc {",
            $t4,
            "}, 0\n",
            "add {",
            $t1,
            "}, {h0}\n",
            "adc {",
            $t2,
            "}, {h1}\n",
            "adc {",
            $t3,
            "}, {h2}\n",
            "adc {",
            $t4,
            "}, rdx\n",
        )
    };
}

/// `t += a·b_i`, b_i at the byte offset.
macro_rules! row {
    ($offset:literal, $t0:literal, $t1:literal, $t2:literal, $t3:literal, $t4:literal) => {
        concat!(
            "mov rdx, qword ptr [{b} + ",
            $offset,
            "]\n",
            add_products!("a", "0", $t0, $t1, $t2, $t3, $t4),
        )
    };
}

/// `t ← ⌊t / 2^64⌋ + t₀·ρ`: limbs t1, t2, t3, t4, t0 afterwards.
macro_rules! fold {
    ($t0:literal, $t1:literal, $t2:literal, $t3:literal, $t4:literal) => {
        concat!(
            "mov rdx, {",
            $t0,
            "}\n",
            "xor {",
            $t0,
            ":e}, {",
            $t0,
            ":e}\n",
            add_products!("table", "32", $t1, $t2, $t3, $t4, $t0),
        )
    };
}

/// `t ← (t + q·p) / 2^64`: limbs t1, t2, t3, t4, t0 afterwards, t0 zero.
macro_rules! montgomery_step {
    ($t0:literal, $t1:literal, $t2:literal, $t3:literal, $t4:literal) => {
        concat!(
            "mov rdx, qword ptr [{table} + 64]\n",
            "imul rdx, {",
            $t0,
            "}\n",
            add_products!("table", "0", $t0, $t1, $t2, $t3, $t4),
        )
    };
}

/// `t += a·b_i` with a fresh top limb t4; stores the lowest limb, which is final.
macro_rules! product_row {
    ($offset:literal, $t0:literal, $t1:literal, $t2:literal, $t3:literal, $t4:literal) => {
        concat!(
            "mov rdx, qword ptr [{b} + ",
            $offset,
            "]\n",
            "mulx {h}, {l0}, qword ptr [{a}]\n",
            "mulx {",
            $t4,
            "}, {lo}, qword ptr [{a} + 8]\n",
            "add {lo}, {h}\n",
            "mulx {h}, {l2}, qword ptr [{a} + 16]\n",
            "adc {l2}, {",
            $t4,
            "}\n",
            "mulx {",
            $t4,
            "}, {l3}, qword ptr [{a} + 24]\n",
            "adc {l3}, {h}\n",
            "adc {",
            $t4,
            "}, 0\n",
            "add {",
            $t0,
            "}, {l0}\n",
            "adc {",
            $t1,
            "}, {lo}\n",
            "adc {",
            $t2,
            "}, {l2}\n",
            "adc {",
            $t3,
            "}, {l3}\n",
            "adc {",
            $t4,
            "}, 0\n",
            "mov qword ptr [{out} + ",
            $offset,
            "], {",
            $t0,
            "}\n",
        )
    };
}

impl Multiplier for Mulx {
    #[inline(always)]
    fn multiply<M: Modulus>(self, a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
        let (t0, t1, t2, t3);
        // SAFETY: `self` proves the instruction set; the reads stay within a, b and the table;
        // nothing is written but registers and flags.
        unsafe {
            asm!(
                first_row!("t0", "t1", "t2", "t3", "t4"),
                fold!("t0", "t1", "t2", "t3", "t4"),
                row!("8", "t1", "t2", "t3", "t4", "t0"),
                fold!("t1", "t2", "t3", "t4", "t0"),
                row!("16", "t2", "t3", "t4", "t0", "t1"),
                montgomery_step!("t2", "t3", "t4", "t0", "t1"),
                row!("24", "t3", "t4", "t0", "t1", "t2"),
                montgomery_step!("t3", "t4", "t0", "t1", "t2"),
                a = in(reg) a.as_ptr(),
                b = in(reg) b.as_ptr(),
                table = in(reg) M::TABLE.as_ptr(),
                t0 = out(reg) t1,
                t1 = out(reg) t2,
                t2 = out(reg) t3,
                t3 = out(reg) _,
                t4 = out(reg) t0,
                lo = out(reg) _,
                h0 = out(reg) _,
                h1 = out(reg) _,
                h2 = out(reg) _,
                out("rdx") _,
                options(pure, readonly, nostack),
            );
        }
        [t0, t1, t2, t3]
    }

    /// With a's limbs, sₖ = 2aₖ mod 2^64 and the limbs dₖ of 2a < 2^256,
    /// a² = a₀·(a₀, s₁, d₂, d₃) + 2^128·a₁·(a₁, s₂, d₃) + 2^256·(a₂·(a₂, s₃) + 2^128·a₃²):
    /// ten products, which join the running value when the limbs below theirs are done with. Both
    /// first terms over 2^128 are below 4p, and the last one below 0.76·2^256·p, so that the bounds are
    /// tighter than those of a multiplication.
    #[inline(always)]
    fn square<M: Modulus>(self, a: &[u64; 4]) -> [u64; 4] {
        let (t0, t1, t2, t3);
        // SAFETY: `self` proves the instruction set; the reads stay within a and the table; nothing
        // is written but registers and flags.
        unsafe {
            asm!(
                "mov {h0}, qword ptr [{a} + 8]",
                "mov {h1}, qword ptr [{a} + 16]",
                "mov {d3}, qword ptr [{a} + 24]",
                "add {h0}, {h0}",
                "adc {h1}, {h1}",
                "adc {d3}, {d3}",
                "mov rdx, qword ptr [{a}]",
                "mulx {t1}, {t0}, rdx",
                "mulx {t2}, {lo}, {h0}",
                "add {t1}, {lo}",
                "mulx {t3}, {lo}, {h1}",
                "adc {t2}, {lo}",
                "mulx {t4}, {lo}, {d3}",
                "adc {t3}, {lo}",
                "adc {t4}, 0",
                fold!("t0", "t1", "t2", "t3", "t4"),
                "mov rdx, qword ptr [{a} + 8]",
                "mov {h2}, qword ptr [{a} + 16]",
                "lea {h2}, [{h2} + {h2}]",
                "mulx {h0}, {lo}, rdx",
                "add {t2}, {lo}",
                "mulx {h1}, {lo}, {h2}",
                "adc {t3}, {lo}",
                "mulx {h2}, {lo}, {d3}",
                "adc {t4}, {lo}",
                "adc {t0}, 0",
                "add {t3}, {h0}",
                "adc {t4}, {h1}",
                "adc {t0}, {h2}",
                fold!("t1", "t2", "t3", "t4", "t0"),
                montgomery_step!("t2", "t3", "t4", "t0", "t1"),
                "mov rdx, qword ptr [{a} + 16]",
                "mov {h1}, qword ptr [{a} + 24]",
                "lea {h1}, [{h1} + {h1}]",
                "mulx {h0}, {lo}, rdx",
                "add {t4}, {lo}",
                "mulx {h1}, {lo}, {h1}",
                "mov rdx, qword ptr [{a} + 24]",
                "adc {t0}, {lo}",
                "mulx {h2}, {lo}, rdx",
                "adc {t1}, {lo}",
                "adc {t2}, {h2}",
                "add {t0}, {h0}",
                "adc {t1}, {h1}",
                "adc {t2}, 0",
                montgomery_step!("t3", "t4", "t0", "t1", "t2"),
                a = in(reg) a.as_ptr(),
                table = in(reg) M::TABLE.as_ptr(),
                t0 = out(reg) t1,
                t1 = out(reg) t2,
                t2 = out(reg) t3,
                t3 = out(reg) _,
                t4 = out(reg) t0,
                d3 = out(reg) _,
                lo = out(reg) _,
                h0 = out(reg) _,
                h1 = out(reg) _,
                h2 = out(reg) _,
                out("rdx") _,
                options(pure, readonly, nostack),
            );
        }
        [t0, t1, t2, t3]
    }

    #[inline(always)]
    fn product<'a>(
        self,
        a: &[u64; 4],
        b: &[u64; 4],
        out: &'a mut MaybeUninit<[u64; 8]>,
    ) -> &'a [u64; 8] {
        // SAFETY: `self` proves the instruction set; the reads stay within a and b; the writes fill
        // `out`, so that it is initialised afterwards.
        unsafe {
            asm!(
                first_row!("t0", "t1", "t2", "t3", "t4"),
                "mov qword ptr [{out}], {t0}",
                product_row!("8", "t1", "t2", "t3", "t4", "t0"),
                product_row!("16", "t2", "t3", "t4", "t0", "t1"),
                product_row!("24", "t3", "t4", "t0", "t1", "t2"),
                "mov qword ptr [{out} + 32], {t4}",
                "mov qword ptr [{out} + 40], {t0}",
                "mov qword ptr [{out} + 48], {t1}",
                "mov qword ptr [{out} + 56], {t2}",
                a = in(reg) a.as_ptr(),
                b = in(reg) b.as_ptr(),
                out = in(reg) out.as_mut_ptr(),
                t0 = out(reg) _,
                t1 = out(reg) _,
                t2 = out(reg) _,
                t3 = out(reg) _,
                t4 = out(reg) _,
                l0 = out(reg) _,
                lo = out(reg) _,
                l2 = out(reg) _,
                l3 = out(reg) _,
                h = out(reg) _,
                out("rdx") _,
                options(nostack),
            );
            out.assume_init_ref()
        }
    }

    #[inline(always)]
    fn reduce<M: Modulus>(self, t: &[u64; 8]) -> [u64; 4] {
        let (t0, t1, t2, t3);
        // SAFETY: `self` proves the instruction set; the reads stay within the table and t; nothing
        // is written but registers and flags.
        unsafe {
            asm!(
                "mov {t0}, qword ptr [{t}]",
                "mov {t1}, qword ptr [{t} + 8]",
                "mov {t2}, qword ptr [{t} + 16]",
                "mov {t3}, qword ptr [{t} + 24]",
                "xor {t4:e}, {t4:e}",
                fold!("t0", "t1", "t2", "t3", "t4"),
                fold!("t1", "t2", "t3", "t4", "t0"),
                montgomery_step!("t2", "t3", "t4", "t0", "t1"),
                montgomery_step!("t3", "t4", "t0", "t1", "t2"),
                "add {t4}, qword ptr [{t} + 32]",
                "adc {t0}, qword ptr [{t} + 40]",
                "adc {t1}, qword ptr [{t} + 48]",
                "adc {t2}, qword ptr [{t} + 56]",
                t = in(reg) t.as_ptr(),
                table = in(reg) M::TABLE.as_ptr(),
                t0 = out(reg) t1,
                t1 = out(reg) t2,
                t2 = out(reg) t3,
                t3 = out(reg) _,
                t4 = out(reg) t0,
                lo = out(reg) _,
                h0 = out(reg) _,
                h1 = out(reg) _,
                h2 = out(reg) _,
                out("rdx") _,
                options(pure, readonly, nostack),
            );
        }
        [t0, t1, t2, t3]
    }
}
