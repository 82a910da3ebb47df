//! What the build script demands of a shader.

use naga::back::{hlsl, msl, spv};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, Module, StorageAccess, TypeInner};

use crate::kernel::{Access, Kernel};

/// Parses and validates the text, translates it to SPIR-V, MSL and HLSL, and compares its interface with
/// the host's.
///
/// # Errors
/// What is wrong, for people.
pub fn validate(kernel: Kernel, int64: bool, text: &str) -> Result<(), String> {
    let module = naga::front::wgsl::parse_str(text).map_err(|e| e.emit_to_string(text))?;
    let capabilities = if int64 {
        Capabilities::SHADER_INT64
    } else {
        Capabilities::empty()
    };
    let info = Validator::new(ValidationFlags::all(), capabilities)
        .validate(&module)
        .map_err(|e| e.emit_to_string(text))?;
    translate(&module, &info)?;
    compare(kernel, &module)
}

/// Every platform's translation must succeed; the driver of each gets the same text at run time.
fn translate(module: &Module, info: &ModuleInfo) -> Result<(), String> {
    let options = spv::Options {
        lang_version: (1, 3),
        ..Default::default()
    };
    spv::write_vec(module, info, &options, None).map_err(|e| format!("SPIR-V: {e}"))?;

    let options = msl::Options {
        lang_version: (2, 4),
        fake_missing_bindings: true,
        ..Default::default()
    };
    msl::write_string(module, info, &options, &Default::default())
        .map_err(|e| format!("MSL: {e}"))?;

    let options = hlsl::Options {
        shader_model: hlsl::ShaderModel::V6_0, // 64-bit integers
        ..Default::default()
    };
    let mut text = String::new();
    hlsl::Writer::new(&mut text, &options, &Default::default())
        .write(module, info, None)
        .map_err(|e| format!("HLSL: {e}"))?;
    Ok(())
}

/// Entry point, storage buffers and parameter block are those of [`Kernel`].
fn compare(kernel: Kernel, module: &Module) -> Result<(), String> {
    let [entry] = &module.entry_points[..] else {
        return Err(format!(
            "expected one entry point, got {}",
            module.entry_points.len()
        ));
    };
    let expected = (kernel.entry_point(), [kernel.workgroup_size(), 1, 1]);
    let got = (entry.name.as_str(), entry.workgroup_size);
    if expected != got {
        return Err(format!("expected entry point {expected:?}, got {got:?}"));
    }

    let bindings = kernel.bindings();
    let mut seen = vec![false; bindings.len() + 1];
    for (_, variable) in module.global_variables.iter() {
        let Some(place) = &variable.binding else {
            continue; // workgroup memory
        };
        let name = variable.name.as_deref().unwrap_or_default();
        let index = place.binding as usize;
        if place.group != 0 || index >= seen.len() {
            return Err(format!("expected no binding {place:?} of {name}"));
        }
        seen[index] = true;
        let inner = &module.types[variable.ty].inner;
        match bindings.get(index) {
            Some(binding) => {
                let writes = match variable.space {
                    AddressSpace::Storage { access } => access.contains(StorageAccess::STORE),
                    _ => return Err(format!("expected {name} in storage")),
                };
                let stride = match inner {
                    TypeInner::Array { stride, .. } => *stride,
                    _ => return Err(format!("expected {name} to be an array")),
                };
                let expected = (
                    binding.name,
                    binding.access == Access::ReadWrite,
                    binding.stride,
                );
                if expected != (name, writes, stride) {
                    return Err(format!(
                        "binding {index}: expected (name, writes, stride) {expected:?}, got {:?}",
                        (name, writes, stride)
                    ));
                }
            }
            None => compare_params(kernel, module, name, inner)?,
        }
    }
    match seen.iter().position(|seen| !seen) {
        None => Ok(()),
        Some(index) => Err(format!("expected a variable at binding {index}, got none")),
    }
}

fn compare_params(
    kernel: Kernel,
    module: &Module,
    name: &str,
    inner: &TypeInner,
) -> Result<(), String> {
    let TypeInner::Struct { members, .. } = inner else {
        return Err(format!("expected {name} to be a struct"));
    };
    let mut offset = 0;
    let mut expected = kernel.params().iter();
    for member in members {
        let words = module.types[member.ty].inner.size(module.to_ctx()) / 4;
        let got = (member.name.as_deref().unwrap_or_default(), words);
        if expected.next().copied() != Some(got) || member.offset != offset {
            return Err(format!(
                "expected parameters {:?} without gaps, got {got:?} at byte {}",
                kernel.params(),
                member.offset
            ));
        }
        offset += 4 * words;
    }
    match expected.next() {
        None => Ok(()),
        Some(missing) => Err(format!("expected a parameter {missing:?}, got none")),
    }
}
