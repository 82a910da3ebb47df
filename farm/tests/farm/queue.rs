//! Scenarios with a prover that does what they want.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use libtest_mimic::Failed;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use zkroll::prover::verifying_key_hash;
use zkroll_farm::prover::{ProofReport, Prove, ProveError, Proved};
use zkroll_farm::{
    Artifacts, Batch, Class, Farm, FarmClient, FarmError, JobId, State, Worker, WorkerOptions,
    WorkerReport,
};

use crate::batches::{batch, verifying_key};
use crate::place::{HEARTBEAT, LEASE, Place, block_on};

type Behaviour = dyn Fn(u64) -> Result<(), ProveError> + Send + Sync;

/// Proves nothing: notes what it was given, takes its time, and does what it is told.
struct Fake {
    time: Duration,
    /// Holds the thread that asks, instead of waiting.
    blocking: bool,
    behaviour: Box<Behaviour>,
    starts: Mutex<Vec<u64>>,
}

impl Fake {
    fn new(time: Duration) -> Self {
        Self {
            time,
            blocking: false,
            behaviour: Box::new(|_| Ok(())),
            starts: Mutex::default(),
        }
    }

    fn that(behaviour: impl Fn(u64) -> Result<(), ProveError> + Send + Sync + 'static) -> Self {
        Self {
            behaviour: Box::new(behaviour),
            ..Self::new(Duration::ZERO)
        }
    }

    /// The numbers of the batches that it was given.
    fn starts(&self) -> Vec<u64> {
        self.starts.lock().unwrap().clone()
    }
}

#[async_trait]
impl Prove for Fake {
    fn verifying_key(&self) -> [u8; 32] {
        verifying_key_hash(verifying_key())
    }

    fn description(&self) -> String {
        "fake".to_owned()
    }

    async fn prove(&self, batch: Bytes) -> Result<Proved, ProveError> {
        let batch: Batch = serde_json::from_slice(&batch).unwrap();
        let number = batch.trace.header.batch_number;
        self.starts.lock().unwrap().push(number);
        if self.blocking {
            std::thread::sleep(self.time);
        } else {
            tokio::time::sleep(self.time).await;
        }
        (self.behaviour)(number)?;
        Ok(Proved {
            proven: Bytes::from(format!("{{\"proof of\":{number}}}")),
            report: ProofReport {
                backend: "fake".to_owned(),
                threads: 1,
                witness_ms: 1.0,
                prove_ms: 2.0,
                stages: Vec::new(),
            },
        })
    }
}

/// A worker in this process.
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<WorkerReport, FarmError>>,
}

impl Running {
    async fn stop(self) -> Result<(), Failed> {
        self.report().await.map(|_| ())
    }

    async fn report(self) -> Result<WorkerReport, Failed> {
        let _ = self.stop.send(());
        Ok(self.task.await??)
    }
}

async fn start(place: &Place, fake: &Arc<Fake>, options: WorkerOptions) -> Result<Running, Failed> {
    let prover: Arc<dyn Prove> = Arc::<Fake>::clone(fake);
    let worker = Worker::new(place.farm().await?, prover, options)?;
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(worker.run(async {
        let _ = stopped.await;
    }));
    Ok(Running { stop, task })
}

fn options() -> WorkerOptions {
    WorkerOptions {
        heartbeat: HEARTBEAT,
        ..WorkerOptions::default()
    }
}

async fn client(place: &Place) -> Result<FarmClient, Failed> {
    Ok(FarmClient::new(place.farm().await?, verifying_key())?)
}

/// Waits until a job is in a state.
async fn until(client: &FarmClient, job: JobId, state: State) -> Result<(), Failed> {
    loop {
        let status = client.status(job).await?;
        if status.state == state {
            return Ok(());
        }
        if status.state.is_final() {
            return Err(format!("expected it to be {state}, got {status:?}").into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(got: T, expected: T, what: &str) -> Result<(), Failed> {
    if got == expected {
        return Ok(());
    }
    Err(format!("{what}: expected {expected:?}, got {got:?}").into())
}

pub fn a_batch_is_proved(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?;
        let fake = Arc::new(Fake::new(Duration::ZERO));
        let worker = start(place, &fake, options()).await?;
        let submission = client.submit(batch(5)).await?;
        equal(submission.new, true, "new")?;
        until(&client, submission.job, State::Done).await?;
        let status = client.status(submission.job).await?;
        equal(status.batch_number, 5, "number")?;
        equal(status.attempts, 1, "attempts")?;
        equal(
            status.report.map(|report| report.prove_ms),
            Some(2.0),
            "report",
        )?;
        equal(place.results().len(), 1, "proofs")?;

        let snapshot = client.farm().snapshot().await?;
        let queue = &snapshot.queues[0];
        equal(
            (queue.waiting, queue.running, queue.done),
            (0, 0, 1),
            "counts",
        )?;
        equal(snapshot.workers[0].prover.as_str(), "fake", "prover")?;
        equal(
            snapshot.throughput.iter().map(|minute| minute.done).sum(),
            1,
            "throughput",
        )?;
        worker.stop().await
    })
}

/// The store is the bucket that the environment names.
pub fn in_a_bucket(place: &Place, bucket: &str) -> Result<(), Failed> {
    block_on(async {
        // Nobody else's objects.
        let url = format!("{}/{}", bucket.trim_end_matches('/'), std::process::id());
        let farm = Farm::with_store(&place.database, Artifacts::open(&url)?, LEASE).await?;
        let client = FarmClient::new(farm.clone(), verifying_key())?;
        let mut jobs = Vec::new();
        // The second worker finds the proof of the first.
        for round in 0..2 {
            let prover: Arc<dyn Prove> = Arc::new(Fake::new(Duration::ZERO));
            let worker = Worker::new(farm.clone(), prover, options())?;
            let (stop, stopped) = oneshot::channel();
            let task = tokio::spawn(worker.run(async {
                let _ = stopped.await;
            }));
            let job = client.submit(batch(1)).await?;
            equal(job.new, round == 0, "new")?;
            client.retry(job.job).await?;
            until(&client, job.job, State::Done).await?;
            jobs.push(job.job);
            let _ = stop.send(());
            task.await??;
        }
        equal(jobs[0], jobs[1], "the job")?;
        // What a fake has proved is fetched, and refused.
        match client.result(jobs[0]).await {
            Err(FarmError::Artifact { .. }) => {}
            other => return Err(format!("expected the proof to be refused, got {other:?}").into()),
        }
        tokio::time::sleep(Duration::from_millis(2100)).await;
        equal(farm.prune(Duration::ZERO).await?, 1, "removed")
    })
}

pub fn the_same_batch_is_queued_once(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?;
        let first = client.submit(batch(1)).await?;
        let again = client.submit(batch(1)).await?;
        equal(
            (again.job, again.new),
            (first.job, false),
            "the second time",
        )?;
        let batches = [1, 2, 2, 3].map(|number| Batch::from(batch(number)));
        let many = client.submit_all(batches.into()).await?;
        let new: Vec<bool> = many.iter().map(|submission| submission.new).collect();
        equal(new, vec![false, true, false, true], "of four")?;

        // Two at once, who look before either has put it in.
        let other = self::client(place).await?;
        let (one, two) = tokio::join!(client.submit(batch(9)), other.submit(batch(9)));
        let (one, two) = (one?, two?);
        equal(one.job, two.job, "the job")?;
        equal(
            u8::from(one.new) + u8::from(two.new),
            1,
            "how many were first",
        )?;
        let waiting = client.farm().snapshot().await?.queues[0].waiting;
        equal(waiting, 4, "waiting")
    })
}

pub fn a_full_queue_refuses(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?.with_capacity(2);
        client.submit(batch(1)).await?;
        client.submit(batch(2)).await?;
        match client.submit(batch(3)).await {
            Err(FarmError::Full {
                waiting: 2,
                capacity: 2,
            }) => {}
            other => return Err(format!("expected it to be full, got {other:?}").into()),
        }
        // Room comes with a worker.
        let fake = Arc::new(Fake::new(Duration::ZERO));
        let worker = start(place, &fake, options()).await?;
        let third = client.submit_when_room(batch(3)).await?;
        until(&client, third.job, State::Done).await?;
        worker.stop().await
    })
}

pub fn by_number_one_at_a_time(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?;
        let batches = [4, 2, 1, 3, 6, 5].map(|number| Batch::from(batch(number)));
        let jobs = client.submit_all(batches.into()).await?;
        let (one, two) = (
            Arc::new(Fake::new(Duration::from_millis(400))),
            Arc::new(Fake::new(Duration::from_millis(400))),
        );
        let first = start(place, &one, options()).await?;
        let second = start(place, &two, options()).await?;
        for submission in jobs {
            until(&client, submission.job, State::Done).await?;
        }
        let (one, two) = (one.starts(), two.starts());
        if !one.is_sorted() || !two.is_sorted() {
            return Err(format!("expected them by number, got {one:?} and {two:?}").into());
        }
        // A worker that took ten at once would leave nothing to the other.
        equal(
            (one.len().min(2), two.len().min(2)),
            (2, 2),
            "what each had, up to two",
        )?;
        first.stop().await?;
        second.stop().await
    })
}

pub fn a_failed_start_is_repeated(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?.with_max_attempts(3);
        let failures = Mutex::new(BTreeMap::<u64, u32>::new());
        let fake = Arc::new(Fake::that(move |number| {
            let mut failures = failures.lock().unwrap();
            let count = failures.entry(number).or_default();
            *count += 1;
            match (number, *count) {
                // The first is well at its third start, the second never.
                (1, 3) | (3.., _) => Ok(()),
                _ => Err(ProveError::Failed("not today".to_owned())),
            }
        }));
        let worker = start(place, &fake, options()).await?;
        let batches = [1, 2, 3].map(|number| Batch::from(batch(number)));
        let jobs = client.submit_all(batches.into()).await?;
        until(&client, jobs[0].job, State::Done).await?;
        until(&client, jobs[1].job, State::Failed).await?;
        until(&client, jobs[2].job, State::Done).await?;
        let starts = fake.starts();
        let count = |number| starts.iter().filter(|&&start| start == number).count();
        equal((count(1), count(2), count(3)), (3, 3, 1), "starts")?;
        let status = client.status(jobs[1].job).await?;
        equal(
            status.error.as_deref(),
            Some("failed: not today"),
            "the reason",
        )?;
        match client.wait(jobs[1].job).await {
            Err(FarmError::NotProved {
                state: State::Failed,
                reason,
                ..
            }) => {
                equal(reason.as_str(), "failed: not today", "the reason")?;
            }
            other => return Err(format!("expected no proof, got {other:?}").into()),
        }
        worker.stop().await
    })
}

pub fn a_broken_machine(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?.with_max_attempts(1);
        let broken = Arc::new(Fake::that(|_| {
            Err(ProveError::Unavailable("no key".to_owned()))
        }));
        let worker = start(place, &broken, options()).await?;
        let job = client.submit(batch(1)).await?.job;
        loop {
            let status = client.status(job).await?;
            if let (State::Waiting, Some(reason)) = (status.state, status.error) {
                equal(reason.as_str(), "not available: no key", "the reason")?;
                equal(status.attempts, 0, "starts that count")?;
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // While it rests another has the job.
        let sound = Arc::new(Fake::new(Duration::ZERO));
        let other = start(place, &sound, options()).await?;
        until(&client, job, State::Done).await?;
        equal(
            (broken.starts().len(), sound.starts().len()),
            (1, 1),
            "starts",
        )?;
        let report = worker.report().await?;
        equal(
            (report.put_back, report.done),
            (1, 0),
            "the broken one's report",
        )?;
        equal(other.report().await?.done, 1, "the sound one's report")
    })
}

pub fn a_refused_batch_is_given_up(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?;
        let fake = Arc::new(Fake::that(|_| {
            Err(ProveError::Refused("nonsense".to_owned()))
        }));
        let worker = start(place, &fake, options()).await?;
        let job = client.submit(batch(1)).await?.job;
        until(&client, job, State::Failed).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        equal(fake.starts().len(), 1, "starts")?;
        worker.stop().await
    })
}

pub fn out_of_memory(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?.with_max_attempts(2);
        let small = Arc::new(Fake::that(|number| match number {
            1 => Err(ProveError::OutOfMemory("too large".to_owned())),
            _ => Ok(()),
        }));
        let standard = start(place, &small, options()).await?;
        let jobs = client
            .submit_all(vec![batch(1).into(), batch(2).into()])
            .await?;
        // The standard worker goes on with others.
        until(&client, jobs[1].job, State::Done).await?;
        let status = client.status(jobs[0].job).await?;
        equal(status.state, State::Waiting, "state")?;
        equal(
            status.queue.ends_with("/large"),
            true,
            "in the queue for large machines",
        )?;
        equal(status.attempts, 0, "attempts")?;
        // Submitted once more it is still the same job.
        equal(client.submit(batch(1)).await?.new, false, "new")?;

        let big = Arc::new(Fake::new(Duration::ZERO));
        let large = WorkerOptions {
            class: Class::Large,
            ..options()
        };
        let large = start(place, &big, large).await?;
        until(&client, jobs[0].job, State::Done).await?;
        equal(
            (small.starts(), big.starts()),
            (vec![1, 2], vec![1]),
            "starts",
        )?;
        standard.stop().await?;
        large.stop().await
    })
}

pub fn cancelled(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?;
        let jobs = client
            .submit_all(vec![batch(1).into(), batch(2).into()])
            .await?;
        equal(client.cancel(jobs[1].job).await?, true, "a waiting one")?;
        let fake = Arc::new(Fake::new(Duration::from_millis(500)));
        let worker = start(place, &fake, options()).await?;
        until(&client, jobs[0].job, State::Running).await?;
        equal(client.cancel(jobs[0].job).await?, true, "a running one")?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        for submission in &jobs {
            let state = client.status(submission.job).await?.state;
            equal(state, State::Cancelled, "what its worker says is not heard")?;
        }
        equal(client.cancel(jobs[0].job).await?, false, "a cancelled one")?;
        equal(fake.starts(), vec![1], "starts")?;
        let nobody: JobId = "00".repeat(32).parse()?;
        match client.cancel(nobody).await {
            Err(FarmError::UnknownJob { .. }) => {}
            other => return Err(format!("expected no such job, got {other:?}").into()),
        }
        worker.stop().await
    })
}

pub fn retried(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?.with_max_attempts(1);
        let broken = Arc::new(Mutex::new(true));
        let is_broken = Arc::clone(&broken);
        let fake = Arc::new(Fake::that(move |_| match *is_broken.lock().unwrap() {
            true => Err(ProveError::Failed("broken".to_owned())),
            false => Ok(()),
        }));
        let worker = start(place, &fake, options()).await?;
        let job = client.submit(batch(1)).await?.job;
        until(&client, job, State::Failed).await?;
        *broken.lock().unwrap() = false;
        equal(client.retry(job).await?, true, "a failed one")?;
        until(&client, job, State::Done).await?;
        equal(fake.starts().len(), 2, "starts")?;
        // Done anew, the proof is found in the store.
        equal(client.retry(job).await?, true, "one that is done")?;
        until(&client, job, State::Done).await?;
        equal(fake.starts().len(), 2, "starts")?;
        worker.stop().await
    })
}

pub fn draining(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?;
        // Longer than the lease: apalis' own worker stops beating when it drains, and loses the job to another.
        let slow = Arc::new(Fake::new(LEASE + Duration::from_secs(2)));
        let other = Arc::new(Fake::new(Duration::ZERO));
        let draining = start(place, &slow, options()).await?;
        let jobs = client.submit_all(vec![batch(1).into()]).await?;
        until(&client, jobs[0].job, State::Running).await?;
        let idle = start(place, &other, options()).await?;
        let begin = Instant::now();
        draining.stop().await?;
        equal(begin.elapsed() > LEASE, true, "it ended its job")?;
        until(&client, jobs[0].job, State::Done).await?;
        equal(client.status(jobs[0].job).await?.attempts, 1, "attempts")?;
        equal(other.starts().len(), 0, "starts of the other")?;
        // It takes nothing more.
        let next = client.submit(batch(2)).await?.job;
        until(&client, next, State::Done).await?;
        equal(
            (slow.starts(), other.starts()),
            (vec![1], vec![2]),
            "starts",
        )?;
        idle.stop().await
    })
}

pub fn blocking(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?;
        // A prover that holds a thread of the runtime, longer than the lease.
        let rude = Arc::new(Fake {
            blocking: true,
            ..Fake::new(LEASE + Duration::from_secs(2))
        });
        let other = Arc::new(Fake::new(Duration::ZERO));
        let worker = start(place, &rude, options()).await?;
        let job = client.submit(batch(1)).await?.job;
        until(&client, job, State::Running).await?;
        let idle = start(place, &other, options()).await?;
        until(&client, job, State::Done).await?;
        equal(client.status(job).await?.attempts, 1, "attempts")?;
        equal(other.starts().len(), 0, "starts of the other")?;
        worker.stop().await?;
        idle.stop().await
    })
}

pub fn pruned(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?;
        let fake = Arc::new(Fake::new(Duration::ZERO));
        let worker = start(place, &fake, options()).await?;
        let job = client.submit(batch(1)).await?.job;
        until(&client, job, State::Done).await?;
        worker.stop().await?;
        let waiting = client.submit(batch(2)).await?.job;
        equal(
            client.farm().prune(Duration::from_secs(60)).await?,
            0,
            "too young",
        )?;
        tokio::time::sleep(Duration::from_millis(2100)).await;
        equal(client.farm().prune(Duration::ZERO).await?, 1, "removed")?;
        equal(place.results().len(), 0, "proofs")?;
        match client.status(job).await {
            Err(FarmError::UnknownJob { .. }) => {}
            other => return Err(format!("expected no such job, got {other:?}").into()),
        }
        equal(
            client.status(waiting).await?.state,
            State::Waiting,
            "the other",
        )
    })
}

pub fn changed_batch(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?;
        let job = client.submit(batch(1)).await?.job;
        let mut folders = vec![place.store().join("batches")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                match entry?.path() {
                    path if path.is_dir() => folders.push(path),
                    path => {
                        // Still the same JSON.
                        let text = std::fs::read_to_string(&path)?;
                        std::fs::write(&path, text + "\n")?;
                    }
                }
            }
        }
        let fake = Arc::new(Fake::new(Duration::ZERO));
        let worker = start(place, &fake, options()).await?;
        until(&client, job, State::Failed).await?;
        let error = client.status(job).await?.error.unwrap_or_default();
        equal(error.contains("expected bytes with the hash"), true, &error)?;
        equal(fake.starts().len(), 0, "starts")?;
        worker.stop().await
    })
}

pub fn forged_result(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?;
        let fake = Arc::new(Fake::new(Duration::ZERO));
        let worker = start(place, &fake, options()).await?;
        let job = client.submit(batch(1)).await?.job;
        until(&client, job, State::Done).await?;
        match client.result(job).await {
            Err(FarmError::Artifact { .. }) => {}
            other => return Err(format!("expected the proof to be refused, got {other:?}").into()),
        }
        std::fs::remove_file(&place.results()[0])?;
        match client.result(job).await {
            Err(FarmError::ResultMissing { .. }) => {}
            other => return Err(format!("expected no proof, got {other:?}").into()),
        }
        worker.stop().await
    })
}

pub fn two_of_a_name(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let named = WorkerOptions {
            label: Some("one".to_owned()),
            ..options()
        };
        let fake = Arc::new(Fake::new(Duration::ZERO));
        let first = start(place, &fake, named.clone()).await?;
        let client = client(place).await?;
        let job = client.submit(batch(1)).await?.job;
        until(&client, job, State::Done).await?;
        match start(place, &fake, named.clone()).await?.task.await? {
            Err(FarmError::WorkerRuns { label }) => equal(label.as_str(), "one", "name")?,
            other => return Err(format!("expected it to be refused, got {other:?}").into()),
        }
        first.stop().await?;
        // The name is free again.
        let again = start(place, &fake, named).await?;
        let job = client.submit(batch(2)).await?.job;
        until(&client, job, State::Done).await?;
        again.stop().await
    })
}
