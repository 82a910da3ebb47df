//! What tests need beyond cargo: packages from npm, installed into the checkout from committed locks.

use std::collections::BTreeSet;

use crate::require::Requirement;
use crate::steps::{Workspace, execute, exists};

/// A folder with a `package-lock.json`.
pub struct NpmPackage {
    folder: &'static str,
    purpose: &'static str,
}

/// The Solidity compiler.
pub const SOLC: NpmPackage = NpmPackage {
    folder: "verifier-sol/contracts",
    purpose: "recompiling the contracts",
};
/// circomlibjs, the wallet's library.
pub const WALLET: NpmPackage = NpmPackage {
    folder: "examples/wallet",
    purpose: "signing the example's transfers",
};

/// What the machine turned out to have.
pub struct Available {
    /// Node.js, with the wallet's packages.
    pub node: bool,
    /// Python 3.
    pub python: bool,
}

impl NpmPackage {
    /// Brings `node_modules` to the state of the lock, unless it is there already. Packages' own
    /// install scripts do not run: none of them is needed.
    pub fn install(&self, workspace: &Workspace) -> Result<(), String> {
        if self.is_current(workspace) {
            return Ok(());
        }
        if !exists("npm") {
            return Err(format!("{}: expected npm, got none", self.folder));
        }
        eprintln!("xtask: npm ci in {}", self.folder);
        let npm = [
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefix",
            self.folder,
        ];
        execute(&mut workspace.tool("npm", npm))
            .map_err(|reason| format!("{}: npm ci: {reason}", self.folder))
    }

    /// npm writes a lock of its own into `node_modules` when it is done.
    fn is_current(&self, workspace: &Workspace) -> bool {
        let modified = |file: &str| {
            workspace
                .path(self.folder)
                .join(file)
                .metadata()
                .and_then(|file| file.modified())
                .ok()
        };
        exists("node")
            && matches!(
                (modified("node_modules/.package-lock.json"), modified("package-lock.json")),
                (Some(installed), Some(locked)) if installed >= locked
            )
    }
}

/// Sets up all that can be; an error if something required cannot.
pub fn prepare(
    workspace: &Workspace,
    required: &BTreeSet<Requirement>,
) -> Result<Available, String> {
    let npm = |package: &NpmPackage, requirement| match package.install(workspace) {
        Ok(()) => Ok(true),
        Err(reason) if required.contains(&requirement) => Err(reason),
        Err(reason) => {
            eprintln!(
                "xtask: the tests for {} will be reported as ignored, because: {reason}",
                package.purpose
            );
            Ok(false)
        }
    };
    npm(&SOLC, Requirement::Solc)?;
    let available = Available {
        node: npm(&WALLET, Requirement::Node)?,
        python: exists("python3"),
    };
    if !available.python {
        eprintln!(
            "xtask: the wallet in Python will not be checked, because: expected python3, got none"
        );
    }

    if !cpu_has_ifma() {
        eprintln!(
            "xtask: the tests of backend ifma will be reported as ignored, because: expected a CPU \
             with AVX-512 IFMA, got one without"
        );
    }

    for requirement in required {
        let reason = match requirement {
            Requirement::Node | Requirement::Solc => continue, // seen above
            Requirement::Python if available.python => continue,
            Requirement::Ifma if cpu_has_ifma() => continue,
            Requirement::Python => "expected python3, got none",
            Requirement::Ifma => "expected a CPU with AVX-512 IFMA, got one without",
            Requirement::Gpu => {
                "expected tests on a gpu, got none: no backend of this version uses one"
            }
            Requirement::Snarkjs => "expected tests against snarkjs, got none in this version",
        };
        return Err(reason.to_owned());
    }
    Ok(available)
}

fn cpu_has_ifma() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512ifma");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}
