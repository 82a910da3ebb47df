//! What programs get.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use serde_json::Value;
use zkroll_farm::Snapshot;

use crate::farms::{Answer, LEASE, busy};
use crate::server::Server;

pub fn page() -> Result<(), Failed> {
    let server = Server::start(&[Answer::Refusal])?;
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let reply = server.get(path)?;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some(content_type)),
            "{path}"
        );
        assert_eq!(
            reply.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        let policy = reply
            .header("content-security-policy")
            .ok_or("expected a policy")?;
        for strict in [
            "default-src 'none'; script-src 'self'; style-src 'self'; ",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(strict), "{strict} in {policy}");
        }
        for weak in ["unsafe", "http", "data:", "*", "  "] {
            assert!(!policy.contains(weak), "{policy}");
        }
    }
    assert_eq!(server.get("/nowhere")?.status, 404);
    assert_eq!(server.ask("POST", "/api/status")?.status, 405);
    Ok(())
}

/// The policy would block it: the page must do without.
pub fn nothing_inline() -> Result<(), Failed> {
    let server = Server::start(&[Answer::Refusal])?;
    let page = server.get("/")?.body;
    for inline in [
        "<style",
        " style=",
        " onclick",
        " onload",
        "<script>",
        "javascript:",
        "://",
    ] {
        assert!(!page.contains(inline), "{inline} in the page");
    }
    let script = server.get("/page.js")?.body;
    for sink in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
    ] {
        assert!(!script.contains(sink), "{sink} in the script");
    }
    Ok(())
}

pub fn status() -> Result<(), Failed> {
    let server = Server::start(&[Answer::Snapshot(busy())])?;
    let reply = server.get("/api/status")?;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("application/json"))
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(serde_json::from_str::<Snapshot>(&reply.body)?, busy());
    let value: Value = serde_json::from_str(&reply.body)?;
    assert_eq!(value["lease_seconds"], LEASE.as_secs());
    Ok(())
}

pub fn refusing() -> Result<(), Failed> {
    let server = Server::start(&[Answer::Refusal])?;
    let reply = server.get("/api/status")?;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (503, Some("application/json"))
    );
    let value: Value = serde_json::from_str(&reply.body)?;
    let error = value["error"].as_str().ok_or("expected an error")?;
    assert!(error.starts_with("the queue's database: "), "{error}");
    Ok(())
}

pub fn silent() -> Result<(), Failed> {
    let server = Server::start(&[Answer::Silence])?;
    let begin = Instant::now();
    let reply = server.get("/api/status")?;
    assert_eq!(reply.status, 503);
    assert!(
        reply.body.contains("did not answer within 3 s"),
        "{}",
        reply.body
    );
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
    Ok(())
}

pub fn metrics() -> Result<(), Failed> {
    let server = Server::start(&[Answer::Snapshot(busy()), Answer::Refusal])?;
    server.metrics.key_loaded(Duration::from_secs(2));
    let reply = server.get("/metrics")?;
    assert_eq!(reply.status, 200);
    let content_type = reply
        .header("content-type")
        .ok_or("expected a content type")?;
    assert!(
        content_type.starts_with("application/openmetrics-text; version=1.0.0"),
        "{content_type}"
    );
    let jobs = |state, count| {
        format!(
            "zkroll_farm_jobs{{queue=\"zkroll/{}/standard\",state=\"{state}\"}} {count}\n",
            "a5".repeat(32)
        )
    };
    for line in [
        jobs("waiting", 1234),
        jobs("done", 56789),
        "zkroll_farm_key_load_seconds 2.0\n".to_owned(),
        "zkroll_farm_database_errors_total 0\n".to_owned(),
    ] {
        assert!(
            reply.body.contains(&line),
            "expected {line} in\n{}",
            reply.body
        );
    }
    assert!(reply.body.ends_with("# EOF\n"), "{}", reply.body);

    // Without its database it says what it knows.
    let reply = server.get("/metrics")?;
    assert_eq!(reply.status, 200);
    assert!(!reply.body.contains("zkroll_farm_jobs"), "{}", reply.body);
    assert!(
        reply.body.contains("zkroll_farm_database_errors_total 1\n"),
        "{}",
        reply.body
    );
    Ok(())
}

pub fn probes() -> Result<(), Failed> {
    // A server without a worker is ready while its database answers.
    let server = Server::start(&[Answer::Snapshot(busy()), Answer::Refusal])?;
    let ok = (200, "ok\n".to_owned());
    assert_eq!(probe(&server, "/readyz")?, ok);
    let (status, reason) = probe(&server, "/readyz")?;
    assert!(
        status == 503 && reason.contains("database"),
        "{status} {reason}"
    );
    assert_eq!(probe(&server, "/healthz")?, ok);

    let server = Server::of_worker(&[Answer::Snapshot(busy())])?;
    assert_eq!(probe(&server, "/healthz")?, ok);
    assert_eq!(
        probe(&server, "/readyz")?,
        (503, "the worker is starting\n".to_owned())
    );
    server.health.set_ready();
    assert_eq!(probe(&server, "/readyz")?, ok);
    server.health.set_draining();
    assert_eq!(probe(&server, "/healthz")?, ok);
    assert_eq!(
        probe(&server, "/readyz")?,
        (503, "the worker is draining\n".to_owned())
    );
    server.health.set_failed("the prover ended");
    assert_eq!(
        probe(&server, "/healthz")?,
        (503, "the prover ended\n".to_owned())
    );
    assert_eq!(
        probe(&server, "/readyz")?,
        (503, "the prover ended\n".to_owned())
    );
    Ok(())
}

fn probe(server: &Server, path: &str) -> Result<(u16, String), Failed> {
    let reply = server.get(path)?;
    Ok((reply.status, reply.body))
}

pub fn shutdown() -> Result<(), Failed> {
    let mut large = busy();
    // More than the system keeps for a client that does not read it.
    large.jobs[0].error = Some("x".repeat(32 << 20));
    let server = Server::start(&[Answer::Snapshot(large)])?;
    let mut connection = server.connect()?;
    connection.write_all(b"GET /api/status HTTP/1.1\r\nHost: farm\r\n\r\n")?;
    // The answer has begun.
    connection.read_exact(&mut [0])?;
    server.stop()
}
