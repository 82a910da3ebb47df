//! The program: what its commands print, and how its processes are started, found and ended.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use serde_json::Value;
use zkroll_farm::State;

use crate::batches::{batch, empty_batches, genesis, write_key};
use crate::place::{HEARTBEAT, LEASE, Place, block_on};

const PROGRAM: &str = env!("CARGO_BIN_EXE_zkroll-farm");

/// A command for the farm of a place.
pub fn command(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .env("DATABASE_URL", &place.database)
        .env("ZKROLL_STORE", place.store())
        .env("ZKROLL_FARM_LEASE", LEASE.as_secs().to_string());
    command
}

fn json(output: &Output) -> Result<Value, Failed> {
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("expected success, got {}: {errors}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A worker's process. It is killed with this value.
pub struct WorkerProcess {
    child: Child,
    /// Where its messages are.
    pub log: PathBuf,
}

impl WorkerProcess {
    /// Starts one with the `cpu` backend on a thread, and waits until it works.
    pub fn start(place: &Place, name: &str, more: &[&str]) -> Result<Self, Failed> {
        let key = place.path("batch.key");
        if !key.exists() {
            write_key(&key);
        }
        let log = place.path(&format!("{name}.log"));
        // A restarted worker writes behind its predecessor.
        let before = std::fs::read_to_string(&log).unwrap_or_default();
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)?;
        let heartbeat = HEARTBEAT.as_secs().to_string();
        let key = key.display().to_string();
        let mut arguments = vec!["worker", "--key", &key, "--name", name];
        arguments.extend([
            "--backend",
            "cpu",
            "--threads",
            "1",
            "--heartbeat",
            &heartbeat,
        ]);
        arguments.extend(more);
        let child = command(place, &arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()?;
        let mut worker = Self { child, log };
        let begin = Instant::now();
        while !worker.said()[before.len()..].contains("working") {
            if let Some(status) = worker.child.try_wait()? {
                return Err(format!("{name} ended with {status}: {}", worker.said()).into());
            }
            if begin.elapsed() > Duration::from_secs(60) {
                return Err(format!("{name} did not start: {}", worker.said()).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(worker)
    }

    /// Its messages.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends a signal to it and to its prover.
    pub fn signal_all(&self, signal: &str) -> Result<(), Failed> {
        for child in self.children()? {
            kill(signal, child)?;
        }
        kill(signal, self.child.id())
    }

    /// Sends a signal to it alone.
    pub fn signal(&self, signal: &str) -> Result<(), Failed> {
        kill(signal, self.child.id())
    }

    /// Its prover, as the system knows it.
    pub fn children(&self) -> Result<Vec<u32>, Failed> {
        let id = self.child.id();
        let list = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
        // Any of its threads may have started it.
        let mut children: Vec<u32> = list.split(' ').filter_map(|id| id.parse().ok()).collect();
        for thread in std::fs::read_dir(format!("/proc/{id}/task"))? {
            let list = std::fs::read_to_string(thread?.path().join("children"))?;
            children.extend(list.split(' ').filter_map(|id| id.parse::<u32>().ok()));
        }
        children.sort_unstable();
        children.dedup();
        Ok(children)
    }

    /// Ends it as a crash of the machine would.
    pub fn kill(&mut self) -> Result<(), Failed> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self) -> Result<ExitStatus, Failed> {
        self.signal("TERM")?;
        Ok(self.child.wait()?)
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn kill(signal: &str, process: u32) -> Result<(), Failed> {
    // The shell's own: the program of that name is not everywhere.
    let status = Command::new("sh")
        .args(["-c", &format!("kill -{signal} {process}")])
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("kill -{signal} {process}: {status}").into()),
    }
}

fn write_batch(path: &Path, number: u64) -> Result<(), Failed> {
    Ok(std::fs::write(path, serde_json::to_vec(&batch(number))?)?)
}

pub fn commands(place: &Place) -> Result<(), Failed> {
    let (key, file) = (place.path("batch.key"), place.path("0.json"));
    write_key(&key);
    write_batch(&file, 0)?;
    let (key, file) = (key.display().to_string(), file.display().to_string());
    let run = |arguments: &[&str]| command(place, arguments).output();

    let report = json(&run(&["submit", "--json", "--key", &key, &file])?)?;
    let job = report["jobs"][0]["job"]
        .as_str()
        .ok_or("expected a job")?
        .to_owned();
    assert_eq!(report["jobs"][0]["new"], true);
    let again = json(&run(&["--json", "submit", "--key", &key, &file])?)?;
    assert_eq!(again["jobs"][0]["job"], job.as_str());
    assert_eq!(again["jobs"][0]["new"], false);

    let farm = json(&run(&["status", "--json"])?)?;
    assert_eq!(farm["queues"][0]["waiting"], 1, "{farm}");
    let status = json(&run(&["status", "--json", "--key", &key, &job])?)?;
    assert_eq!(status[0]["state"], "waiting", "{status}");

    let late = run(&["results", "--json", "--key", &key, "--timeout", "1", &job])?;
    assert!(!late.status.success(), "no proof is there yet");
    let out = place.path("out");
    let folder = out.display().to_string();
    let mut worker = WorkerProcess::start(place, "only", &[])?;
    let results = ["results", "--json", "--key", &key, "--out", &folder, &job];
    let results = json(&run(&results)?)?;
    assert_eq!(results["results"][0]["batch_number"], 0, "{results}");
    let proven = std::fs::read(out.join(format!("{job}.json")))?;
    let proven: zkroll::ProvenBatch = serde_json::from_slice(&proven)?;
    proven.verify(&zkroll::prover::PreparedKey::new(
        crate::batches::verifying_key(),
    )?)?;
    assert!(worker.stop()?.success(), "{}", worker.said());

    let text = run(&["status"])?;
    let text = String::from_utf8(text.stdout)?;
    assert!(
        text.contains("1 done") && text.contains("ms on cpu"),
        "{text}"
    );
    let retry = json(&run(&["retry", "--json", "--key", &key, &job])?)?;
    assert_eq!(retry["jobs"][0]["changed"], true, "{retry}");
    let cancel = json(&run(&["cancel", "--json", "--key", &key, &job])?)?;
    assert_eq!(cancel["jobs"][0]["state"], "cancelled", "{cancel}");
    let prune = json(&run(&["prune", "--json", "--older-than", "1"])?)?;
    assert_eq!(prune["removed"], 0, "{prune}");

    // What is refused is refused with a sentence, and nothing is queued.
    let nonsense = place.path("nonsense.json");
    std::fs::write(&nonsense, "{}")?;
    let nonsense = nonsense.display().to_string();
    let nobody = "00".repeat(32);
    for (arguments, said) in [
        (
            vec!["submit", "--key", &key, &file, &nonsense],
            "expected a recorded batch",
        ),
        (vec!["submit", "--key", &nonsense, &file], "nonsense.json"),
        (vec!["submit", "--key", &key, "absent.json"], "absent.json"),
        (vec!["status", "--key", &key, &nobody], "no job 0000"),
        (vec!["cancel", "--key", &key, "12"], "expected a job's name"),
        (
            vec!["--database", "mysql://a:secret@b/c", "status"],
            "expected a database address",
        ),
        (vec!["--store", "ftp://a/b", "status"], "got ftp://"),
        (
            vec!["worker", "--key", &key, "--backend", "abacus"],
            "abacus",
        ),
        (
            vec!["worker", "--key", &key, "--heartbeat", "2"],
            "at least two heartbeats",
        ),
        (
            vec!["worker", "--key", &key, "--name", "a/b"],
            "expected a name",
        ),
        (vec!["worker", "--key", &nonsense], "nonsense.json"),
    ] {
        let output = run(&arguments)?;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?} succeeded");
        assert!(
            errors.contains(said),
            "{arguments:?}: expected {said:?} in {errors}"
        );
        assert!(
            !errors.contains("secret") && !errors.contains("panicked"),
            "{errors}"
        );
    }
    let farm = json(&run(&["status", "--json"])?)?;
    assert_eq!(farm["jobs"].as_array().map(Vec::len), Some(1), "{farm}");
    Ok(())
}

pub fn stops(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client =
            zkroll_farm::FarmClient::new(place.farm().await?, crate::batches::verifying_key())?;
        let mut worker = WorkerProcess::start(place, "only", &[])?;
        let batches = empty_batches(&mut genesis(), 2);
        let jobs: Vec<_> = client
            .submit_all(batches.into_iter().map(Into::into).collect())
            .await?
            .iter()
            .map(|submission| submission.job)
            .collect();
        while client.status(jobs[0]).await?.state != State::Running {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(worker.stop()?.success(), "{}", worker.said());
        assert_eq!(
            client.status(jobs[0]).await?.state,
            State::Done,
            "it ended what it had"
        );
        assert_eq!(
            client.status(jobs[1]).await?.state,
            State::Waiting,
            "it took nothing more"
        );
        Ok(())
    })
}

pub fn without_configuration() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let run = |arguments: &[&str]| {
        Command::new(PROGRAM)
            .args(arguments)
            .env_remove("DATABASE_URL")
            .env_remove("ZKROLL_STORE")
            .current_dir(&folder)
            .output()
    };
    write_key(&folder.path().join("batch.key"));
    write_batch(&folder.path().join("3.json"), 3)?;
    json(&run(&["submit", "--json", "--key", "batch.key", "3.json"])?)?;
    let farm = json(&run(&["status", "--json"])?)?;
    assert_eq!(farm["queues"][0]["waiting"], 1);
    assert!(folder.path().join("zkroll-farm/queue.sqlite").exists());
    assert!(folder.path().join("zkroll-farm/store/batches").is_dir());
    Ok(())
}

/// The example, where cargo has put it.
pub fn example() -> Option<PathBuf> {
    let folder = Path::new(PROGRAM).parent()?.join("examples");
    let example = folder.join(format!("farm{}", std::env::consts::EXE_SUFFIX));
    example.exists().then_some(example)
}

pub fn example_settles(example: &Path) -> Result<(), Failed> {
    let output = Command::new(example).args(["--batches", "4"]).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8(output.stdout)?;
    let settled: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("chain: settled batch "))
        .filter_map(|line| line.split(',').next())
        .collect();
    assert_eq!(settled, ["1", "2", "3", "4"], "{text}");
    Ok(())
}
