//! What a run tells other programs: a textfile for node_exporter and OpenLineage events. Counts, names of sources and tables,
//! codes of problems; never a person's value.
//!
//! In: where to write them, and how the run ended. Out: `FILE.prom`, replaced whole each time; `FILE.ndjson`, to which a START and
//! a COMPLETE or FAIL are added (<https://openlineage.io/spec/2-0-2/OpenLineage.json>).

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::pipeline::{Finished, Options};
use super::{clock, manifest, private};
use crate::diag::{Failure, FailureClass, Outcome};
use crate::publish::atomic;

const PRODUCER: &str = concat!("https://bidui.invalid/bidui/", env!("CARGO_PKG_VERSION"));
const EVENT: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const INPUT: &str = "https://openlineage.io/spec/facets/1-0-2/DataQualityMetricsInputDatasetFacet.json#/$defs/DataQualityMetricsInputDatasetFacet";
const OUTPUT: &str = "https://openlineage.io/spec/facets/1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet";
const ERROR: &str = "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet";

/// Where a run tells how it went.
#[derive(Debug)]
pub struct Telemetry {
    metrics: Option<PathBuf>,
    lineage: Option<PathBuf>,
    pipeline: String,
    out: PathBuf,
    run: String,
    began: Instant,
}

impl Telemetry {
    /// Begins with a run, and adds the START event.
    ///
    /// # Errors
    /// The file of events cannot be written (74).
    #[allow(clippy::disallowed_methods)]
    pub fn begin(options: &Options, metrics: Option<PathBuf>, lineage: Option<PathBuf>) -> Outcome<Telemetry> {
        let name = options.pipeline.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let seed = format!("{} {} {}", clock::now_stamp(), std::process::id(), options.out.display());
        let telemetry = Telemetry {
            metrics,
            lineage,
            pipeline: name,
            out: options.out.clone(),
            run: uuid(&seed),
            began: Instant::now(),
        };
        telemetry.add(telemetry.event("START", json!({}), Vec::new(), Vec::new()))?;
        Ok(telemetry)
    }

    /// Ends with it: COMPLETE when a round was published, else FAIL, and the metrics.
    ///
    /// # Errors
    /// A file cannot be written (74); the round is what it is.
    pub fn end(&self, result: &Outcome<Finished>) -> Outcome<()> {
        let event = match result {
            Ok(finished) => self.event("COMPLETE", json!({}), inputs(finished), outputs(finished)),
            Err(failure) => {
                let codes: Vec<&str> = failure.problems.iter().filter(|p| p.is_error()).map(|p| p.code).collect();
                let facet = json!({"errorMessage": {"_producer": PRODUCER, "_schemaURL": ERROR,
                    "message": format!("exit {}: {}", failure.class.exit_code(), codes.join(", ")),
                    "programmingLanguage": "Rust"}});
                self.event("FAIL", facet, Vec::new(), Vec::new())
            }
        };
        self.add(event)?;
        let Some(path) = &self.metrics else { return Ok(()) };
        atomic::write(path, self.textfile(result).as_bytes())?;
        // Counts alone: the exporter reads it as another user.
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(path, readable).map_err(|e| Failure::io("let others read the metrics in", path, &e))
    }

    fn event(&self, kind: &str, facets: Value, inputs: Vec<Value>, outputs: Vec<Value>) -> Value {
        json!({
            "eventType": kind,
            "eventTime": clock::now_stamp(),
            "producer": PRODUCER,
            "schemaURL": EVENT,
            "run": {"runId": self.run, "facets": facets},
            "job": {"namespace": "bidui", "name": self.pipeline, "facets": {}},
            "inputs": inputs,
            "outputs": outputs,
        })
    }

    fn add(&self, event: Value) -> Outcome<()> {
        let Some(path) = &self.lineage else { return Ok(()) };
        let failed = |e: std::io::Error| Failure::io("add an event to", path, &e);
        let mut file = private::append(path).map_err(failed)?;
        file.write_all(format!("{event}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// The metrics in the text format of Prometheus.
    fn textfile(&self, result: &Outcome<Finished>) -> String {
        let mut text = Textfile { text: String::new(), pipeline: &self.pipeline };
        let exit = match result {
            Ok(finished) => finished.trouble.map_or(0, FailureClass::exit_code),
            Err(failure) => failure.class.exit_code(),
        };
        text.gauge("run_exit_code", "Exit code of the last run.", &[(None, u64::from(exit))]);
        text.gauge("run_published", "1 when the last run published its round.", &[(None, u64::from(result.is_ok()))]);
        text.gauge("run_ended_seconds", "When it ended, in seconds since 1970.", &[(None, clock::now_seconds())]);
        let took = self.began.elapsed().as_millis() as u64;
        text.gauge("run_duration_milliseconds", "How long it took.", &[(None, took)]);
        let (published, failed) = ended(&self.out);
        let runs = [(Some("result=\"published\"".into()), published), (Some("result=\"failed\"".into()), failed)];
        text.gauge("runs", "Runs in the history of this folder.", &runs);
        let Ok(finished) = result else { return text.text };
        let m = &finished.manifest;
        let mut rows = Vec::new();
        for s in &m.sources {
            let of = |kind: &str| Some(format!("source=\"{}\",kind=\"{kind}\"", s.source));
            rows.push((of("read"), s.rows.read));
            rows.push((of("accepted"), s.rows.accepted));
            rows.push((of("quarantined"), s.rows.quarantined));
            rows.push((of("folded"), s.rows.folded));
        }
        text.gauge("source_rows", "Rows of each source in the last round.", &rows);
        let fresh =
            m.sources.iter().map(|s| (Some(format!("source=\"{}\"", s.source)), u64::from(s.state == "delivered")));
        text.gauge("source_delivered", "1 when the source's new delivery was used.", &fresh.collect::<Vec<_>>());
        let day: Option<jiff::civil::Date> = m.as_of.parse().ok();
        let age = |s: &manifest::SourceEntry| {
            let came: jiff::civil::Date = s.as_of.as_deref()?.parse().ok()?;
            Some(u64::try_from(day?.since(came).ok()?.get_days()).unwrap_or(0))
        };
        let ages = m.sources.iter().filter_map(|s| Some((Some(format!("source=\"{}\"", s.source)), age(s)?)));
        text.gauge("source_age_days", "Days since the delivery in use came.", &ages.collect::<Vec<_>>());
        let listed: u64 = m.online_by_type.values().sum();
        text.gauge("list_households", "Households on the online list.", &[(None, listed)]);
        let compared = m.comparison_by_outcome.iter().map(|(o, n)| (Some(format!("outcome=\"{o}\"")), *n));
        text.gauge("comparison_households", "Households of the comparison.", &compared.collect::<Vec<_>>());
        text.gauge("problems", "Problems told by the last run.", &[(None, m.problems.len() as u64)]);
        text.text
    }
}

struct Textfile<'a> {
    text: String,
    pipeline: &'a str,
}

impl Textfile<'_> {
    fn gauge(&mut self, name: &str, help: &str, values: &[(Option<String>, u64)]) {
        let _ = writeln!(self.text, "# HELP bidui_{name} {help}\n# TYPE bidui_{name} gauge");
        for (labels, value) in values {
            let more = labels.as_ref().map(|l| format!(",{l}")).unwrap_or_default();
            let _ = writeln!(self.text, "bidui_{name}{{pipeline=\"{}\"{more}}} {value}", self.pipeline);
        }
    }
}

/// Runs of the history that published, and that did not.
fn ended(out: &Path) -> (u64, u64) {
    let history = std::fs::read_to_string(out.join("history.jsonl")).unwrap_or_default();
    let lines = history.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok());
    let (good, bad): (Vec<Value>, Vec<Value>) = lines.partition(|l| l["published"] == true);
    (good.len() as u64, bad.len() as u64)
}

fn inputs(finished: &Finished) -> Vec<Value> {
    let of = |s: &manifest::SourceEntry| {
        json!({"namespace": "bidui.deliveries", "name": s.source, "facets": {}, "inputFacets": {
            "dataQualityMetrics": {"_producer": PRODUCER, "_schemaURL": INPUT, "rowCount": s.rows.read,
                "fileCount": s.files, "columnMetrics": {}}}})
    };
    finished.manifest.sources.iter().map(of).collect()
}

fn outputs(finished: &Finished) -> Vec<Value> {
    let of = |t: &manifest::TableEntry| {
        json!({"namespace": "bidui.tables", "name": t.table, "facets": {}, "outputFacets": {
            "outputStatistics": {"_producer": PRODUCER, "_schemaURL": OUTPUT, "rowCount": t.rows}}})
    };
    finished.manifest.tables.iter().map(of).collect()
}

/// An id in the form that OpenLineage asks for (RFC 9562, version 8): the same for nobody else.
fn uuid(seed: &str) -> String {
    let mut bytes: Vec<u8> = Sha256::digest(seed.as_bytes()).iter().take(16).copied().collect();
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = manifest::hex(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
