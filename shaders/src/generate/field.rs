//! The field modules: WGSL text of Montgomery arithmetic for one field in one layout.
//!
//! The contract, the same for every layout, so that what is built on it is written once:
//!
//! * limbs are scalar members of a struct, never an array: drivers keep them in registers;
//! * `mul` takes operands a, b with a·b ≤ 64p² and gives a·b/R below 2p. That is no more than
//!   a·b/R + p, and 64p² < R·p in the lazy layouts (R/p is 84 and more), so no final subtraction is
//!   needed (Walter, *Montgomery exponentiation needs no final subtractions*, 1999). In `8x32`, where
//!   R/p is 5.3, sums and differences are reduced below 2p at once, and 4p² < R·p serves as well;
//! * `add`, `sub`, `sub4` in the lazy layouts only carry: bounds add up, to at most 8p, and whoever calls
//!   them keeps the account;
//! * `store` alone makes a value canonical.
//!
//! The u64 columns of `9x29` are below 2·9·2^58 + 2^35 < 2^63, the u32 columns of `20x13` below
//! 2·20·(2^13 − 1)² + 2^19 < 2^32: neither overflows without a carry between the steps.

use std::cmp::Ordering;
use std::fmt::Write;

use super::modulus::{Field, Wide, limbs, mask};
use crate::layout::Layout;

/// Text with the prefix and the type filled in: `$f` and `$F`.
struct Text {
    field: Field,
    layout: Layout,
    out: String,
}

impl Text {
    fn line(&mut self, text: impl AsRef<str>) {
        let text = text.as_ref();
        let text = text.replace("$f", self.field.prefix());
        let text = text.replace("$F", self.field.type_name());
        self.out.push_str(&text);
        self.out.push('\n');
    }

    fn limbs(&self, value: &Wide) -> Vec<u32> {
        limbs(value, self.layout.limb_bits(), self.layout.limbs())
    }

    fn multiple(&self, k: u32) -> Vec<u32> {
        self.limbs(&self.field.multiple(k))
    }

    /// A function without arguments that gives a constant.
    fn constant(&mut self, name: &str, value: &Wide) {
        let limbs = self.limbs(value).into_iter().map(|limb| format!("{limb}u"));
        let limbs = limbs.collect::<Vec<_>>().join(", ");
        self.line(format!("fn $f_{name}() -> $F {{ return $F({limbs}); }}"));
    }
}

/// The module of a field in a layout.
pub fn module(field: Field, layout: Layout) -> String {
    let mut text = Text {
        field,
        layout,
        out: String::new(),
    };
    let members: Vec<_> = (0..layout.limbs()).map(|i| format!("l{i}: u32")).collect();
    text.line(format!("struct $F {{ {} }}", members.join(", ")));
    let radix = layout.radix_bits();
    text.constant("zero", &[0; 9]);
    text.constant("one", &field.power_of_two(radix));
    // x·2^256 · 2^(2·radix − 256) / R = x·R
    text.constant("ark_to_layout", &field.power_of_two(2 * radix - 256));
    // x·2^256 · 2^(radix − 256) / R = x
    text.constant("ark_to_integer", &field.power_of_two(radix - 256));
    let p = limbs(&field.modulus(), 32, 8);
    text.line(format!(
        "fn $f_modulus() -> Words {{ return Words(vec4<u32>({}u, {}u, {}u, {}u), vec4<u32>({}u, {}u, {}u, {}u)); }}",
        p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]
    ));
    pack(&mut text);
    for k in [1, 2, 4] {
        conditional_subtract(&mut text, k);
    }
    match layout {
        Layout::Limbs8x32 => carried(&mut text),
        Layout::Limbs9x29 | Layout::Limbs20x13 => lazy(&mut text),
    }
    match layout {
        Layout::Limbs8x32 => mul_8x32(&mut text),
        Layout::Limbs9x29 => columns(&mut text, "u64"),
        Layout::Limbs20x13 => columns(&mut text, "u32"),
    }
    is_zero(&mut text);
    text.line("fn $f_store(x: $F) -> Words { return $f_pack($f_less_1p(x)); }");
    text.out
}

/// Words to limbs and back; the value does not change.
fn pack(text: &mut Text) {
    let (bits, count) = (text.layout.limb_bits() as usize, text.layout.limbs());
    let word = |i: usize| format!("w.{}.{}", ["lo", "hi"][i / 4], ["x", "y", "z", "w"][i % 4]);
    // Every piece of `from` that overlaps bits `start..start + len`, moved to its place.
    let pieces = |start: usize,
                  len: usize,
                  from_bits: usize,
                  from_count: usize,
                  name: &dyn Fn(usize) -> String| {
        let first = start / from_bits;
        let last = ((start + len - 1) / from_bits).min(from_count - 1);
        let pieces: Vec<_> = (first..=last)
            .map(|i| {
                let at = (i * from_bits) as isize - start as isize;
                match at {
                    0 => name(i),
                    at if at > 0 => format!("({} << {at}u)", name(i)),
                    at => format!("({} >> {}u)", name(i), -at),
                }
            })
            .collect();
        pieces.join(" | ")
    };
    let loads: Vec<_> = (0..count)
        .map(|i| {
            let value = pieces(i * bits, bits.min(256 - i * bits), 32, 8, &word);
            if bits == 32 {
                value
            } else {
                format!("({value}) & {}u", mask(bits as u32))
            }
        })
        .collect();
    text.line(format!(
        "fn $f_load(w: Words) -> $F {{ return $F({}); }}",
        loads.join(", ")
    ));
    let limb = |i: usize| format!("x.l{i}");
    let words: Vec<_> = (0..8)
        .map(|i| pieces(32 * i, 32, bits, count, &limb))
        .collect();
    text.line(format!(
        "fn $f_pack(x: $F) -> Words {{ return Words(vec4<u32>({}), vec4<u32>({})); }}",
        words[..4].join(", "),
        words[4..].join(", ")
    ));
}

/// `less_kp`: x − k·p if that is not negative, else x.
fn conditional_subtract(text: &mut Text, k: u32) {
    let limbs = text.multiple(k);
    let count = limbs.len();
    let bits = text.layout.limb_bits();
    text.line(format!("fn $f_less_{k}p(x: $F) -> $F {{"));
    text.line("  var d: $F;");
    if bits == 32 {
        text.line("  var s: u64;");
        for (i, limb) in limbs.iter().enumerate() {
            let borrow = if i == 0 { "" } else { " - ((s >> 32u) & 1lu)" };
            text.line(format!(
                "  s = u64(x.l{i}) - {limb}lu{borrow}; d.l{i} = u32(s);"
            ));
        }
        text.line("  let negative = (s >> 32u) != 0lu;");
    } else {
        text.line("  var s: i32;");
        for (i, limb) in limbs.iter().enumerate() {
            let borrow = if i == 0 {
                String::new()
            } else {
                format!(" + (s >> {bits}u)")
            };
            text.line(format!(
                "  s = i32(x.l{i}) - {limb}i{borrow}; d.l{i} = u32(s) & {}u;",
                mask(bits)
            ));
        }
        text.line("  let negative = s < 0i;");
    }
    let select: Vec<_> = (0..count)
        .map(|i| format!("select(d.l{i}, x.l{i}, negative)"))
        .collect();
    text.line(format!("  return $F({});", select.join(", ")));
    text.line("}");
}

/// `8x32`: sums and differences below 2p, carries in the high half of a u64.
fn carried(text: &mut Text) {
    text.line("fn $f_add(a: $F, b: $F) -> $F {");
    text.line("  var d: $F; var s: u64;");
    for i in 0..8 {
        let carry = if i == 0 { "" } else { " + (s >> 32u)" };
        text.line(format!(
            "  s = u64(a.l{i}) + u64(b.l{i}){carry}; d.l{i} = u32(s);"
        ));
    }
    text.line("  return $f_less_2p(d);"); // 4p < 2^256
    text.line("}");

    let two_p = text.multiple(2);
    text.line("fn $f_sub(a: $F, b: $F) -> $F {");
    text.line("  var d: $F; var s: u64;");
    for i in 0..8 {
        let borrow = if i == 0 { "" } else { " - ((s >> 32u) & 1lu)" };
        text.line(format!(
            "  s = u64(a.l{i}) - u64(b.l{i}){borrow}; d.l{i} = u32(s);"
        ));
    }
    text.line("  let back = u32(s >> 32u);"); // all ones if a < b, else zero
    for (i, limb) in two_p.iter().enumerate() {
        let carry = if i == 0 { "" } else { " + (s >> 32u)" };
        text.line(format!(
            "  s = u64(d.l{i}) + u64({limb}u & back){carry}; d.l{i} = u32(s);"
        ));
    }
    text.line("  return d;");
    text.line("}");
    text.line("fn $f_sub4(a: $F, b: $F) -> $F { return $f_sub(a, b); }");
    text.line("fn $f_reduce(x: $F) -> $F { return x; }");
}

/// The lazy layouts: sums and differences whose limbs are carried and whose bounds add up.
fn lazy(text: &mut Text) {
    let (bits, count) = (text.layout.limb_bits(), text.layout.limbs());
    text.line("fn $f_add(a: $F, b: $F) -> $F {");
    text.line("  var d: $F; var s: u32;");
    for i in 0..count {
        let carry = if i == 0 {
            String::new()
        } else {
            format!(" + (s >> {bits}u)")
        };
        text.line(format!(
            "  s = a.l{i} + b.l{i}{carry}; d.l{i} = s & {}u;",
            mask(bits)
        ));
    }
    text.line("  return d;");
    text.line("}");
    for (name, k) in [("sub", 2), ("sub4", 4)] {
        let multiple = text.multiple(k);
        text.line(format!("fn $f_{name}(a: $F, b: $F) -> $F {{"));
        text.line("  var d: $F; var s: i32;");
        for (i, limb) in multiple.iter().enumerate() {
            let carry = if i == 0 {
                String::new()
            } else {
                format!(" + (s >> {bits}u)")
            };
            text.line(format!(
                "  s = i32(a.l{i}) + {limb}i - i32(b.l{i}){carry}; d.l{i} = u32(s) & {}u;",
                mask(bits)
            ));
        }
        text.line("  return d;");
        text.line("}");
    }
    text.line("fn $f_reduce(x: $F) -> $F { return $f_less_2p($f_less_4p(x)); }");
}

/// Coarsely integrated operand scanning (Koç, Acar, Kaliski 1996), a carry through each row.
fn mul_8x32(text: &mut Text) {
    let p = text.multiple(1);
    let inverse = text.field.negative_inverse(32);
    text.line("fn $f_mul(a: $F, b: $F) -> $F {");
    for j in 0..9 {
        text.line(format!("  var t{j}: u32 = 0u;"));
    }
    text.line("  var x: u64;");
    for i in 0..8 {
        text.line(format!("  let a{i} = u64(a.l{i});"));
        for j in 0..8 {
            // (2^32 − 1)² + 2·(2^32 − 1) = 2^64 − 1
            let carry = if j == 0 { "" } else { " + (x >> 32u)" };
            text.line(format!(
                "  x = a{i} * u64(b.l{j}) + u64(t{j}){carry}; t{j} = u32(x);"
            ));
        }
        text.line("  t8 = t8 + u32(x >> 32u);"); // the sum is below 2p·2^32: no carry
        text.line(format!("  let q{i} = u64(t0 * {inverse}u);"));
        text.line(format!("  x = q{i} * {}lu + u64(t0);", p[0]));
        for (j, limb) in p.iter().enumerate().skip(1) {
            text.line(format!(
                "  x = q{i} * {limb}lu + u64(t{j}) + (x >> 32u); t{} = u32(x);",
                j - 1
            ));
        }
        text.line("  x = u64(t8) + (x >> 32u); t7 = u32(x); t8 = u32(x >> 32u);");
    }
    text.line("  return $F(t0, t1, t2, t3, t4, t5, t6, t7);");
    text.line("}");
    // Its carries run along rows, in which a square saves as many products as it adds shifts.
    text.line("fn $f_sqr(a: $F) -> $F { return $f_mul(a, a); }");
}

/// Products and squares over columns.
fn columns(text: &mut Text, column: &str) {
    let count = text.layout.limbs();
    let widen = |expression: String| match column {
        "u64" => format!("u64({expression})"),
        _ => expression,
    };
    text.line("fn $f_mul(a: $F, b: $F) -> $F {");
    for j in 0..count {
        text.line(format!("  let a{j} = {};", widen(format!("a.l{j}"))));
        text.line(format!("  let b{j} = {};", widen(format!("b.l{j}"))));
    }
    scan(text, column, |i, j| Some(format!("a{i} * b{j}")));

    // aᵢ·aⱼ and aⱼ·aᵢ belong to one column: the first of the two steps adds both.
    text.line("fn $f_sqr(a: $F) -> $F {");
    for j in 0..count {
        text.line(format!("  let a{j} = {};", widen(format!("a.l{j}"))));
        text.line(format!("  let b{j} = a{j} + a{j};"));
    }
    scan(text, column, |i, j| match j.cmp(&i) {
        Ordering::Less => None,
        Ordering::Equal => Some(format!("a{i} * a{i}")),
        Ordering::Greater => Some(format!("a{i} * b{j}")),
    });
}

/// Operand scanning over columns that need no carries until the end; only the lowest column's upper bits
/// move on at each step. Step i adds `product(i, j)` to column i + j, which is then the j-th from the lowest,
/// and every product that belongs to a column is added before it is the lowest.
fn scan(text: &mut Text, column: &str, product: impl Fn(usize, usize) -> Option<String>) {
    let (bits, count) = (text.layout.limb_bits(), text.layout.limbs());
    let (p, m) = (text.multiple(1), mask(bits));
    let inverse = text.field.negative_inverse(bits);
    let suffix = if column == "u64" { "lu" } else { "u" };
    let widen = |expression: String| {
        if column == "u64" {
            format!("u64({expression})")
        } else {
            expression
        }
    };
    let narrow = |expression: String| {
        if column == "u64" {
            format!("u32({expression})")
        } else {
            expression
        }
    };
    for j in 0..count {
        text.line(format!("  var t{j}: {column} = 0{suffix};"));
    }
    let plus = |i, j| product(i, j).map_or_else(String::new, |product| format!(" + {product}"));
    for i in 0..count {
        text.line(format!("  let s{i} = t0{};", plus(i, 0)));
        text.line(format!(
            "  let q{i} = {};",
            widen(format!("({inverse}u * {}) & {m}u", narrow(format!("s{i}"))))
        ));
        text.line(format!(
            "  let c{i} = (s{i} + q{i} * {}{suffix}) >> {bits}u;",
            p[0]
        ));
        for (j, limb) in p.iter().enumerate().skip(1) {
            let carry = if j == 1 {
                format!(" + c{i}")
            } else {
                String::new()
            };
            text.line(format!(
                "  t{} = t{j}{} + q{i} * {limb}{suffix}{carry};",
                j - 1,
                plus(i, j)
            ));
        }
        text.line(format!("  t{} = 0{suffix};", count - 1));
    }
    text.line("  var d: $F;");
    for j in 0..count {
        if j > 0 {
            text.line(format!("  t{j} = t{j} + (t{} >> {bits}u);", j - 1));
        }
        text.line(format!("  d.l{j} = {} & {m}u;", narrow(format!("t{j}"))));
    }
    text.line("  return d;");
    text.line("}");
}

/// Whether a value below 4p is a multiple of p. The lowest limbs decide almost always.
fn is_zero(text: &mut Text) {
    let multiples: Vec<_> = match text.layout {
        Layout::Limbs8x32 => vec![1], // below 2p
        _ => vec![1, 2, 3],
    };
    let count = text.layout.limbs();
    text.line("fn $f_is_zero(x: $F) -> bool {");
    let multiples: Vec<_> = std::iter::once(vec![0; count])
        .chain(multiples.into_iter().map(|k| text.multiple(k)))
        .collect();
    let lowest: Vec<_> = multiples
        .iter()
        .map(|limbs| format!("x.l0 != {}u", limbs[0]))
        .collect();
    text.line(format!(
        "  if ({}) {{ return false; }}",
        lowest.join(" && ")
    ));
    let mut out = String::new();
    for (i, limbs) in multiples.iter().enumerate() {
        let differences: Vec<_> = limbs
            .iter()
            .enumerate()
            .map(|(j, limb)| format!("(x.l{j} ^ {limb}u)"))
            .collect();
        let or = if i == 0 { "" } else { " || " };
        write!(out, "{or}({}) == 0u", differences.join(" | ")).expect("a string takes every write");
    }
    text.line(format!("  return {out};"));
    text.line("}");
}
