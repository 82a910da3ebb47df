//! Composes every shader, validates it, translates it for every platform, and compares it with what the
//! host knows of it.

#![allow(
    dead_code,
    reason = "the modules are the library's, of which this program uses a part"
)]

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

#[path = "src/generate/mod.rs"]
mod generate;
#[path = "src/kernel.rs"]
mod kernel;
#[path = "src/layout.rs"]
mod layout;
#[path = "src/params.rs"]
mod params;
#[path = "src/validate.rs"]
mod validate;

use kernel::Kernel;
use layout::Layout;

fn main() {
    for path in ["build.rs", "src", "wgsl"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let out = Path::new(&out);
    let mut table = String::from(
        "/// Every shader: kernel, layout and text.\n\
         static SOURCES: &[(Kernel, Option<Layout>, &str)] = &[\n",
    );
    for kernel in Kernel::ALL {
        let layouts = if kernel.has_layout() {
            Layout::ALL.map(Some).to_vec()
        } else {
            vec![None]
        };
        for layout in layouts {
            let text = generate::compose(
                Path::new("wgsl"),
                kernel,
                layout.unwrap_or(Layout::Limbs20x13),
            );
            let name = layout.map_or_else(
                || kernel.name(),
                |layout| format!("{}_{layout}", kernel.name()),
            );
            let int64 = layout.is_some_and(Layout::needs_int64);
            if let Err(message) = validate::validate(kernel, int64, &text) {
                let path = out.join(format!("{name}.rejected.wgsl"));
                fs::write(&path, text).expect("OUT_DIR can be written");
                panic!("{name}: {message}\nthe text is in {}", path.display());
            }
            fs::write(out.join(format!("{name}.wgsl")), text).expect("OUT_DIR can be written");
            let layout = layout.map(|layout| format!("Layout::{layout:?}"));
            let layout = layout.map_or("None".to_owned(), |layout| format!("Some({layout})"));
            let kernel = match kernel.curve() {
                None => format!("{kernel:?}"),
                Some(_) => format!("{kernel:?}").replace("(", "(Curve::"),
            };
            writeln!(
                table,
                "    (Kernel::{kernel}, {layout}, include_str!(concat!(env!(\"OUT_DIR\"), \"/{name}.wgsl\"))),"
            )
            .expect("a string takes every write");
        }
    }
    table += "];\n";
    fs::write(out.join("sources.rs"), table).expect("OUT_DIR can be written");
}
