//! WGSL compute shaders for multi-scalar multiplication and transforms over BN254.
//!
//! One set of shaders serves Vulkan, Metal and DX12. Shared modules hold the field and curve arithmetic;
//! the field's is generated for each [`Layout`]. The build script composes the text of every
//! ([`Kernel`], [`Layout`]) pair, parses and validates it, translates it to SPIR-V, MSL and HLSL, and
//! compares its bindings and parameter block with [`Kernel::bindings`] and [`Kernel::params`]: a shader
//! that some platform would refuse, or that the host would feed wrongly, does not build.
//!
//! | module | what |
//! |---|---|
//! | [`mod@layout`] | how a field element stands in registers |
//! | [`kernel`] | entry points, bindings, sizes |
//! | [`params`] | parameter blocks |
//! | [`twins`] | the same kernels in plain Rust, one file of the same name for each |
//!
//! The crate knows no GPU API: it gives text and says what the text wants.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod kernel;
pub mod layout;
pub mod params;
pub mod twins;

pub use kernel::{Access, Binding, Curve, Kernel, NTT_TILE_LOG, SCAN_BLOCK};
pub use layout::{Layout, UnknownLayout};

include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// The text of a shader. The layout does not matter where [`Kernel::has_layout`] says so.
#[must_use]
pub fn source(kernel: Kernel, layout: Layout) -> &'static str {
    let layout = kernel.has_layout().then_some(layout);
    SOURCES
        .iter()
        .find(|(known, of, _)| *known == kernel && *of == layout)
        .map(|(_, _, text)| *text)
        .expect("the build script wrote every pair")
}
