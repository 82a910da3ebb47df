//! The compiler: circuits to constraints and to programs that compute witnesses.

use std::fs;
use std::path::{Path, PathBuf};

use crate::tool::{Tool, ToolError};

/// What the compiler made of a circuit.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The constraints.
    pub r1cs: PathBuf,
    /// The names of the signals.
    pub sym: PathBuf,
    /// The program that computes witnesses.
    pub wasm: PathBuf,
}

/// How far the compiler simplifies linear constraints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Simplification {
    /// `--O0`: not at all.
    None,
    /// `--O1`: signals that equal another or a constant go.
    #[default]
    Equal,
    /// `--O2`: linear constraints go.
    Full,
}

/// Compiles a circuit. What it includes is looked for in its own folder, where the results go too.
///
/// # Errors
/// [`ToolError`] if the compiler fails.
///
/// # Panics
/// If `main` is no path of a file.
pub fn compile(main: &Path, simplification: Simplification) -> Result<Compiled, ToolError> {
    let (folder, name) = match (main.parent(), main.file_name()) {
        (Some(folder), Some(name)) => (folder, Path::new(name)),
        _ => panic!("expected a file in a folder, got {}", main.display()),
    };
    let level = match simplification {
        Simplification::None => "--O0",
        Simplification::Equal => "--O1",
        Simplification::Full => "--O2",
    };
    // The compiler sees the file system through WASI; names without a folder always work.
    let arguments = [name.as_os_str(), level.as_ref()];
    let outputs = ["--r1cs", "--sym", "--wasm"].map(AsRef::as_ref);
    Tool::Circom
        .run(folder, arguments.into_iter().chain(outputs))?
        .success()?;
    let stem = Path::new(name.file_stem().unwrap_or_default());
    let program = format!("{}_js", stem.display());
    Ok(Compiled {
        r1cs: folder.join(stem.with_extension("r1cs")),
        sym: folder.join(stem.with_extension("sym")),
        wasm: folder.join(program).join(stem.with_extension("wasm")),
    })
}

/// The circuit family of `circuits/chain.circom`: three public inputs (the last value, c, d), one
/// secret, and as many constraints as one likes, a quarter of them linear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Number of constraints.
    pub constraints: usize,
}

impl Chain {
    /// Columns of the instance: the constant 1, the output, c and d.
    pub const NUM_INSTANCE: usize = 4;

    /// The longest chain whose proof takes a domain of 2^`log_n`: each instance column has a row too.
    ///
    /// # Panics
    /// If the domain is too small for one step.
    #[must_use]
    pub fn filling_domain(log_n: u32) -> Self {
        assert!(log_n > 2, "expected a domain of 8 or more, got 2^{log_n}");
        Self {
            constraints: (1 << log_n) - Self::NUM_INSTANCE,
        }
    }

    /// Writes the circuit to a folder and compiles it there.
    ///
    /// # Errors
    /// [`ToolError`] if the folder cannot be written to, or the compiler fails.
    pub fn compile(&self, folder: &Path) -> Result<Compiled, ToolError> {
        let main = format!(
            "pragma circom 2.1.0;\ninclude \"chain.circom\";\n\
             component main {{public [c, d]}} = Chain({});\n",
            self.constraints
        );
        write(
            &folder.join("chain.circom"),
            include_str!("../circuits/chain.circom"),
        )?;
        let path = folder.join("main.circom");
        write(&path, &main)?;
        compile(&path, Simplification::Equal)
    }

    /// The text of the `input.json` for a secret, c and d.
    #[must_use]
    pub fn input(&self, secret: u64, c: u64, d: u64) -> String {
        format!(r#"{{"secret": "{secret}", "c": "{c}", "d": "{d}"}}"#)
    }
}

fn write(path: &Path, text: &str) -> Result<(), ToolError> {
    fs::write(path, text).map_err(|source| ToolError::File {
        path: path.to_owned(),
        source,
    })
}
