//! A server of a farm that does not exist, and a client that knows just enough of HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use libtest_mimic::Failed;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zkroll_farm::http::{self, Health};
use zkroll_farm::metrics::Metrics;

use crate::farms::{Answer, Farm};

/// A server that ends with this value.
pub struct Server {
    pub metrics: Arc<Metrics>,
    pub health: Arc<Health>,
    pub address: SocketAddr,
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<std::io::Result<()>>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Server {
    /// Serves a farm that gives these answers.
    pub fn start(answers: &[Answer]) -> Result<Self, Failed> {
        Self::with(answers, Health::standalone(), "")
    }

    /// As [`Server::start`], with a script that the page runs before its own.
    pub fn with_script(answers: &[Answer], script: &str) -> Result<Self, Failed> {
        Self::with(answers, Health::standalone(), script)
    }

    /// As [`Server::start`], in the process of a worker that starts.
    pub fn of_worker(answers: &[Answer]) -> Result<Self, Failed> {
        Self::with(answers, Health::default(), "")
    }

    fn with(answers: &[Answer], health: Health, script: &str) -> Result<Self, Failed> {
        let metrics = Arc::new(Metrics::default());
        let health = Arc::new(health);
        let farm = Arc::new(Farm::new(answers));
        let routes = http::router(farm, Arc::clone(&metrics), Arc::clone(&health));
        let router = match script {
            "" => routes,
            script => {
                let script = format!("{script}\n{}", include_str!("../../src/http/page.js"));
                let reply = ([(header::CONTENT_TYPE, "text/javascript")], script);
                Router::new()
                    .route("/page.js", get(|| async { reply }))
                    .fallback_service(routes)
            }
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let served = runtime.spawn(http::serve(listener, router, async {
            let _ = stopped.await;
        }));
        Ok(Self {
            metrics,
            health,
            address,
            runtime,
            stop: Some(stop),
            served,
        })
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn get(&self, path: &str) -> Result<Reply, Failed> {
        self.ask("GET", path)
    }

    pub fn ask(&self, method: &str, path: &str) -> Result<Reply, Failed> {
        let mut connection = self.connect()?;
        write!(
            connection,
            "{method} {path} HTTP/1.1\r\nHost: farm\r\nConnection: close\r\n\r\n"
        )?;
        let mut reply = String::new();
        connection.read_to_string(&mut reply)?;
        let (head, body) = reply
            .split_once("\r\n\r\n")
            .ok_or("expected a head and a body")?;
        let status = head.split(' ').nth(1).ok_or("expected a status")?;
        Ok(Reply {
            status: status.parse()?,
            head: head.to_owned(),
            body: body.to_owned(),
        })
    }

    /// A connection that hangs no test.
    pub fn connect(&self) -> Result<TcpStream, Failed> {
        let connection = TcpStream::connect(self.address)?;
        connection.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(connection)
    }

    /// Tells the server to stop, and waits until it has; an error if that takes long.
    pub fn stop(mut self) -> Result<(), Failed> {
        drop(self.stop.take());
        let served = async { timeout(Duration::from_secs(20), self.served).await };
        self.runtime.block_on(served)???;
        Ok(())
    }
}

impl Reply {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}
