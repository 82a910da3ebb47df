//! A PostgreSQL server of a test's own: in a temporary folder, on a free port of 127.0.0.1, gone when it is dropped.
//!
//! The programs are those of a distribution; no cluster of its own is touched. hstore, which the queue's tables need,
//! comes with Debian's `postgresql-15`.

#[path = "require.rs"]
mod require;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use tempfile::TempDir;

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// A test that is ignored, or fails if `postgres` is required, where no server can be started.
pub fn trial(name: &str, test: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    require::trial("postgres", missing, name, test)
}

/// What is missing before a server can be started, if anything is.
pub fn missing() -> Option<String> {
    programs()
        .is_none()
        .then(|| "there is no initdb with a postgres beside it".to_owned())
}

/// A server. Its superuser is `postgres`, without a password; its database is `postgres`.
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    account: Option<Account>,
    settings: Vec<String>,
    port: u16,
    process: Option<Child>,
}

/// Who runs the server where this process may not: PostgreSQL refuses to run as root.
#[derive(Clone, Copy, Debug)]
struct Account {
    user: u32,
    group: u32,
}

impl Postgres {
    /// Starts a server with PostgreSQL's own settings.
    pub fn start() -> Result<Self, String> {
        Self::start_with(&[])
    }

    /// Starts a server with settings such as `fsync=off`.
    pub fn start_with(settings: &[&str]) -> Result<Self, String> {
        let programs = programs().ok_or("expected initdb and postgres, got none")?;
        let folder = tempfile::tempdir().map_err(|error| format!("temporary folder: {error}"))?;
        let account = account(folder.path())?;
        let mut server = Self {
            programs,
            folder,
            account,
            settings: settings.iter().map(ToString::to_string).collect(),
            port: 0,
            process: None,
        };
        server.initialize()?;
        // Somebody else may take the port between its choice and its use.
        let mut attempts = 3;
        loop {
            server.port = free_port().map_err(|error| format!("no free port: {error}"))?;
            attempts -= 1;
            match server.start_again() {
                Err(_) if attempts > 0 => server.stop()?,
                started => return started.map(|()| server),
            }
        }
    }

    /// Where it listens, `postgres://…/postgres`.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it where it was, with the data that it had, and waits until it answers.
    pub fn start_again(&mut self) -> Result<(), String> {
        let path = self.folder.path().join("server.log");
        let log = File::create(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut command = self.command("postgres");
        command
            .arg("-D")
            .arg(self.data())
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            // The path of a socket in a temporary folder may be longer than the system allows.
            .args(["-c", "unix_socket_directories="])
            .stdout(Stdio::null())
            .stderr(log);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        let process = command
            .spawn()
            .map_err(|error| format!("postgres: {error}"))?;
        let process = self.process.insert(process);
        let begin = Instant::now();
        // It says so in the file by which pg_ctl sees it, too: it accepts connections before it answers them.
        let status = self.folder.path().join("data/postmaster.pid");
        loop {
            let said = || fs::read_to_string(&path).unwrap_or_default();
            match process.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => return Err(format!("postgres ended, {status}:\n{}", said())),
                Err(error) => return Err(format!("postgres: {error}")),
            }
            // Another process' file, left behind, has another number.
            let status = fs::read_to_string(&status).unwrap_or_default();
            let mut lines = status.lines();
            let own = lines.next() == Some(process.id().to_string().as_str());
            if own && lines.nth(6).is_some_and(|line| line.trim() == "ready") {
                return Ok(());
            }
            if begin.elapsed() > PATIENCE {
                return Err(format!(
                    "postgres was not ready within {PATIENCE:?}:\n{}",
                    said()
                ));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops it: connections are cut, the data stay.
    pub fn stop(&mut self) -> Result<(), String> {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        // The shell's own kill; the program of that name is not everywhere.
        let kill = format!("kill -INT {}", process.id());
        let begin = Instant::now();
        let mut stopped = process.try_wait();
        if matches!(stopped, Ok(None)) {
            let _ = Command::new("sh").args(["-c", &kill]).status();
        }
        while matches!(stopped, Ok(None)) && begin.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(10));
            stopped = process.try_wait();
        }
        match stopped {
            Ok(Some(_)) => Ok(()),
            Ok(None) => {
                let _ = process.kill();
                let _ = process.wait();
                Err(format!(
                    "postgres did not stop within {PATIENCE:?} and was killed"
                ))
            }
            Err(error) => Err(format!("postgres: {error}")),
        }
    }

    /// Makes the data folder.
    fn initialize(&self) -> Result<(), String> {
        let mut command = self.command("initdb");
        command
            .arg("-D")
            .arg(self.data())
            .args(["--username=postgres", "--auth=trust"])
            .args(["--encoding=UTF8", "--locale=C"])
            // Who loses these data makes them anew.
            .arg("--no-sync");
        let output = command
            .output()
            .map_err(|error| format!("initdb: {error}"))?;
        match output.status.success() {
            true => Ok(()),
            false => {
                let said = String::from_utf8_lossy(&output.stderr);
                Err(format!("initdb ended, {}:\n{said}", output.status))
            }
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        // The account may not read this process' folder.
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some(account) = self.account {
            command.uid(account.user).gid(account.group);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("{error}");
        }
    }
}

/// The folder of `initdb` and `postgres`: one of `PATH`, or Debian's of the latest version.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<PathBuf> = debian.flatten().map(|entry| entry.path()).collect();
    let number = |path: &PathBuf| {
        let version = path.file_name().and_then(OsStr::to_str);
        version.and_then(|version| version.parse::<u32>().ok())
    };
    versions.sort_by_key(|path| std::cmp::Reverse(number(path)));
    std::env::split_paths(&path)
        .chain(versions.iter().map(|version| version.join("bin")))
        .find(|folder| {
            ["initdb", "postgres"]
                .iter()
                .all(|name| folder.join(name).is_file())
        })
}

/// An account other than root's, to which the folder is given, if this process is root's.
fn account(folder: &Path) -> Result<Option<Account>, String> {
    let fail = |error: io::Error| format!("{}: {error}", folder.display());
    if folder.metadata().map_err(fail)?.uid() != 0 {
        return Ok(None);
    }
    let path = "/etc/passwd";
    let accounts = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let account = ["postgres", "nobody"]
        .iter()
        .find_map(|name| accounts.lines().find_map(|line| entry(line, name)))
        .ok_or("expected an account postgres or nobody beside root's, got none")?;
    chown(folder, Some(account.user), Some(account.group)).map_err(fail)?;
    Ok(Some(account))
}

/// The account in a line of `/etc/passwd`, if it is that of `name`.
fn entry(line: &str, name: &str) -> Option<Account> {
    let mut fields = line.split(':');
    if fields.next() != Some(name) {
        return None;
    }
    let user = fields.nth(1)?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some(Account { user, group })
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
