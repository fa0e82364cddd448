//! What can be typed.

use super::ranges::{Indices, Numbers, Pressures, Range, Temperatures, number};
use crate::backend::DeviceChoice;
use crate::forces::external::driver::Planted;
use crate::thermochemistry::che::Scale;
use crate::workflow::verify;
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Replica-exchange grand-canonical sampling of surfaces.
#[derive(Debug, Parser)]
#[command(
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done, 2 usage, 3 finished short of the wanted error, 65 bad scene, 66 input missing, 69 no such device or a client fails, 70 internal, 74 I/O, \
                  75 interrupted and resumable.\nStart with: adlayer new my_surface"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sample a scene, analyse it and draw the figures
    Run(RunArguments),
    /// Go on with a run from its last checkpoint, bit for bit
    Resume(ResumeArguments),
    /// Analyse finished runs again without sampling; several runs of one system are combined
    Analyze(AnalyzeArguments),
    /// Write runs in the formats of other programs: pymbar, extended XYZ, LAMMPS data
    Export(ExportArguments),
    /// Check a scene and print what a run of it will take
    Check(CheckArguments),
    /// Answer an i-PI server with the potential of a scene
    Driver(DriverArguments),
    /// Write a commented scene to start from
    New(NewArguments),
    /// Show every field of a scene: type, unit, default, limits, example
    Fields(FieldsArguments),
    /// Look at a run while it goes on: progress, acceptance, exchange, round trips, isotherms
    Watch(WatchArguments),
    /// Measure sampling throughput
    Bench(BenchArguments),
    /// Check that this machine gives right numbers: exact cases, f64, quadrature, a killed and resumed run
    Verify(VerifyArguments),
    /// Print and plot the chemical potential of a gas, or the pressure that gives one
    Gas(GasArguments),
    /// Ab initio thermodynamics from a list of structures, or beside a run
    Aiat(AiatArguments),
    /// Free energies of a reaction at an electrode (computational hydrogen electrode)
    Che(CheArguments),
    /// List GPU adapters with their drivers, limits and self-tests, and say what --device auto takes
    Doctor(DoctorArguments),
    /// Print the completions of a shell
    Completions(CompletionsArguments),
    /// Print the manual page
    Man(ManArguments),
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The scene file
    pub(crate) scene: PathBuf,
    /// Directory of the run [default: runs/<scene's stem>, then -2, -3, …]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Where to run: auto, cpu, gpu, gpu:NAME, gpu:NUMBER, gpu:all or reference, or several by commas
    #[arg(long, default_value = "auto")]
    pub(crate) device: DeviceChoice,
    /// Production cycles N, with N/3 (rounded up) of equilibration before them
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) cycles: Option<u32>,
    /// Seed of every random number
    #[arg(long, value_name = "S", allow_hyphen_values = true)]
    pub(crate) seed: Option<u64>,
    /// Replace the run in the output directory
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
    /// No progress, no log; errors only
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    /// Directory of the run
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Add N production cycles to the schedule
    #[arg(long, value_name = "+N", allow_hyphen_values = true, value_parser = more_cycles)]
    pub(crate) cycles: Option<u32>,
    /// Where to run [default: where it was sampled so far]
    #[arg(long)]
    pub(crate) device: Option<DeviceChoice>,
    /// Go on although build or device are others than before; the bits will differ
    #[arg(long)]
    pub(crate) allow_different_device: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
    /// No progress, no log; errors only
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LimitArguments {
    /// Stop cleanly after this time, e.g. 2h, 90m, 1h30m, 45s
    #[arg(long, value_name = "TIME", value_parser = walltime)]
    pub(crate) walltime: Option<Duration>,
    /// Seconds between checkpoints; 0 writes one after every cycle
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) checkpoint_every: Duration,
    /// Seconds between two pages `report.html` of a run that goes on; 0 writes none
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) report_every: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct AnalyzeArguments {
    /// Directories of finished runs
    #[arg(required = true, value_name = "DIR")]
    pub(crate) directories: Vec<PathBuf>,
    /// Where to put the analysis [default: the first DIR]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Temperatures of the maps, a list or FROM:TO:STEP [default: three between each two simulated ones]
    #[arg(short, long, value_name = "T")]
    pub(crate) temperature: Option<Temperatures>,
    /// Values of `mu_<s>` of the map in μ, a list or FROM:TO:STEP; once for each reservoir species, in scene order
    #[arg(long, value_name = "MU", allow_hyphen_values = true)]
    pub(crate) mu: Vec<Range>,
    /// Pressures of the map in p, a list, FROM:TO or FROM:TO:N (N a decade); once for each reservoir species
    #[arg(long, value_name = "P", conflicts_with = "mu")]
    pub(crate) pressure: Vec<Pressures>,
    /// No log; errors only
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("format").required(true).multiple(true).args(["pymbar", "extxyz", "lammps_data"]))]
#[command(group = clap::ArgGroup::new("configurations").multiple(true).args(["extxyz", "lammps_data"]))]
pub(crate) struct ExportArguments {
    /// Directories of runs of one system; several are combined
    #[arg(required = true, value_name = "DIR")]
    pub(crate) directories: Vec<PathBuf>,
    /// u_kn, N_k, f_k and the samples themselves as arrays [default: DIR/pymbar.npz]
    #[arg(long, value_name = "FILE.npz", num_args = 0..=1, value_parser = npz)]
    pub(crate) pymbar: Option<Option<PathBuf>>,
    /// The stored configurations as extended XYZ, one file a state [default: DIR/trajectory/state_*.xyz]
    #[arg(long)]
    pub(crate) extxyz: bool,
    /// The stored configurations as LAMMPS data, one file each [default: DIR/lammps/*.data]
    #[arg(long)]
    pub(crate) lammps_data: bool,
    /// Only these states: a list such as 0,3,10-20
    #[arg(long, value_name = "LIST")]
    pub(crate) states: Option<Indices>,
    /// Only states of these temperatures: one, a list, or FROM:TO:STEP
    #[arg(long)]
    pub(crate) temperature: Option<Temperatures>,
    /// Of each state only the last N configurations [N: 1 if left out]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1", requires = "configurations",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) last: Option<u32>,
    /// A constant number of atoms: ghosts (symbol X, flagged) in slots that are not used
    #[arg(long, requires = "configurations")]
    pub(crate) fixed_slots: bool,
    /// Leave out the frozen slab atoms
    #[arg(long, requires = "configurations")]
    pub(crate) no_slab: bool,
    /// Of each state's samples, take one in S (for --pymbar)
    #[arg(long, value_name = "S", requires = "pymbar", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) stride: Option<u32>,
    /// Folder of everything that is written
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Reads the name of a file of arrays; so a directory behind `--pymbar` is not taken for it.
fn npz(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("npz")) {
        return Ok(path);
    }
    Err(format!("`{text}` does not end in .npz; give runs before --pymbar, and after it a file name such as out.npz"))
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// The scene file
    pub(crate) scene: PathBuf,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// Name of the scene; NAME.ron is written
    #[arg(required_unless_present = "list")]
    pub(crate) name: Option<PathBuf>,
    /// What to start from
    #[arg(short, long, value_enum, default_value = "surface")]
    pub(crate) template: Template,
    /// List the templates
    #[arg(long)]
    pub(crate) list: bool,
}

/// Scenes to start from; each runs in less than a minute, unless it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Template {
    /// gas above a frozen Lennard-Jones crystal: √3×√3 layer, disordered layer, multilayer
    Surface,
    /// krypton on graphite in eV, Å, K and bar: condensation of the first layer
    Graphite,
    /// argon without a surface, above its critical temperature
    Bulk,
    /// argon and krypton that compete for graphite: two reservoirs
    Mixture,
    /// thirteen atoms that melt: no reservoir, a grid of temperatures
    Canonical,
    /// deuterium on Si(100) with a many-body potential and mobile layers; two files beside it (a few minutes)
    Si100,
}

#[derive(Debug, Args)]
pub(crate) struct FieldsArguments {
    /// A field or a variant, e.g. cutoff or Steele [default: all]
    pub(crate) word: Option<String>,
    /// Print as Markdown
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArguments {
    /// Directory of a run, going on or finished
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) every: Duration,
    /// Look once and end
    #[arg(long)]
    pub(crate) once: bool,
    /// Analyse what there is at every look that finds more samples, and write report.html, figures and tables into REPORT
    #[arg(long, value_name = "REPORT")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// Write the pages of all commands into this folder instead
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct GasArguments {
    /// A gas of the library (H2, HD, D2, O2, N2, CO, CO2, H2O, NO, NH3, CH4, He, Ne, Ar, Kr, Xe), FILE.ron or FILE.ron:NAME
    pub(crate) gas: String,
    /// Temperatures [K]: one, a list 300,400, or FROM:TO:STEP
    #[arg(long, default_value = "298.15", allow_hyphen_values = true)]
    pub(crate) temperature: Temperatures,
    /// Pressures [Pa]: one, a list, FROM:TO (one a decade) or FROM:TO:N (N a decade)
    #[arg(long, default_value = "1e5", allow_hyphen_values = true)]
    pub(crate) pressure: Pressures,
    /// Chemical potentials [eV] of which the pressures are wanted: one, a list, or FROM:TO:STEP
    #[arg(long, allow_hyphen_values = true, conflicts_with = "pressure")]
    pub(crate) mu: Option<Range>,
    /// Energy E of the molecule without its zero point [eV]
    #[arg(long, default_value_t = 0.0, allow_hyphen_values = true, value_parser = number)]
    pub(crate) energy: f64,
    /// Diatomic molecules as classical rotor and harmonic vibration instead of the sum over their levels
    #[arg(long)]
    pub(crate) closed_form: bool,
    /// Where figures go [default: runs/gas-NAME; with --json none are drawn]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["file", "from"]))]
pub(crate) struct AiatArguments {
    /// A list of structures
    pub(crate) file: Option<PathBuf>,
    /// Directory of a run whose configurations are quenched
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Option<PathBuf>,
    /// Configurations of each composition that are quenched (with --from)
    #[arg(long, conflicts_with = "file", default_value_t = crate::workflow::aiat::QUENCHES as u32, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) quenches: u32,
    /// Further temperatures of the table of boundaries
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) temperature: Option<Temperatures>,
    /// Where figures and tables go [default: runs/aiat-<file's stem>, or the run's directory]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Print as JSON (from a list, nothing is drawn then unless -o is given)
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheArguments {
    /// A reaction
    pub(crate) file: PathBuf,
    /// Potentials of the table [V], beside 0, the limiting and the equilibrium one
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) potential: Option<Numbers>,
    /// pH of the table
    #[arg(long, allow_hyphen_values = true, value_parser = number)]
    pub(crate) ph: Option<f64>,
    /// What potentials refer to: she or rhe
    #[arg(long, value_parser = scale)]
    pub(crate) scale: Option<Scale>,
    /// Where figures go [default: runs/che-<file's stem>; with --json none are drawn]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Reads `she` or `rhe`.
fn scale(text: &str) -> Result<Scale, String> {
    match text.to_ascii_lowercase().as_str() {
        "she" => Ok(Scale::She),
        "rhe" => Ok(Scale::Rhe),
        _ => Err(format!("`{text}` is no scale; give she or rhe")),
    }
}

#[derive(Debug, Args)]
pub(crate) struct DriverArguments {
    /// The scene file, of which the potential is taken
    pub(crate) scene: PathBuf,
    /// Where the server listens: unix:NAME (/tmp/ipi_NAME), unix:/PATH or tcp:HOST:PORT [default: $ADLAYER_SOCKET]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) socket: Option<String>,
    /// How long to try to connect, e.g. 90s, 1h
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = walltime)]
    pub(crate) connect_timeout: Duration,
    /// Take up to this many configurations at once
    #[arg(long, value_name = "K", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(crate) batch: u32,
    /// Wait this long before every answer \[ms\]
    #[arg(long, value_name = "MS", hide = true, default_value = "0")]
    pub(crate) delay: f64,
    /// Do something wrong: dies, atoms, nan, garbage, half, huge, no-energy, slow=S, other-energy=E; @N from question N on, %N at every N-th
    #[arg(long, value_name = "KIND", hide = true, value_parser = planted)]
    pub(crate) fault: Option<Planted>,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// What a report of a problem should hold, to be pasted into it
    #[arg(long, conflicts_with = "json")]
    pub(crate) report: bool,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// What to verify: auto, cpu, gpu, gpu:NAME, gpu:NUMBER, gpu:all or reference, or several by commas
    #[arg(long, default_value = "auto")]
    pub(crate) device: DeviceChoice,
    /// Less than a minute instead of a few
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only this check, by the name that the table has; may be given several times
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(verify::names()))]
    pub(crate) check: Vec<String>,
    /// Where to archive the result as JSON [default: runs/verify-DEVICE-SECONDS.json]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// The scene file, with --answer one or several [default: the default scene]
    #[arg(value_name = "SCENE")]
    pub(crate) scenes: Vec<PathBuf>,
    /// Where to run: auto, cpu, gpu, gpu:NAME, gpu:NUMBER, gpu:all or reference, or several by commas
    #[arg(long, default_value = "auto")]
    pub(crate) device: DeviceChoice,
    /// Measurements of every part
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) repeats: u32,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 0.4)]
    pub(crate) seconds: f64,
    /// Leave out the tables over replicas and over N
    #[arg(long)]
    pub(crate) no_scaling: bool,
    /// Measure the error of boundaries, mean N and ln Xi over seeds, and how true the reported errors are
    #[arg(long)]
    pub(crate) answer: bool,
    /// Runs of every scene, with the scene's seed and those that follow
    #[arg(long, value_name = "N", requires = "answer", default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) seeds: u32,
    /// Runs at a time, each on one thread; with 1 a run has all threads
    #[arg(long, value_name = "N", requires = "answer", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: u16,
    /// Right values, as --make-reference has stored them [default: the mean over all runs]
    #[arg(long, value_name = "FILE", requires = "answer")]
    pub(crate) reference: Option<PathBuf>,
    /// Store the mean over the runs of one scene, which should be ten times as long, as a reference
    #[arg(long, value_name = "FILE", requires = "answer", conflicts_with = "reference")]
    pub(crate) make_reference: Option<PathBuf>,
    /// Production cycles N of every run, with N/3 (rounded up) of equilibration before them
    #[arg(long, value_name = "N", requires = "answer", allow_hyphen_values = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) cycles: Option<u32>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Reads a time such as `2h`, `1h30m`, `45s`.
fn walltime(text: &str) -> Result<Duration, String> {
    let remedy = || format!("`{text}` is no time; write e.g. 2h, 90m, 1h30m or 45s");
    let mut seconds = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(remedy)?;
        let number: u64 = rest[..end].parse().map_err(|_| remedy())?;
        let (unit, next) = rest[end..].split_at_checked(1).ok_or_else(remedy)?;
        let unit = match unit {
            "d" => 86_400,
            "h" => 3600,
            "m" => 60,
            "s" => 1,
            _ => return Err(remedy()),
        };
        seconds = number.checked_mul(unit).and_then(|s| s.checked_add(seconds)).ok_or_else(remedy)?;
        rest = next;
    }
    if seconds == 0 { Err(remedy()) } else { Ok(Duration::from_secs(seconds)) }
}

/// Reads a number of seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|s: f64| Duration::try_from_secs_f64(s).ok());
    seconds.ok_or_else(|| format!("`{text}` is no time; write a number of seconds, e.g. 60"))
}

/// Reads `+N`.
fn more_cycles(text: &str) -> Result<u32, String> {
    let number = text.strip_prefix('+').and_then(|n| n.parse().ok()).filter(|&n| n > 0);
    number.ok_or_else(|| format!("`{text}` is no number of further cycles; write e.g. +1000"))
}

/// A planted fault of a driver.
fn planted(text: &str) -> Result<Planted, String> {
    Planted::parse(text).ok_or_else(|| format!("`{text}` is no fault"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_is_sound() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn times_are_read() {
        assert_eq!(walltime("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(walltime("45s"), Ok(Duration::from_secs(45)));
        for bad in ["", "2", "h", "2x", "0s", "1h 3m", "2µ"] {
            assert!(walltime(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn seconds_and_further_cycles_are_read() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(more_cycles("+7"), Ok(7));
        assert!(["-1", "NaN", "1e300", ""].iter().all(|bad| seconds(bad).is_err()));
        assert!(["7", "+0", "+-1", "+", "+4294967296"].iter().all(|bad| more_cycles(bad).is_err()));
    }
}
