//! From an address to a queue.

use std::str::FromStr;
use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use super::Queue;
use super::postgres::PostgresQueue;
use super::sqlite::{self, SqliteQueue};
use crate::error::FarmError;

/// A queue, and what its database is called.
pub(crate) struct Connected {
    pub queue: Arc<dyn Queue>,
    pub kind: &'static str,
}

/// Opens `sqlite:FILE` or `postgres://..`, and makes the tables if they are not there.
pub(crate) async fn connect(url: &str) -> Result<Connected, FarmError> {
    let refuse = || FarmError::DatabaseUrl {
        url: without_password(url),
    };
    let (scheme, _) = url.split_once(':').ok_or_else(refuse)?;
    match scheme {
        "sqlite" => {
            let options = SqliteConnectOptions::from_str(url)?;
            // What only one connection sees is no queue.
            if !sqlite::is_file(options.get_filename()) || url.contains(":memory:") {
                return Err(refuse());
            }
            Ok(Connected {
                queue: Arc::new(SqliteQueue::open(options).await?),
                kind: "SQLite",
            })
        }
        "postgres" | "postgresql" => {
            let options = PgConnectOptions::from_str(url)?;
            Ok(Connected {
                queue: Arc::new(PostgresQueue::open(options).await?),
                kind: "PostgreSQL",
            })
        }
        _ => Err(refuse()),
    }
}

/// The address as it may be printed.
fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut url) if url.password().is_some() => {
            let _ = url.set_password(Some("..."));
            url.to_string()
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn other_databases_are_refused_without_their_passwords() {
        for url in [
            "mysql://me:secret@host/farm",
            "farm.sqlite",
            "sqlite::memory:",
        ] {
            let error = connect(url).await.err().unwrap();
            assert!(matches!(error, FarmError::DatabaseUrl { .. }), "{error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
