//! How an idle worker hears of a job without asking all the time.
//!
//! PostgreSQL tells those who listen (`NOTIFY`, which apalis' trigger sends for every insert). SQLite tells nobody
//! beyond its own process, so there a file beside the database is written to, and workers watch it. Neither is
//! relied upon: a worker looks by itself every [`FALLBACK`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use sqlx::postgres::PgListener;
use tokio::sync::Notify;

use crate::error::FarmError;

/// How long a worker waits for the bell: jobs whose sender died before it rang, and jobs that were put back, start
/// by then. At three statements a look it is 1.5 statements a second.
pub(crate) const FALLBACK: Duration = Duration::from_secs(2);

/// What rings when jobs are put in.
pub(crate) enum Bell {
    File {
        rung: Arc<Notify>,
        _watcher: RecommendedWatcher,
    },
    Listener(Box<PgListener>),
}

impl Bell {
    /// Watches a file, which is made if it is not there.
    pub fn file(path: &Path) -> Result<Self, FarmError> {
        ring_file(path)?;
        let rung = Arc::new(Notify::new());
        let ring = Arc::clone(&rung);
        let io = |error: notify::Error| FarmError::Io {
            path: path.to_owned(),
            source: std::io::Error::other(error),
        };
        let mut watcher = notify::recommended_watcher(move |event: Result<notify::Event, _>| {
            // Of reading nobody needs to hear.
            if event.is_ok_and(|event| !event.kind.is_access()) {
                // Rung between two waits it is heard at the second.
                ring.notify_one();
            }
        })
        .map_err(io)?;
        watcher
            .watch(path, RecursiveMode::NonRecursive)
            .map_err(io)?;
        Ok(Self::File {
            rung,
            _watcher: watcher,
        })
    }

    /// Waits until it rings, [`FALLBACK`] at most.
    pub async fn wait(&mut self) {
        let rung = async {
            match self {
                Self::File { rung, .. } => rung.notified().await,
                Self::Listener(listener) => {
                    if listener.recv().await.is_err() {
                        // The database is away; the worker will notice.
                        std::future::pending().await
                    }
                }
            }
        };
        let _ = tokio::time::timeout(FALLBACK, rung).await;
    }
}

/// Where the bell of a SQLite database is.
pub(crate) fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-bell");
    name.into()
}

/// Rings the bell of a SQLite database.
pub(crate) fn ring_file(path: &Path) -> Result<(), FarmError> {
    // The content is of no interest: that it was written is what is heard.
    std::fs::write(path, b"!").map_err(|source| FarmError::Io {
        path: path.to_owned(),
        source,
    })
}
