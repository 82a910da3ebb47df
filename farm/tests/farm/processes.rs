//! Scenarios with processes, real keys and real proofs: something dies in the middle.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use futures::StreamExt;
use libtest_mimic::Failed;
use zkroll::circuits::protocol::ledger::BatchTrace;
use zkroll_farm::{Batch, FarmClient, JobId, State};

use crate::batches::{empty_batches, genesis, verifying_key};
use crate::place::{LEASE, Place, block_on};
use crate::program::WorkerProcess;
use crate::settle::Chain;

async fn client(place: &Place) -> Result<FarmClient, Failed> {
    Ok(FarmClient::new(place.farm().await?, verifying_key())?)
}

async fn submit(client: &FarmClient, batches: &[BatchTrace]) -> Result<Vec<JobId>, Failed> {
    let batches = batches.iter().cloned().map(Batch::from).collect();
    let submissions = client.submit_all(batches).await?;
    Ok(submissions
        .iter()
        .map(|submission| submission.job)
        .collect())
}

async fn until(client: &FarmClient, job: JobId, state: State) -> Result<(), Failed> {
    loop {
        let status = client.status(job).await?;
        match status.state {
            now if now == state => return Ok(()),
            now if now.is_final() => {
                return Err(format!("expected it to be {state}, got {status:?}").into());
            }
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

/// Waits until one of the workers with these names has a job.
async fn busy(client: &FarmClient, label: &str) -> Result<JobId, Failed> {
    loop {
        let snapshot = client.farm().snapshot().await?;
        let mut workers = snapshot.workers.iter();
        let mine = workers
            .find(|worker| worker.name.starts_with(&format!("{label}/")) && worker.job.is_some());
        if let Some(job) = mine.and_then(|worker| worker.job) {
            return Ok(job);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// When each proof in the store was written.
fn written(place: &Place) -> Result<BTreeMap<std::path::PathBuf, SystemTime>, Failed> {
    place
        .results()
        .into_iter()
        .map(|path| Ok((path.clone(), path.metadata()?.modified()?)))
        .collect()
}

/// Has all proofs settled in order, each stored once.
async fn all_settle(place: &Place, client: &FarmClient, jobs: &[JobId]) -> Result<(), Failed> {
    let mut chain = Chain::new()?;
    let results = client.results(jobs.to_vec());
    let mut results = std::pin::pin!(results);
    let mut number = 0u64;
    while let Some(proven) = results.next().await {
        let proven = proven?;
        number += 1;
        assert_eq!(proven.header.batch_number, number);
        chain.settle(&proven)?;
    }
    assert_eq!(number, jobs.len() as u64);
    assert_eq!(place.results().len(), jobs.len(), "proofs in the store");
    Ok(())
}

pub fn killed_while_proving(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?;
        let batches = empty_batches(&mut genesis(), 20);
        let mut first = WorkerProcess::start(place, "first", &[])?;
        let mut second = WorkerProcess::start(place, "second", &[])?;
        let jobs = submit(&client, &batches).await?;
        // In the middle of a proof, when some are done.
        until(&client, jobs[2], State::Done).await?;
        let lost = busy(&client, "first").await?;
        first.kill()?;
        let before = written(place)?;
        all_settle(place, &client, &jobs).await?;
        let after = written(place)?;
        let replaced = before.iter().any(|(path, time)| after[path] != *time);
        assert!(!replaced, "a stored proof was written anew");
        // It may have been just done: then nothing was lost.
        let attempts = client.status(lost).await?.attempts;
        assert!((1..=2).contains(&attempts), "{attempts} attempts");
        second.stop()?;
        Ok(())
    })
}

pub fn killed_before_acknowledging(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?;
        let batches = empty_batches(&mut genesis(), 1);
        let mut first = WorkerProcess::start(place, "first", &[])?;
        let jobs = submit(&client, &batches).await?;
        busy(&client, "first").await?;
        // From here on nothing can be acknowledged.
        let locked = place.lock_jobs().await?;
        while place.results().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        first.kill()?;
        locked.release().await?;
        assert_eq!(client.status(jobs[0]).await?.state, State::Running);
        let before = written(place)?;

        let second = WorkerProcess::start(place, "second", &[])?;
        until(&client, jobs[0], State::Done).await?;
        assert!(
            second.said().contains("in the store already"),
            "{}",
            second.said()
        );
        assert_eq!(written(place)?, before, "the proof was written anew");
        all_settle(place, &client, &jobs).await
    })
}

pub fn database_away(place: &Place) -> Result<(), Failed> {
    let place = &place.with_own_server()?;
    block_on(async {
        let client = client(place).await?;
        let batches = empty_batches(&mut genesis(), 3);
        let mut worker = WorkerProcess::start(place, "only", &[])?;
        let jobs = submit(&client, &batches).await?;
        busy(&client, "only").await?;
        // Longer than the lease, for good measure.
        let away = Duration::from_secs(5);
        match &place.server {
            Some(server) => {
                server.lock().unwrap().stop()?;
                tokio::time::sleep(away).await;
                server.lock().unwrap().start_again()?;
            }
            None => {
                let locked = place.lock_jobs().await?;
                tokio::time::sleep(away).await;
                locked.release().await?;
            }
        }
        // The client's connections are gone too.
        let client = self::client(place).await?;
        all_settle(place, &client, &jobs).await?;
        // Nothing was started twice for it.
        for job in jobs {
            assert_eq!(client.status(job).await?.attempts, 1, "{}", worker.said());
        }
        worker.stop()?;
        Ok(())
    })
}

pub fn frozen(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?;
        let batches = empty_batches(&mut genesis(), 2);
        let mut first = WorkerProcess::start(place, "first", &[])?;
        let jobs = submit(&client, &batches[..1]).await?;
        busy(&client, "first").await?;
        first.signal_all("STOP")?;
        let second = WorkerProcess::start(place, "second", &[])?;
        let begin = Instant::now();
        until(&client, jobs[0], State::Done).await?;
        assert!(
            begin.elapsed() + Duration::from_secs(2) > LEASE,
            "before the lease ran out"
        );
        let (status, before) = (client.status(jobs[0]).await?, written(place)?);
        assert!(
            status
                .worker
                .as_deref()
                .is_some_and(|worker| worker.starts_with("second/"))
        );

        first.signal_all("CONT")?;
        let woken = Instant::now();
        while !first.said().contains("LeaseLost") {
            assert!(
                woken.elapsed() < Duration::from_secs(30),
                "{}",
                first.said()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(
            client.status(jobs[0]).await?,
            status,
            "what it said was heard"
        );
        assert_eq!(written(place)?, before, "the proof was written anew");
        // And it works on.
        drop(second);
        let more = submit(&client, &batches[1..]).await?;
        until(&client, more[0], State::Done).await?;
        assert!(first.stop()?.success());
        all_settle(place, &client, &[jobs[0], more[0]]).await
    })
}

pub fn poison(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?.with_max_attempts(2);
        let batches = empty_batches(&mut genesis(), 3);
        let mut poisoned = WorkerProcess::start(place, "poisoned", &[])?;
        let jobs = submit(&client, &batches[..1]).await?;
        // Twice its worker dies with the first batch in hand, and is started anew under the same name.
        for _ in 0..2 {
            assert_eq!(busy(&client, "poisoned").await?, jobs[0]);
            poisoned.kill()?;
            assert_eq!(
                client.status(jobs[0]).await?.state,
                State::Running,
                "it was too fast"
            );
            poisoned = WorkerProcess::start(place, "poisoned", &[])?;
        }
        until(&client, jobs[0], State::Failed).await?;
        let status = client.status(jobs[0]).await?;
        let reason = status.error.unwrap_or_default();
        assert!(
            reason.contains("started 2 times and never to an end"),
            "{reason}"
        );
        assert_eq!(status.attempts, 2, "starts");
        assert!(place.results().is_empty());

        let others = submit(&client, &batches[1..]).await?;
        for job in others {
            until(&client, job, State::Done).await?;
        }
        assert!(poisoned.stop()?.success());
        Ok(())
    })
}

pub fn memory_limit(place: &Place) -> Result<(), Failed> {
    block_on(async {
        let client = client(place).await?;
        let batches = empty_batches(&mut genesis(), 1);
        // Enough for the key, not for a proof.
        let limit = ["--memory-limit", "24"];
        let mut small = WorkerProcess::start(place, "small", &limit)?;
        let jobs = submit(&client, &batches).await?;
        while !client.status(jobs[0]).await?.queue.ends_with("/large") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let status = client.status(jobs[0]).await?;
        let reason = status.error.unwrap_or_default();
        assert!(reason.contains("memory allocation"), "{reason}");
        let mut large = WorkerProcess::start(place, "large", &["--class", "large"])?;
        until(&client, jobs[0], State::Done).await?;
        all_settle(place, &client, &jobs).await?;
        // The small one lives.
        assert!(small.stop()?.success(), "{}", small.said());
        assert!(large.stop()?.success());
        Ok(())
    })
}
