//! `adlayer bench`: sampling throughput, or with `--answer` the error of the answer.

use super::answer;
use super::args::BenchArguments;
use super::exit::Ending;
use crate::base::{Error, Result};
use crate::cli::ranks::own_device;
use crate::cli::stdout::write_stdout;
use crate::input::scene::{self, CheckedScene};
use crate::ranks::Ranks;
use crate::workflow::bench::{BenchOptions, BenchReport, Part, Ratio, ScalingRow, ThreadRow, bench, bench_together};
use std::path::Path;
use std::time::Duration;

/// Measured when no scene is named.
const DEFAULT_SCENE: &str = include_str!("../../scenes/lj_surface.ron");

pub(crate) fn run(arguments: &BenchArguments, ranks: &Ranks) -> Result<Ending> {
    let scenes = arguments.scenes.iter().map(scene::load).collect::<Result<Vec<_>>>();
    let mut scenes = ranks.agree(scenes)?;
    if scenes.is_empty() {
        scenes.push(scene::parse(DEFAULT_SCENE, Path::new("lj_surface.ron"))?);
    }
    if arguments.answer && !ranks.is_alone() {
        let problem = format!("--answer on {} ranks, each of which would make all runs", ranks.size());
        return ranks.agree(Err(Error::argument(problem, "start one process; --jobs has several runs at a time")));
    }
    if arguments.answer {
        return answer::run(scenes, arguments);
    }
    if scenes.len() > 1 {
        return ranks.agree(Err(Error::argument(
            format!("{} scenes are named", scenes.len()),
            "name one, or compare their answers with --answer",
        )));
    }
    let options = options(arguments, ranks)?;
    if ranks.is_alone() {
        speed(&scenes[0], &options, arguments.json)
    } else {
        together(ranks, &scenes[0], &options, arguments.json)
    }
    .map(|()| Ending::Done)
}

fn options(arguments: &BenchArguments, ranks: &Ranks) -> Result<BenchOptions> {
    Ok(BenchOptions {
        device: own_device(&arguments.device, ranks)?,
        repeats: arguments.repeats,
        duration: Duration::from_secs_f64(arguments.seconds),
        scaling: !arguments.no_scaling,
    })
}

/// What several ranks come to.
fn together(ranks: &Ranks, loaded: &CheckedScene, options: &BenchOptions, json: bool) -> Result<()> {
    let Some(report) = rayon::scope(|_| bench_together(ranks, loaded, options))? else { return Ok(()) };
    if json {
        let text =
            serde_json::to_string_pretty(&report).map_err(|source| Error::Json { what: "the result", source })?;
        return write_stdout(&format!("{text}\n"));
    }
    let mut out = format!(
        "{}: {} ranks of {} threads on {}\n\n{:<36}{:>10}{:>12}{:>12}{:>8}{:>10}{:>18}\n",
        report.scene,
        report.ranks,
        report.threads,
        report.device,
        "cycle",
        "replicas",
        "shared, ms",
        "apart, ms",
        "ratio",
        "waiting",
        "messages a cycle"
    );
    for (name, s) in
        [("strong: the scene, beside one rank", report.strong), ("weak: more walkers, beside runs apart", report.weak)]
    {
        out.push_str(&format!(
            "{name:<38}{:>8}{:>12.3}{:>12.3}{:>8.3}{:>8.1} %{:>18.3}\n",
            s.replicas,
            s.cycle_ms,
            s.apart_ms,
            s.ratio,
            100.0 * s.waiting,
            s.messages
        ));
    }
    out.push_str(&format!(
        "\n{:<38}{:>8}{:>12}{:>12}\n",
        "exchange of a split walker", "replicas", "gather, µs", "round, µs"
    ));
    for e in report.exchange {
        out.push_str(&format!("{:<38}{:>8}{:>12.1}{:>12.1}\n", "", e.replicas, e.gather_us, e.round_us));
    }
    write_stdout(&out)
}

fn speed(loaded: &CheckedScene, options: &BenchOptions, json: bool) -> Result<()> {
    // On a thread of the pool, as a run.
    let report = rayon::scope(|_| bench(loaded, options))?;
    if json {
        let text =
            serde_json::to_string_pretty(&report).map_err(|source| Error::Json { what: "the result", source })?;
        write_stdout(&format!("{text}\n"))
    } else {
        write_stdout(&table(&report))
    }
}

fn table(report: &BenchReport) -> String {
    let mut out = format!(
        "{}: {} replicas × {:.1} mobile atoms on {} ({}), {} threads\n\n{:<16}{:>16}{:>16}{:>16}{:>12}{:>14}{:>14}{:>8}\n",
        report.scene,
        report.replicas,
        report.atoms,
        report.device,
        report.kernel,
        report.threads,
        "part",
        "replica-steps/s",
        "per cpu second",
        "atom-steps/s",
        "ns/pair",
        "attempts/s",
        "samples/s",
        "± %"
    );
    let parts = [
        // Of a scene without steps there is nothing to measure.
        ("md", Some(&report.md).filter(|md| md.stdev.is_finite())),
        ("particle moves", report.particle_moves.as_ref()),
        ("exchange", report.exchange.as_ref()),
        ("mbar", report.mbar.as_ref()),
        ("cycle", Some(&report.cycle)),
    ];
    for (name, part) in parts.into_iter().filter_map(|(name, part)| Some((name, part?))) {
        out.push_str(&row(name, part));
    }
    if let Some(effective) = report.cycle.effective_samples_per_s {
        out.push_str(&format!("\neffective samples/s (samples ÷ mean inefficiency): {effective:.4e}\n"));
    }
    if let (Some(pairs), Some(bytes), Some(host)) =
        (report.md.pairs_per_s, report.cycle.bytes_read_per_cycle, report.cycle.host_idle)
    {
        let device = report.cycle.device_idle.map_or_else(|| "no clock".to_owned(), |x| format!("{:.1} %", 100.0 * x));
        out.push_str(&format!(
            "pairs/s within the cutoff: {pairs:.3e}; read back a cycle: {bytes:.0} bytes; host idle {:.1} %; device idle: {device}\n",
            100.0 * host
        ));
    }
    out.push_str(&scaling("over replicas", &report.scaling_replicas));
    out.push_str(&scaling("over N, bulk fluid of density 0.8", &report.scaling_atoms));
    out.push_str(&threads(&report.scaling_threads));
    out
}

fn threads(rows: &[ThreadRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "\nspeed over one thread, medians (quartiles) of rounds in turn\n{:>10}{:>22}{:>22}{:>22}\n",
        "threads", "the machine itself", "dynamics", "cycle"
    );
    for row in rows {
        let cell = |Ratio { median, quartiles: (low, high), .. }: Ratio| format!("{median:.2} ({low:.2}–{high:.2})");
        let (machine, md, cycle) = (cell(row.machine), cell(row.md), cell(row.cycle));
        out.push_str(&format!("{:>10}{machine:>22}{md:>22}{cycle:>22}\n", row.threads));
        let rounds = |Ratio { rounds, left_out, .. }: Ratio| format!("{rounds} rounds + {left_out} †");
        let (machine, md, cycle) = (rounds(row.machine), rounds(row.md), rounds(row.cycle));
        out.push_str(&format!("{:>10}{machine:>22}{md:>22}{cycle:>22}\n", ""));
    }
    out.push_str("† left out: others took more than 2 % of the processors meanwhile\n");
    out
}

fn row(name: &str, part: &Part) -> String {
    let number = |x: Option<f64>| x.filter(|x| x.is_finite()).map_or_else(|| "–".to_owned(), |x| format!("{x:.4e}"));
    let small = |x: Option<f64>| x.filter(|x| x.is_finite()).map_or_else(|| "–".to_owned(), |x| format!("{x:.3}"));
    format!(
        "{name:<16}{:>16}{:>16}{:>16}{:>12}{:>14}{:>14}{:>8.1}\n",
        number(part.replica_steps_per_s),
        number(part.replica_steps_per_cpu_s),
        number(part.atom_steps_per_s),
        small(part.ns_per_pair),
        number(part.attempts_per_s),
        number(part.samples_per_s),
        100.0 * part.stdev
    )
}

fn scaling(title: &str, rows: &[ScalingRow]) -> String {
    // A scene without steps has no time of one.
    let rows: Vec<&ScalingRow> = rows.iter().filter(|row| row.ns_per_atom_step.is_finite()).collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut out = format!("\ndynamics {title}\n{:>10}{:>10}{:>18}\n", "replicas", "atoms", "ns per atom-step");
    for row in rows {
        out.push_str(&format!("{:>10}{:>10.1}{:>18.2}\n", row.replicas, row.atoms, row.ns_per_atom_step));
    }
    out
}
