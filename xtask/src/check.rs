//! `cargo xtask check`: everything short of running tests.

use crate::steps::{Steps, Workspace, capture};

/// `package`, built with `flags`, must not depend on any of `forbidden`.
struct Boundary {
    package: &'static str,
    flags: &'static [&'static str],
    forbidden: &'static [&'static str],
}

/// The architecture's boundaries: the library crates meet in arkworks types, never in each other,
/// and what is not asked for is not compiled, the GPU's interface least of all.
const BOUNDARIES: [Boundary; 11] = [
    // What its tests depend on stays theirs.
    Boundary {
        package: "zkroll-anvil",
        flags: &[],
        forbidden: &["zkroll", "alloy-provider", "tokio"],
    },
    // `zkroll farm` runs another program.
    Boundary {
        package: "zkroll-cli",
        flags: &["--all-features"],
        forbidden: &[
            "zkroll-farm",
            "apalis-core",
            "sqlx",
            "object_store",
            "tokio",
        ],
    },
    Boundary {
        package: "zkroll-circuits",
        flags: &["--all-features"],
        forbidden: &[
            "zkroll-prover",
            "zkroll-engine",
            "zkroll-shaders",
            "zkroll-verifier-sol",
            "zkroll-store",
            "revm",
            "wgpu",
            "redb",
        ],
    },
    Boundary {
        package: "zkroll-engine",
        flags: &["--all-features"],
        forbidden: &[
            "zkroll-prover",
            "zkroll-circuits",
            "zkroll-shaders",
            "ark-groth16",
            "revm",
            "wgpu",
        ],
    },
    // Shaders are text to this crate: naga checks them when it is built, and the user's GPU interface is
    // the prover's business.
    Boundary {
        package: "zkroll-shaders",
        flags: &["--all-features"],
        forbidden: &[
            "zkroll-prover",
            "zkroll-circuits",
            "zkroll-engine",
            "zkroll-verifier-sol",
            "zkroll",
            "wgpu",
            "naga",
        ],
    },
    Boundary {
        package: "zkroll-prover",
        flags: &["--all-features"],
        forbidden: &["zkroll-circuits", "zkroll-verifier-sol", "revm"],
    },
    Boundary {
        package: "zkroll-prover",
        flags: &[],
        forbidden: &["wgpu", "zkroll-shaders", "serde_json"],
    },
    Boundary {
        package: "zkroll-verifier-sol",
        flags: &["--all-features"],
        forbidden: &["zkroll-circuits", "zkroll-prover", "zkroll-shaders", "wgpu"],
    },
    Boundary {
        package: "zkroll-store",
        flags: &["--all-features"],
        forbidden: &[
            "zkroll-prover",
            "zkroll-engine",
            "zkroll-shaders",
            "zkroll-verifier-sol",
            "revm",
            "wgpu",
        ],
    },
    Boundary {
        package: "zkroll",
        flags: &[],
        forbidden: &["revm", "wgpu", "zkroll-shaders", "redb"],
    },
    Boundary {
        package: "zkroll",
        flags: &["--no-default-features"],
        forbidden: &["revm", "rayon", "wgpu", "redb"],
    },
];

/// Combinations of features that the workspace as a whole does not exercise.
const FEATURES: [(&str, &[&str]); 12] = [
    ("zkroll-circuits", &["--no-default-features"]),
    ("zkroll-engine", &["--no-default-features"]),
    ("zkroll-prover", &["--no-default-features"]),
    (
        "zkroll-prover",
        &["--no-default-features", "--features", "gpu"],
    ),
    (
        "zkroll-prover",
        &["--no-default-features", "--features", "snarkjs"],
    ),
    ("zkroll-verifier-sol", &["--no-default-features"]),
    ("zkroll-store", &["--no-default-features"]),
    ("zkroll", &["--no-default-features"]),
    ("zkroll", &["--no-default-features", "--features", "evm"]),
    ("zkroll", &["--no-default-features", "--features", "gpu"]),
    (
        "zkroll",
        &["--no-default-features", "--features", "snarkjs"],
    ),
    ("zkroll", &["--no-default-features", "--features", "store"]),
];

/// Runs every check. All builds use the release profile, so that they share the compiled dependencies.
pub fn run(workspace: &Workspace, steps: &mut Steps) {
    steps.command(workspace.cargo(["fmt", "--all", "--check"]));
    steps.command(workspace.cargo(["deny", "check", "bans", "licenses", "sources"]));
    for boundary in &BOUNDARIES {
        let Boundary {
            package,
            flags,
            forbidden,
        } = boundary;
        let name = format!(
            "{package} {} without {}",
            flags.join(" "),
            forbidden.join(", ")
        );
        steps.task(&name, || boundary.verify(workspace));
    }
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--release",
        "--",
        "-D",
        "warnings",
    ];
    steps.command(workspace.cargo(clippy));
    for (package, flags) in FEATURES {
        steps.command(
            workspace
                .cargo(["check", "--release", "-p", package])
                .args(flags),
        );
    }
    // With an example, the features are those of clippy's run: by themselves the libraries have fewer, the
    // contracts' EVM would go without its documentation, and a hundred crates would be checked again.
    let doc = [
        "doc",
        "--workspace",
        "--no-deps",
        "--release",
        "--lib",
        "--example",
        "chain",
    ];
    steps.command(workspace.cargo(doc).env("RUSTDOCFLAGS", "-D warnings"));
    steps.command(workspace.cargo(["bench", "--workspace", "--no-run"]));
}

impl Boundary {
    fn verify(&self, workspace: &Workspace) -> Result<(), String> {
        let tree = [
            "tree",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--package",
            self.package,
        ];
        let tree = capture(workspace.cargo(tree).args(self.flags))?;
        match self.forbidden.iter().find(|name| lists(&tree, name)) {
            None => Ok(()),
            Some(name) => Err(format!(
                "expected no {name} under {}, got one (see cargo tree --invert)",
                self.package
            )),
        }
    }
}

/// Whether the output of `cargo tree --prefix none`, lines of `name version ..`, names a package.
fn lists(tree: &str, package: &str) -> bool {
    tree.lines()
        .any(|line| line.split(' ').next() == Some(package))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_found_by_their_whole_name() {
        let tree = "zkroll v0.1.0 (/checkout)\nrevm-precompile v36.0.0\nrayon v1.11.0 (*)\n";
        assert!(lists(tree, "rayon"));
        assert!(lists(tree, "revm-precompile"));
        assert!(!lists(tree, "revm"));
        assert!(!lists(tree, "v1.11.0"));
    }
}
