//! What tests need beyond cargo: packages from npm, installed into the checkout from committed locks; programs and
//! hardware, which are there or not.

use std::collections::BTreeSet;

use crate::require::Requirement;
use crate::steps::{Workspace, capture, execute, exists};

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
/// circom and snarkjs.
pub const INTEROP: NpmPackage = NpmPackage {
    folder: "interop",
    purpose: "exchanging files with snarkjs",
};

/// The node.
pub const ANVIL: NpmPackage = NpmPackage {
    folder: "anvil",
    purpose: "running the contracts on a node",
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
    npm(&INTEROP, Requirement::Snarkjs)?;
    npm(&ANVIL, Requirement::Anvil)?;
    let available = Available {
        node: npm(&WALLET, Requirement::Node)?,
        python: exists("python3"),
    };
    for (requirement, tests, absent) in [
        (
            Requirement::Python,
            "the wallet in Python will not be checked",
            unless(available.python, "expected python3, got none"),
        ),
        (
            Requirement::Postgres,
            "the tests of the farm on PostgreSQL will be reported as ignored",
            unless(
                has_postgres(),
                "expected initdb and postgres on the path or in /usr/lib/postgresql, got none",
            ),
        ),
        (
            Requirement::Chromium,
            "the tests of the farm's page in a browser will be reported as ignored",
            unless(
                exists("chromium") || exists("chromium-browser"),
                "expected chromium, got none",
            ),
        ),
        (
            Requirement::Ifma,
            "the tests of backend ifma will be reported as ignored",
            unless(
                cpu_has_ifma(),
                "expected a CPU with AVX-512 IFMA, got one without",
            ),
        ),
        (
            Requirement::Gpu,
            "the tests of backend gpu will be reported as ignored",
            gpu(workspace).err(),
        ),
    ] {
        match absent {
            None => {}
            Some(reason) if required.contains(&requirement) => return Err(reason),
            Some(reason) => eprintln!("xtask: {tests}, because: {reason}"),
        }
    }
    Ok(available)
}

/// The reason, unless it is there.
fn unless(there: bool, reason: &str) -> Option<String> {
    (!there).then(|| reason.to_owned())
}

/// Whether a PostgreSQL server can be started: Debian has its programs beside the path.
fn has_postgres() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    exists("initdb") && exists("postgres")
        || versions
            .flatten()
            .any(|version| version.path().join("bin/initdb").exists())
}

/// Whether backend gpu can be opened: what the conformance suite, which is to run anyway, says of the
/// cheapest of its tests.
///
/// # Errors
/// The reason why not.
fn gpu(workspace: &Workspace) -> Result<(), String> {
    let test = [
        "test",
        "--workspace",
        "--release",
        "--test",
        "backend_conformance",
        "--",
        "--exact",
        GPU_TEST,
    ];
    let output = capture(workspace.cargo(test).env_remove("ZKROLL_REQUIRE"))?;
    verdict(&output)
}

/// A test that opens backend gpu and does nothing with it.
const GPU_TEST: &str = "gpu::name_is_the_one_it_is_known_by";

/// What the suite printed of [`GPU_TEST`].
fn verdict(output: &str) -> Result<(), String> {
    let line = output.lines().find(|line| line.contains(GPU_TEST));
    let (_, outcome) = line
        .and_then(|line| line.split_once(" ... "))
        .ok_or_else(|| format!("expected an outcome of {GPU_TEST}, got none"))?;
    match outcome.split_once("because ") {
        None if outcome == "ok" => Ok(()),
        None => Err(format!("{GPU_TEST}: {outcome}")),
        Some((_, reason)) => Err(reason.strip_suffix(')').unwrap_or(reason).to_owned()),
    }
}

fn cpu_has_ifma() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512ifma");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_an_ignored_test_is_told() {
        let of = |outcome: &str| {
            verdict(&format!(
                "\nrunning 1 test\ntest {GPU_TEST} ... {outcome}\n\ntest result: ok."
            ))
        };
        assert_eq!(of("ok"), Ok(()));
        assert_eq!(
            of("ignored (because backend gpu is not available: no adapter (of any kind))"),
            Err("backend gpu is not available: no adapter (of any kind)".to_owned())
        );
        assert_eq!(of("ignored"), Err(format!("{GPU_TEST}: ignored")));
        assert!(verdict("running 0 tests").is_err());
    }
}
