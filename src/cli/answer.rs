//! `adlayer bench --answer`: the error of the answer for the time it took.

use super::args::BenchArguments;
use super::exit::Ending;
use super::signals::limits;
use crate::base::{Error, Result};
use crate::cli::args::LimitArguments;
use crate::cli::stdout::{write_stderr, write_stdout};
use crate::input::scene::CheckedScene;
use crate::workflow::bench::answer::{
    AnswerOptions, AnswerReport, Group, Reference, SceneAnswer, Score, answers, reference,
};
use std::path::Path;
use std::time::Duration;

pub(super) fn run(scenes: Vec<CheckedScene>, arguments: &BenchArguments) -> Result<Ending> {
    let known = match &arguments.reference {
        Some(path) => Some((path.clone(), Reference::read(path)?)),
        None => None,
    };
    let scenes: Vec<CheckedScene> =
        scenes.into_iter().map(|s| s.with_overrides(arguments.cycles, None)).collect::<Result<_>>()?;
    let never =
        LimitArguments { walltime: None, checkpoint_every: Duration::from_secs(3600), report_every: Duration::ZERO };
    let options = AnswerOptions {
        device: arguments.device.to_string(),
        seeds: arguments.seeds,
        jobs: usize::from(arguments.jobs),
        stop: limits(&never, None, true)?.stop,
    };
    let stopped = || Ok(Ending::Stopped("stopped before every scene had two runs: there is nothing to score".into()));
    if let Some(path) = &arguments.make_reference {
        let [scene] = &scenes[..] else {
            return Err(Error::argument(
                format!("a reference is made of one scene, and {} are named", scenes.len()),
                "name the one that is long enough",
            ));
        };
        return match rayon::scope(|_| reference(scene, &options, &heard))? {
            None => stopped(),
            Some(reference) => reference.write(path).map(|()| stored(path, &reference)),
        };
    }
    match rayon::scope(|_| answers(&scenes, known.as_ref(), &options, &heard))? {
        None => stopped(),
        Some(report) if arguments.json => {
            let text =
                serde_json::to_string_pretty(&report).map_err(|source| Error::Json { what: "the result", source })?;
            write_stdout(&format!("{text}\n"))?;
            Ok(Ending::Done)
        }
        Some(report) => {
            write_stdout(&table(&report))?;
            Ok(Ending::Done)
        }
    }
}

fn heard(scene: &str, seed: u64) {
    write_stderr(&format!("{scene}, seed {seed}\n"));
}

fn stored(path: &Path, reference: &Reference) -> Ending {
    let (points, runs) = (reference.boundaries.len(), reference.runs);
    write_stderr(&format!("{}: {points} points of boundaries from {runs} runs\n", path.display()));
    Ending::Done
}

fn table(report: &AnswerReport) -> String {
    let mut out = format!("{} seeds; right values: {}\n", report.seeds, report.reference);
    report.scenes.iter().for_each(|scene| out.push_str(&of_scene(scene, report.seeds)));
    out.push_str(
        "\nz: root mean square over seeds of (value − right)/error, 1 where errors are true; FOM: 1/(RMSE² × cost)\n",
    );
    out
}

fn of_scene(scene: &SceneAnswer, seeds: usize) -> String {
    let mut out = format!(
        "\n{}: {} replicas × {} cycles, {:.4} million evaluations and {:.2} processor seconds a run; {} of {seeds} called trusted{}\n",
        scene.scene,
        scene.replicas,
        scene.cycles,
        1e-6 * scene.evaluations,
        scene.seconds,
        scene.trusted,
        scene.worst_trusted.map_or_else(String::new, |z| format!(", in those the largest |z| is {z:.1}")),
    );
    out.push_str(&format!(
        "{:<34}{:>8}{:>11}{:>10}{:>10}{:>10}{:>7}{:>7}{:>11}{:>13}\n",
        "quantity", "found", "right", "bias", "RMSE", "quoted", "z", "max|z|", "FOM/s", "FOM/10⁶ ev."
    ));
    for b in &scene.boundaries {
        let name = format!("μ at T = {}: N {:.1} → {:.1}", b.temperature, b.n.0, b.n.1);
        out.push_str(&row(&name, Some(b.right.value), &b.score, seeds));
    }
    for (name, Group { all, z_worst, places }) in
        [("⟨N⟩ of states", &scene.states), ("⟨N⟩ of map cells", &scene.cells), ("ln Ξ of map cells", &scene.ln_xi)]
    {
        let values = places.iter().map(|(_, _, scores)| scores.len()).sum::<usize>();
        out.push_str(&row(&format!("{values} {name}"), None, all, seeds * values));
        if let Some(z) = z_worst {
            out.push_str(&format!("{:<34}{:>56}\n", "  largest z of one of them", format!("{z:.1}")));
        }
    }
    out
}

fn row(name: &str, right: Option<f64>, score: &Score, of: usize) -> String {
    let small = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.4}"));
    let short = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.1}"));
    let merit = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.3e}"));
    format!(
        "{name:<34}{:>8}{:>11}{:>10}{:>10}{:>10}{:>7}{:>7}{:>11}{:>13}\n",
        format!("{}/{of}", score.found),
        small(right),
        small(score.bias),
        small(score.rmse),
        small(score.quoted),
        short(score.z_rms),
        short(score.z_largest),
        merit(score.fom_per_s),
        merit(score.fom_per_evaluation.map(|m| 1e6 * m)),
    )
}
