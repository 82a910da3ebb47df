//! What people see.

use libtest_mimic::Failed;

use crate::chromium;
use crate::farms::{Answer, HOSTILE, busy, id, nothing};
use crate::server::Server;

/// A page after its scripts have run, as HTML.
struct Page(String);

impl Page {
    fn open(server: &Server, path: &str) -> Result<Self, Failed> {
        Ok(Self(chromium::open(&server.url(path))?))
    }

    /// The element with this id, as HTML.
    fn element(&self, id: &str) -> Result<&str, Failed> {
        let attribute = format!("id=\"{id}\"");
        let at = self
            .0
            .find(&attribute)
            .ok_or_else(|| format!("expected an element {id}"))?;
        let start = self.0[..at].rfind('<').ok_or("expected a tag")?;
        let name = self.0[start + 1..].split(' ').next().unwrap_or_default();
        let end = self.0[at..]
            .find(&format!("</{name}>"))
            .ok_or("expected the tag's end")?;
        Ok(&self.0[start..at + end])
    }

    /// The words that stand in an element.
    fn text(&self, id: &str) -> Result<String, Failed> {
        Ok(text(self.element(id)?))
    }

    /// The words in each row of a table's body.
    fn rows(&self, table: &str) -> Result<Vec<String>, Failed> {
        let (_, body) = self
            .element(table)?
            .split_once("<tbody>")
            .ok_or("expected a body")?;
        Ok(body
            .split("<tr")
            .skip(1)
            .map(|row| text(&format!("<tr{row}")))
            .collect())
    }
}

/// HTML without its tags.
fn text(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<').skip(1) {
        text.push(' ');
        text.push_str(part.split_once('>').map_or("", |(_, text)| text));
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn short(n: u8) -> String {
    id(n).to_string()[..16].to_owned()
}

fn assert_contains(whole: &str, parts: &[&str]) {
    for part in parts {
        assert!(whole.contains(part), "expected {part:?} in {whole:?}");
    }
}

pub fn shows() -> Result<(), Failed> {
    let server = Server::start(&[Answer::Snapshot(busy())])?;
    let page = Page::open(&server, "/")?;

    let totals = "waiting 1,234 running 1 done 56,801 failed 3 cancelled 2 workers 1 + 1 lost";
    assert_eq!(page.text("totals")?, totals);
    let queues = [
        "a5a5a5a5a5a5a5a5 standard 1,234 1 56,789 3 2 12 min 34 s",
        "a5a5a5a5a5a5a5a5 large 0 0 12 0 0 –",
    ];
    assert_eq!(page.rows("queues")?, queues);
    let workers = [
        format!(
            "rack-1 1M0K9A alive ifma, 8 threads a5a5a5a5 standard {} 30 s ago 1 h 1 min ago",
            short(5)
        ),
        "rack-2 1M0K9B lost ifma, 8 threads a5a5a5a5 standard – 31 s ago 1 h 1 min ago".to_owned(),
    ];
    assert_eq!(page.rows("workers")?, workers);
    assert_contains(
        page.element("workers")?,
        &["<tr class=\"alive\">", "<tr class=\"lost\">"],
    );

    let jobs = page.rows("jobs")?;
    assert_eq!(jobs.len(), 5, "{jobs:?}");
    for (job, start, rest) in [
        (
            0,
            format!("4205 {} running 2 of 3", short(5)),
            "8 min 30 s 1 min 30 s rack-1",
        ),
        (
            1,
            format!("4204 {} failed 3 of 3", short(4)),
            "8 min 30 s 30 s rack-1",
        ),
        (
            2,
            format!("4203 {} waiting 1 of 3", short(3)),
            "8 min 30 s – rack-1 failed: device lost",
        ),
        (
            3,
            format!("4202 {} cancelled 0 of 3", short(2)),
            "8 min 50 s – –",
        ),
        (
            4,
            format!("4201 {} done 1 of 3", short(1)),
            "8 min 30 s 10 s rack-1 1.75 s on ifma, 8 threads witness 250 ms quotient 400 ms msm_h 1.10 s",
        ),
    ] {
        assert!(
            jobs[job].starts_with(&start),
            "expected {start:?} in {:?}",
            jobs[job]
        );
        assert_contains(&jobs[job], &[rest]);
    }

    // A job's error is text: whole, and nothing of it became an element.
    let said = HOSTILE.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_contains(&jobs[1], &[&said]);
    assert_contains(&page.0, &["<title>zkroll farm</title>"]);
    assert_eq!(page.0.matches("<script").count(), 1, "the page's own");
    assert_eq!(page.0.matches("<img").count(), 1, "the page's own");

    let throughput = page.element("throughput")?;
    assert_eq!(
        throughput.matches("<rect class=\"done\"").count(),
        2,
        "{throughput}"
    );
    assert_eq!(
        throughput.matches("<rect class=\"failed\"").count(),
        2,
        "{throughput}"
    );
    // The scale ends with the longest bar.
    assert_contains(throughput, &[">4</text>", ">0</text>"]);
    let text = "7 proved and 3 given up within the last hour";
    assert_eq!(page.text("throughput-text")?, text);
    assert_contains(&page.text("freshness")?, &["as of ", "every 2 s"]);
    assert_contains(page.element("unreachable")?, &["hidden"]);
    Ok(())
}

pub fn empty() -> Result<(), Failed> {
    let server = Server::start(&[Answer::Snapshot(nothing())])?;
    let page = Page::open(&server, "/#nonsense")?;
    for table in ["queues", "workers", "jobs"] {
        assert_eq!(page.rows(table)?.len(), 0, "{table}");
    }
    let words = text(&page.0);
    assert_contains(
        &words,
        &[
            "No queue yet",
            "No worker was heard of",
            "No job was begun yet.",
        ],
    );
    let text = "0 proved and 0 given up within the last hour";
    assert_eq!(page.text("throughput-text")?, text);
    assert_contains(
        page.element("filters")?,
        &["data-state=\"all\" aria-pressed=\"true\""],
    );
    Ok(())
}

pub fn filters() -> Result<(), Failed> {
    let server = Server::start(&[Answer::Snapshot(busy())])?;
    let page = Page::open(&server, "/#failed")?;
    let jobs = page.rows("jobs")?;
    assert!(jobs.len() == 1 && jobs[0].contains(&short(4)), "{jobs:?}");
    let filters = page.element("filters")?;
    assert_contains(filters, &["data-state=\"failed\" aria-pressed=\"true\""]);
    assert_eq!(
        filters.matches("aria-pressed=\"true\"").count(),
        1,
        "{filters}"
    );
    Ok(())
}

/// Opens a proof's stages, lets some polls pass in which rows change their places, then presses a button.
pub fn buttons() -> Result<(), Failed> {
    let script = "setTimeout(() => {
        const summary = document.querySelector('#jobs tr.done summary');
        summary.focus();
        summary.click();
        setTimeout(() => {
            document.body.dataset.focused = document.activeElement.dataset.field;
            document.querySelector('[data-state=done]').click();
            document.body.dataset.hash = location.hash;
        }, 4500);
    }, 1000);";
    let mut turned = busy();
    turned.jobs.reverse();
    let answers = [Answer::Snapshot(busy()), Answer::Snapshot(turned)];
    let server = Server::with_script(&answers, script)?;
    let page = Page::open(&server, "/")?;
    let jobs = page.rows("jobs")?;
    assert!(jobs.len() == 1 && jobs[0].contains(&short(1)), "{jobs:?}");
    assert_contains(
        page.element("jobs")?,
        &["<details data-field=\"proof\" open=\"\">"],
    );
    assert_contains(
        &page.0,
        &["data-focused=\"proof-text\"", "data-hash=\"#done\""],
    );
    Ok(())
}

pub fn unreachable() -> Result<(), Failed> {
    let server = Server::start(&[Answer::Refusal])?;
    let page = Page::open(&server, "/")?;
    let said = page.text("unreachable")?;
    let begin = "The farm cannot be reached: the queue's database: ";
    assert!(
        said.starts_with(begin) && !said.contains("What is below"),
        "{said}"
    );
    assert!(
        !page.element("unreachable")?.contains("hidden"),
        "the message is to be seen"
    );
    assert_eq!(page.text("freshness")?, "not connected");
    Ok(())
}

pub fn gone_and_back() -> Result<(), Failed> {
    let server = Server::start(&[Answer::Snapshot(busy()), Answer::Refusal])?;
    let page = Page::open(&server, "/")?;
    let said = page.text("unreachable")?;
    assert_contains(
        &said,
        &["The farm cannot be reached: ", "What is below is of "],
    );
    assert_contains(page.element("queues")?, &["1,234"]);
    assert_contains(&page.0, &["<body class=\"stale\">"]);

    let server = Server::start(&[Answer::Refusal, Answer::Snapshot(busy())])?;
    let page = Page::open(&server, "/")?;
    assert_contains(page.element("unreachable")?, &["hidden"]);
    assert_contains(page.element("queues")?, &["1,234"]);
    assert!(!page.0.contains("\"stale\""), "what is shown is fresh");
    Ok(())
}
