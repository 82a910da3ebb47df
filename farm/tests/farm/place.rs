//! Where a scenario runs: a database and a folder of its own.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use libtest_mimic::Failed;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;
use zkroll_farm::{Farm, FarmConfig};

use crate::postgres::Postgres;

/// A database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// Short, so that the dead are found soon; the databases count whole seconds.
pub const LEASE: Duration = Duration::from_secs(3);
pub const HEARTBEAT: Duration = Duration::from_secs(1);

/// One server for all scenarios but those that stop it, a database in it for each.
static SERVER: Mutex<Option<Postgres>> = Mutex::new(None);

/// A database and a store.
pub struct Place {
    folder: TempDir,
    pub kind: Kind,
    pub database: String,
    /// A server of this place's own.
    pub server: Option<Mutex<Postgres>>,
}

impl Place {
    pub fn new(kind: Kind) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let database = match kind {
            Kind::Sqlite => format!("sqlite:{}", folder.path().join("queue.sqlite").display()),
            Kind::Postgres => {
                let mut server = SERVER
                    .lock()
                    .unwrap_or_else(|poisoned| poisoned.into_inner());
                if server.is_none() {
                    // Nothing here survives the server: a disk that is busy need not be waited for.
                    *server = Some(Postgres::start_with(&["fsync=off"])?);
                }
                new_database(&server.as_ref().expect("it was started").url())?
            }
        };
        Ok(Self {
            folder,
            kind,
            database,
            server: None,
        })
    }

    /// As this one, but with a server of its own if it has one at all.
    pub fn with_own_server(&self) -> Result<Self, Failed> {
        let mut place = Self::new(self.kind)?;
        if self.kind == Kind::Postgres {
            let server = Postgres::start()?;
            place.database = server.url();
            place.server = Some(Mutex::new(server));
        }
        Ok(place)
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn config(&self) -> FarmConfig {
        FarmConfig {
            database: self.database.clone(),
            store: self.store().display().to_string(),
            lease: LEASE,
        }
    }

    pub async fn farm(&self) -> Result<Farm, Failed> {
        Ok(Farm::connect(&self.config()).await?)
    }

    /// The files in the store's folder of proofs.
    pub fn results(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.store().join("results")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.path() {
                    path if path.is_dir() => folders.push(path),
                    path if is_json(&path) => files.push(path),
                    _ => {}
                }
            }
        }
        files
    }

    /// Keeps everybody from writing to the jobs for as long as the returned value lives.
    pub async fn lock_jobs(&self) -> Result<Locked, Failed> {
        match self.kind {
            Kind::Sqlite => {
                let mut connection = SqliteConnection::connect(&self.database).await?;
                sqlx::query("BEGIN IMMEDIATE")
                    .execute(&mut connection)
                    .await?;
                Ok(Locked::Sqlite(connection))
            }
            Kind::Postgres => {
                let mut connection = PgConnection::connect(&self.database).await?;
                sqlx::query("BEGIN").execute(&mut connection).await?;
                sqlx::query("LOCK TABLE apalis.jobs IN EXCLUSIVE MODE")
                    .execute(&mut connection)
                    .await?;
                Ok(Locked::Postgres(connection))
            }
        }
    }
}

/// A transaction that others wait for.
pub enum Locked {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Locked {
    pub async fn release(self) -> Result<(), Failed> {
        match self {
            Self::Sqlite(mut connection) => {
                sqlx::query("ROLLBACK").execute(&mut connection).await?;
                connection.close().await?;
            }
            Self::Postgres(mut connection) => {
                sqlx::query("ROLLBACK").execute(&mut connection).await?;
                connection.close().await?;
            }
        }
        Ok(())
    }
}

/// Ends the server that scenarios shared.
pub fn stop_postgres() {
    drop(SERVER.lock().map(|mut server| server.take()));
}

/// A new database of a server, and its address.
fn new_database(server: &str) -> Result<String, Failed> {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("farm{}", COUNT.fetch_add(1, Ordering::Relaxed));
    block_on(async {
        let mut connection = PgConnection::connect(server).await?;
        let statement = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(statement).execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    })?;
    let (address, _) = server.rsplit_once('/').ok_or("expected a database")?;
    Ok(format!("{address}/{name}"))
}

/// Runs a scenario's asynchronous part.
pub fn block_on<T>(future: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(async {
            // A scenario that hangs is a failed one.
            tokio::time::timeout(Duration::from_secs(180), future)
                .await
                .map_err(|_| "not done within 180 s")?
        })
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json")
}
