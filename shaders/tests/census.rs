//! What an operation costs: the multiplications in the SPIR-V that naga writes, counted function by
//! function with those that they call, and pinned.
//!
//! `OpIMul` on 64-bit integers has operands that were 32-bit ones: NVIDIA and AMD make one wide
//! multiply-add of it, which takes two issue slots of a 32-bit one. Loops count once, branches all.
//!
//! `cargo test --release -p zkroll-shaders --test census -- --nocapture` prints the table.

use std::collections::BTreeMap;

use naga::back::spv;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use zkroll_shaders::{Curve, Kernel, Layout, source};

/// Opcodes and shapes of the SPIR-V specification, §3.
const OP_NAME: u32 = 5;
const OP_TYPE_INT: u32 = 21;
const OP_FUNCTION: u32 = 54;
const OP_FUNCTION_CALL: u32 = 57;
const OP_IMUL: u32 = 132;

/// Multiplications of integers of 32 and of 64 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    narrow: usize,
    wide: usize,
}

#[derive(Debug, Default)]
struct Function {
    own: Count,
    calls: Vec<u32>,
}

struct Census {
    names: BTreeMap<String, u32>,
    functions: BTreeMap<u32, Function>,
}

impl Census {
    fn of(kernel: Kernel, layout: Layout) -> Self {
        let module = naga::front::wgsl::parse_str(source(kernel, layout)).unwrap();
        let info = Validator::new(ValidationFlags::all(), Capabilities::SHADER_INT64)
            .validate(&module)
            .unwrap();
        let options = spv::Options {
            flags: spv::WriterFlags::DEBUG, // names
            lang_version: (1, 3),
            ..Default::default()
        };
        let words = spv::write_vec(&module, &info, &options, None).unwrap();
        let mut census = Self {
            names: BTreeMap::new(),
            functions: BTreeMap::new(),
        };
        let mut widths = BTreeMap::new();
        let mut current = None;
        let mut at = 5; // behind the header
        while at < words.len() {
            let (len, op) = (words[at] >> 16, words[at] & 0xffff);
            let operands = &words[at + 1..at + len as usize];
            match op {
                OP_NAME => {
                    let bytes: Vec<u8> =
                        operands[1..].iter().flat_map(|w| w.to_le_bytes()).collect();
                    let name = bytes.split(|byte| *byte == 0).next().unwrap();
                    let name = String::from_utf8(name.to_vec()).unwrap();
                    census.names.insert(name, operands[0]);
                }
                OP_TYPE_INT => {
                    widths.insert(operands[0], operands[1]);
                }
                OP_FUNCTION => {
                    current = Some(operands[1]);
                    census.functions.insert(operands[1], Function::default());
                }
                OP_FUNCTION_CALL => {
                    let function = census.functions.get_mut(&current.unwrap()).unwrap();
                    function.calls.push(operands[2]);
                }
                OP_IMUL => {
                    let own = &mut census.functions.get_mut(&current.unwrap()).unwrap().own;
                    match widths.get(&operands[0]) {
                        Some(64) => own.wide += 1,
                        _ => own.narrow += 1,
                    }
                }
                _ => {}
            }
            at += len as usize;
        }
        census
    }

    fn count(&self, name: &str) -> Count {
        self.count_id(self.names[name])
    }

    fn count_id(&self, id: u32) -> Count {
        let Some(function) = self.functions.get(&id) else {
            return Count::default();
        };
        function.calls.iter().fold(function.own, |sum, callee| {
            let callee = self.count_id(*callee);
            Count {
                narrow: sum.narrow + callee.narrow,
                wide: sum.wide + callee.wide,
            }
        })
    }
}

/// The counted operations: kernel, function, what it is.
const OPERATIONS: [(Kernel, &str, &str); 5] = [
    (Kernel::Probe, "fq_mul", "product in Fq"),
    (
        Kernel::Accumulate(Curve::G1),
        "xyzz_madd",
        "mixed addition in G1, with the branch that doubles",
    ),
    (
        Kernel::Combine(Curve::G1),
        "xyzz_add",
        "addition in G1, with the branch that doubles",
    ),
    (
        Kernel::Accumulate(Curve::G2),
        "xyzz_madd",
        "mixed addition in G2, as G1 with loops of three",
    ),
    (
        Kernel::Combine(Curve::G2),
        "xyzz_add",
        "addition in G2, as G1 with loops of three",
    ),
];

#[test]
fn multiplications_are_pinned() {
    for layout in Layout::ALL {
        // A product, and a square, in which products of different limbs are made once.
        let (mul, sqr) = match layout {
            Layout::Limbs8x32 => ([8, 128], [8, 128]),
            Layout::Limbs9x29 => ([9, 81 + 81], [9, 45 + 81]),
            Layout::Limbs20x13 => ([20 + 400 + 400, 0], [20 + 210 + 400, 0]),
        };
        // Products and squares in Fq in the text of each operation: the formula's, and a square in the branch
        // that doubles. In G2 they are in Fq2, each a loop around one product in Fq, which is made three
        // times, or twice in a square: 8·3 + 2·2 = 28 and 12·3 + 2·2 = 40 without that branch.
        let operations = [
            (1, 0),
            (8, 2 + 1),
            (12, 2 + 1),
            (8 + 2 + 1, 0),
            (12 + 2 + 1, 0),
        ];
        for ((kernel, function, what), (products, squares)) in
            OPERATIONS.into_iter().zip(operations)
        {
            let got = Census::of(kernel, layout).count(function);
            let slots = got.narrow + 2 * got.wide;
            println!(
                "{layout:>6}  {what}: {} of 64 and {} of 32 bits, {slots} slots",
                got.wide, got.narrow
            );
            let [narrow, wide] = [0, 1].map(|i| products * mul[i] + squares * sqr[i]);
            assert_eq!(got, Count { narrow, wide }, "{layout} {what}");
        }
    }
}
