//! `adlayer doctor`: adapters, drivers, limits, self-tests, and what `auto` would take.

use super::args::DoctorArguments;
use crate::backend::AdapterReport;
use crate::backend::gpu::{WHY_NONE, survey};
use crate::base::{Error, Result};
use crate::cli::stdout::write_stdout;
use serde::Serialize;

/// What `doctor --json` prints.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    threads: usize,
    adapters: Vec<Adapter>,
    auto: String,
}

#[derive(Debug, Serialize)]
struct Adapter {
    name: String,
    opened_by: String,
    api: String,
    kind: String,
    driver: String,
    workgroup_memory: u32,
    largest_binding: u64,
    self_test: String,
}

pub(crate) fn doctor(arguments: &DoctorArguments) -> Result<()> {
    let found = survey();
    let auto = auto(&found);
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        adapters: found.into_iter().enumerate().map(adapter).collect(),
        auto,
    };
    if arguments.json {
        let text =
            serde_json::to_string_pretty(&report).map_err(|source| Error::Json { what: "the result", source })?;
        return write_stdout(&format!("{text}\n"));
    }
    let mut lines = vec![("adlayer".to_owned(), report.version.to_owned())];
    if arguments.report {
        lines.extend(machine());
    }
    lines.push(("threads".to_owned(), report.threads.to_string()));
    let mut say = |name: &str, value: String| lines.push((name.to_owned(), value));
    if report.adapters.is_empty() {
        say("adapter", format!("none ({WHY_NONE})"));
    }
    for a in &report.adapters {
        say("adapter", format!("{} ({}, {})", a.name, a.api, a.kind));
        say("  opened by", a.opened_by.clone());
        say("  driver", a.driver.clone());
        say("  workgroup memory", format!("{} KiB", a.workgroup_memory / 1024));
        say("  largest binding", format!("{} MiB", a.largest_binding >> 20));
        say("  self-test", a.self_test.clone());
    }
    say("--device auto", report.auto);
    let text: String = lines.iter().map(|(name, value)| format!("{name:<18} {value}\n")).collect();
    // A fence keeps the columns where reports are written in Markdown.
    write_stdout(&if arguments.report { format!("```text\n{text}```\n") } else { text })
}

/// What a report of a problem says of the machine and the build; nothing that names its owner.
fn machine() -> Vec<(String, String)> {
    let known = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let processor = read("/proc/cpuinfo").and_then(|text| field(&text, "model name"));
    let memory = read("/proc/meminfo").and_then(|text| field(&text, "MemTotal"));
    let kernel = read("/proc/sys/kernel/osrelease").map(|text| text.trim().to_owned());
    let build = if cfg!(debug_assertions) { "with debug assertions" } else { "release" };
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let all = [
        ("build", build.to_owned()),
        ("system", system),
        ("kernel", known(kernel)),
        ("processor", known(processor)),
        ("memory", known(memory)),
    ];
    all.map(|(name, value)| (name.to_owned(), value)).into()
}

/// What `auto` takes: the first hardware adapter that is sound, else the processor.
fn auto(found: &[AdapterReport]) -> String {
    match found.iter().find(|a| !a.software && a.refused.is_none()) {
        Some(adapter) => format!("gpu: {}", adapter.name),
        None if found.iter().any(|a| a.software && a.refused.is_none()) => {
            "cpu (a software adapter is taken by --device gpu only)".to_owned()
        }
        None => "cpu".to_owned(),
    }
}

fn adapter((number, found): (usize, AdapterReport)) -> Adapter {
    Adapter {
        name: found.name,
        opened_by: format!("--device gpu:{number}"),
        api: found.api,
        kind: if found.software { "software".to_owned() } else { found.kind },
        driver: found.driver,
        workgroup_memory: found.workgroup_memory,
        largest_binding: found.binding,
        self_test: found.refused.unwrap_or_else(|| "passed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(software: bool, refused: Option<&str>) -> AdapterReport {
        AdapterReport {
            name: "card".into(),
            api: "Vulkan".into(),
            kind: "DiscreteGpu".into(),
            driver: "1.0".into(),
            software,
            workgroup_memory: 49_152,
            binding: 1 << 30,
            refused: refused.map(str::to_owned),
        }
    }

    #[test]
    fn auto_takes_sound_hardware_only() {
        assert_eq!(auto(&[report(true, None), report(false, None)]), "gpu: card");
        assert_eq!(auto(&[report(false, Some("a loop ended early"))]), "cpu");
        assert!(auto(&[report(true, None)]).starts_with("cpu (a software adapter"));
        assert_eq!(auto(&[]), "cpu");
    }
}
