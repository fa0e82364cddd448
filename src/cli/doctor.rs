//! `adlayer doctor`: adapters, drivers, limits, self-tests, and what `auto` would take.

use super::args::DoctorArguments;
use crate::backend::gpu::{AdapterReport, survey};
use crate::base::{Error, Result};
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
    api: String,
    kind: String,
    driver: String,
    workgroup_memory: u32,
    largest_binding: u64,
    self_test: String,
}

#[expect(clippy::print_stdout, reason = "the findings are the command's output")]
pub(crate) fn doctor(arguments: &DoctorArguments) -> Result<()> {
    let found = survey();
    let auto = auto(&found);
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        adapters: found.into_iter().map(adapter).collect(),
        auto,
    };
    if arguments.json {
        let text =
            serde_json::to_string_pretty(&report).map_err(|source| Error::Json { what: "the result", source })?;
        println!("{text}");
        return Ok(());
    }
    println!("{:<18} {}", "adlayer", report.version);
    println!("{:<18} {}", "threads", report.threads);
    if report.adapters.is_empty() {
        println!("{:<18} none (no Vulkan, Metal or DirectX 12 driver answers)", "adapter");
    }
    for a in &report.adapters {
        println!("{:<18} {} ({}, {})", "adapter", a.name, a.api, a.kind);
        println!("{:<18} {}", "  driver", a.driver);
        println!("{:<18} {} KiB", "  workgroup memory", a.workgroup_memory / 1024);
        println!("{:<18} {} MiB", "  largest binding", a.largest_binding >> 20);
        println!("{:<18} {}", "  self-test", a.self_test);
    }
    println!("{:<18} {}", "--device auto", report.auto);
    Ok(())
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

fn adapter(found: AdapterReport) -> Adapter {
    Adapter {
        name: found.name,
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
