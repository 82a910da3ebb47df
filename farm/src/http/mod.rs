//! The status page, the metrics and the probes over HTTP. Nothing here changes anything, and nothing asks who reads.
//!
//! | path | answers |
//! |---|---|
//! | `/` | the page for people; `page.css`, `page.js` and `icon.svg` are its parts |
//! | `/api/status` | JSON of a [`Snapshot`] with `lease_seconds`; 503 with `error` if the database does not answer |
//! | `/metrics` | [`Metrics`] as OpenMetrics text |
//! | `/healthz` | 200 while a restart would not help, else 503 and why |
//! | `/readyz` | 200 while the database answers and the worker takes jobs, else 503 and why |

mod health;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::error::FarmError;
use crate::metrics::{self, Metrics};
use crate::snapshot::Snapshot;

pub use health::{Health, Phase};

/// What the page and the metrics are about: a [`Farm`](crate::Farm), or a stand-in for tests.
#[async_trait]
pub trait Source: Send + Sync {
    /// How the farm stands.
    ///
    /// # Errors
    /// If the database does not answer.
    async fn snapshot(&self) -> Result<Snapshot, FarmError>;

    /// A worker that was not heard of for longer is lost.
    fn lease(&self) -> Duration;
}

/// How long the database may take: shorter than whoever asks waits.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long open connections may take to end at a shutdown.
const GRACE: Duration = Duration::from_secs(5);

/// The page loads from here alone, and runs no script that could put text into it as HTML.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

#[derive(Clone)]
struct Served {
    source: Arc<dyn Source>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
}

/// What is served at `/api/status`.
#[derive(Serialize)]
struct Status {
    lease_seconds: u64,
    #[serde(flatten)]
    snapshot: Snapshot,
}

/// Why there is no status.
#[derive(Serialize)]
struct Unavailable {
    error: String,
}

/// The paths of this module, about a farm and a process.
pub fn router(source: Arc<dyn Source>, metrics: Arc<Metrics>, health: Arc<Health>) -> Router {
    let file = |content_type, text| get(move || async move { page_file(content_type, text) });
    Router::new()
        .route(
            "/",
            file("text/html; charset=utf-8", include_str!("page.html")),
        )
        .route(
            "/page.css",
            file("text/css; charset=utf-8", include_str!("page.css")),
        )
        .route(
            "/page.js",
            file("text/javascript; charset=utf-8", include_str!("page.js")),
        )
        .route("/icon.svg", file("image/svg+xml", include_str!("icon.svg")))
        .route("/api/status", get(status))
        .route("/metrics", get(metrics_text))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(Served {
            source,
            metrics,
            health,
        })
}

/// Serves until `shutdown` is ready; requests that are under way then are given a few seconds.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let stopping = Arc::new(Notify::new());
    let stopped = Arc::clone(&stopping);
    let served = axum::serve(listener, router).with_graceful_shutdown(async move {
        shutdown.await;
        stopping.notify_one();
    });
    tokio::select! {
        served = served.into_future() => served,
        () = async { stopped.notified().await; sleep(GRACE).await } => Ok(()),
    }
}

impl Served {
    /// The snapshot, or why there is none.
    async fn snapshot(&self) -> Result<Snapshot, String> {
        let snapshot = match timeout(PATIENCE, self.source.snapshot()).await {
            Ok(snapshot) => snapshot.map_err(|error| error.to_string()),
            Err(_) => Err(format!(
                "the database did not answer within {} s",
                PATIENCE.as_secs()
            )),
        };
        snapshot.inspect_err(|error| {
            tracing::warn!(error, "no status of the farm");
            self.metrics.database_error();
        })
    }
}

fn page_file(content_type: &'static str, text: &'static str) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Another version's script must not meet this version's page.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}

async fn status(State(served): State<Served>) -> Response {
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    match served.snapshot().await {
        Ok(snapshot) => {
            let lease_seconds = served.source.lease().as_secs();
            let status = Status {
                lease_seconds,
                snapshot,
            };
            (headers, Json(status)).into_response()
        }
        Err(error) => {
            let body = Json(Unavailable { error });
            (StatusCode::SERVICE_UNAVAILABLE, headers, body).into_response()
        }
    }
}

/// Without the database, what the process itself did.
async fn metrics_text(State(served): State<Served>) -> Response {
    let snapshot = served.snapshot().await.ok();
    let text = served
        .metrics
        .encode(snapshot.as_ref(), served.source.lease());
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response()
}

async fn healthz(State(served): State<Served>) -> Response {
    probe(served.health.alive())
}

async fn readyz(State(served): State<Served>) -> Response {
    let ready = match served.health.ready() {
        Ok(()) => served.snapshot().await.map(drop),
        Err(reason) => Err(reason),
    };
    probe(ready)
}

fn probe(outcome: Result<(), String>) -> Response {
    match outcome {
        Ok(()) => (StatusCode::OK, "ok\n").into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}
