//! The text of every shader: which modules a kernel is made of.

use std::path::Path;

use crate::kernel::{Curve, Kernel};
use crate::layout::Layout;

pub mod field;
pub mod modulus;

use modulus::Field;

/// A part of a shader.
enum Module {
    /// A file in `wgsl/`.
    File(&'static str),
    /// A generated field.
    Field(Field),
}

/// The modules that a kernel's own file follows.
fn modules(kernel: Kernel) -> Vec<Module> {
    use Module::{Field as Generated, File};
    let coordinates = match kernel.curve() {
        Some(Curve::G1) => "coordinate_g1",
        Some(Curve::G2) => "coordinate_g2",
        None => "",
    };
    match kernel {
        Kernel::Probe => vec![File("words"), Generated(Field::Fq)],
        Kernel::ConvertPoints(_) => {
            vec![File("words"), Generated(Field::Fq), File(coordinates)]
        }
        Kernel::Accumulate(_) | Kernel::Combine(_) | Kernel::Reduce(_) => vec![
            File("words"),
            Generated(Field::Fq),
            File(coordinates),
            File("curve"),
        ],
        Kernel::Digits
        | Kernel::Ntt
        | Kernel::ScalePowers
        | Kernel::Multiply
        | Kernel::Subtract => {
            vec![File("words"), Generated(Field::Fr)]
        }
        Kernel::ScanBlocks | Kernel::ScanAdd | Kernel::Scatter => vec![],
    }
}

/// Composes the text of a kernel. A layout must be given where the kernel has one.
pub fn compose(folder: &Path, kernel: Kernel, layout: Layout) -> String {
    let mut text = String::new();
    let file = |name: &str| {
        let path = folder.join(name).with_extension("wgsl");
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    for module in modules(kernel) {
        match module {
            Module::File(name) => text += &file(name),
            Module::Field(field) => text += &field::module(field, layout),
        }
    }
    text + &file(kernel.entry_point())
}
