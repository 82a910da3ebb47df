//! Chromium without a window: what a page becomes after its scripts have run.

#[path = "require.rs"]
mod require;

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

/// What of a page's time passes before its DOM is taken. It passes as fast as the page allows.
const PAGE_TIME: Duration = Duration::from_secs(7);
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A test that is ignored, or fails if `chromium` is required, where there is no browser.
pub fn trial(name: &str, test: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    require::trial("chromium", missing, name, test)
}

/// What is missing before a page can be opened, if anything is.
pub fn missing() -> Option<String> {
    program()
        .is_none()
        .then(|| "there is no chromium".to_owned())
}

/// The page's DOM as HTML, some polls after it was opened.
pub fn open(url: &str) -> Result<String, String> {
    let program = program().ok_or("expected chromium, got none")?;
    let profile = tempfile::tempdir().map_err(|error| format!("temporary folder: {error}"))?;
    let mut profile_flag = std::ffi::OsString::from("--user-data-dir=");
    profile_flag.push(profile.path());
    let mut browser = Command::new(program)
        // The sandbox refuses to run as root, and the page is ours.
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        // Shared memory is scarce in containers.
        .arg("--disable-dev-shm-usage")
        .arg(profile_flag)
        .arg(format!("--virtual-time-budget={}", PAGE_TIME.as_millis()))
        .args(["--dump-dom", url])
        // Fonts and settings are looked for there.
        .env("HOME", profile.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("chromium: {error}"))?;
    let mut stdout = browser.stdout.take().expect("the stream is piped");
    let reader = std::thread::spawn(move || {
        let mut dom = String::new();
        stdout.read_to_string(&mut dom).map(|_| dom)
    });
    wait(&mut browser)?;
    let dom = reader
        .join()
        .map_err(|_| "the reader panicked".to_owned())?;
    match dom {
        Ok(dom) if dom.contains("</html>") => Ok(dom),
        Ok(dom) => Err(format!("expected a page, got {dom:?}")),
        Err(error) => Err(format!("chromium: {error}")),
    }
}

/// Waits until the browser has ended, or kills it.
fn wait(browser: &mut Child) -> Result<(), String> {
    let begin = Instant::now();
    loop {
        match browser.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("chromium ended, {status}")),
            Ok(None) if begin.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(None) => {
                let _ = browser.kill();
                let _ = browser.wait();
                return Err(format!("chromium did not end within {PATIENCE:?}"));
            }
            Err(error) => return Err(format!("chromium: {error}")),
        }
    }
}

/// The browser: Debian's name, then that of others.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    ["chromium", "chromium-browser"]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
}
