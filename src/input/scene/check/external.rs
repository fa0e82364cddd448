//! Programs outside that compute the forces.

use super::positive;
use crate::base::Result;
use crate::base::elements::covalent_radius;
use crate::base::units::Units;
use crate::forces::external::spec::{ClientSpec, ExternalSpec, SlabReference, SocketSpec, SpeciesReference};
use crate::forces::external::template::only_file;
use crate::input::beside;
use crate::input::scene::grammar::{Balance, Insertion, Potential, Scene};
use crate::input::source::{Source, ensure};
use crate::thermochemistry::Gas;
use std::path::Path;

/// What a command says for the one file of its template.
const INPUT: &str = "{input}";
/// Most clients of one run.
const MOST_CLIENTS: usize = 512;
/// Longest wait that can be given \[s\].
const LONGEST: f64 = 1e7;
/// Radius that is taken for an unknown symbol \[Å\].
const UNKNOWN_RADIUS: f64 = 1.5;

/// Part of a bond above which a core cuts into what is sampled.
const MOST_OF_A_BOND: f64 = 0.9;

/// Checks what a scene says of programs outside.
pub(crate) fn external(source: &Source, scene: &Scene) -> Result<()> {
    let Some(spec) = scene.potential.external() else { return Ok(()) };
    for (i, client) in spec.clients.iter().enumerate() {
        program(source, &format!("potential.clients[{i}]"), client)?;
    }
    let n = spec.n_clients();
    let help = format!("start at most {MOST_CLIENTS}");
    ensure!(source, n <= MOST_CLIENTS, "potential.clients", format!("there are {n} clients"), help);
    ensure!(
        source,
        !spec.clients.is_empty() || spec.socket.is_some(),
        "potential.socket",
        "`clients` is empty, and no `socket` says where to wait for those that somebody else starts",
        "give `socket: Unix(\"name\")`, or a command in `clients`",
    );
    let templates = spec.clients.iter().filter(|c| c.template.is_some()).count();
    ensure!(
        source,
        templates == 0 || templates == spec.clients.len(),
        "potential.clients",
        "some of `clients` have a `template` and others have none",
        "give all of them one, or none: one configuration may be asked of any client",
    );
    match &spec.socket {
        Some(SocketSpec::Unix(name)) => ensure!(
            source,
            !name.is_empty() && (name.starts_with('/') || !name.contains('/')) && !name.contains(char::is_whitespace),
            "potential.socket",
            format!("`{name}` cannot name a UNIX socket"),
            "give a plain name, which becomes /tmp/ipi_NAME, or an absolute path",
        ),
        Some(SocketSpec::Tcp(host, _)) => {
            ensure!(source, !host.is_empty(), "potential.socket", "the host is empty", "give \"127.0.0.1\"");
        }
        None => {}
    }
    for (path, seconds) in [("potential.connect_timeout", spec.connect_timeout), ("potential.timeout", spec.timeout)] {
        positive(source, path, seconds)?;
        ensure!(source, seconds <= LONGEST, path, format!("{seconds} s are {} days", seconds / 86_400.0), "give less");
    }
    if let Some(core) = spec.core {
        super::not_negative(source, "potential.core", core)?;
    }
    if let Some(vacuum) = spec.vacuum {
        super::not_negative(source, "potential.vacuum", vacuum)?;
    }
    ensure!(
        source,
        scene.external.is_empty(),
        "external",
        "`external` fields beside an `External` potential, which knows nothing of them",
        "leave `external` out; what acts on the atoms is the client's",
    );
    ensure!(
        source,
        !matches!(scene.moves.insertion, Insertion::Biased { .. }),
        "moves.insertion",
        "`Biased` insertion asks for the energy of an atom at thousands of places, each of which a client would compute",
        "leave `insertion` out, or give `Bonds`, which asks for nothing",
    );
    ensure!(
        source,
        scene.balance == Balance::Fixed,
        "balance",
        "`balance` is Auto, which counts energies of one atom, and clients are asked about whole configurations",
        "leave `balance` out; a step and an attempt cost an answer each",
    );
    reference(source, scene, spec)
}

/// Puts the command of every template beside it, with the name of its input file, and one that stands alone into `clients`.
///
/// - `scene_path`: folders are relative to its own
pub(crate) fn templates(source: &Source, scene: &mut Scene, scene_path: &Path) -> Result<()> {
    let Potential::External(spec) = &mut scene.potential else { return Ok(()) };
    let n_listed = spec.clients.len();
    spec.clients.extend(spec.template.take().map(|t| ClientSpec {
        command: String::new(),
        count: 1,
        template: Some(t),
    }));
    for (i, client) in spec.clients.iter_mut().enumerate() {
        let path = if i < n_listed { format!("potential.clients[{i}]") } else { "potential".to_owned() };
        let inside = client.template.as_mut().and_then(|t| t.command.take());
        ensure!(
            source,
            inside.is_none() || client.command.is_empty(),
            format!("{path}.template.command"),
            "`command` is given twice, in `template` and beside it",
            "keep one of them",
        );
        let is_given = inside.is_some() || source.has(&format!("{path}.command"));
        client.command = inside.unwrap_or_else(|| std::mem::take(&mut client.command));
        ensure!(
            source,
            !client.command.is_empty() || is_given,
            path.clone(),
            "field `command` of the client is missing",
            "add `command: …`, here or in `template: (folder: …, command: …)`",
        );
        if !client.command.contains(INPUT) {
            continue;
        }
        let Some(template) = &client.template else {
            let message = "`{input}` is the file of a `template`, and there is none";
            return Err(source.error(
                &format!("{path}.command"),
                message,
                "name the file, or the folder in `template`",
            ));
        };
        let file = only_file(&beside(scene_path, &template.folder));
        let file = file.map_err(|(problem, help)| source.error(&format!("{path}.template"), problem, help))?;
        client.command = client.command.replace(INPUT, &file);
    }
    Ok(())
}

fn program(source: &Source, path: &str, client: &ClientSpec) -> Result<()> {
    let empty = client.command.trim().is_empty();
    ensure!(source, !empty, format!("{path}.command"), "`command` is empty", "give a program with its arguments");
    super::at_least_one(source, &format!("{path}.count"), client.count)
}

/// Checks the zero of energy.
fn reference(source: &Source, scene: &Scene, spec: &ExternalSpec) -> Result<()> {
    let Some(reference) = &spec.reference else { return Ok(()) };
    for (i, (name, _)) in reference.species.iter().enumerate() {
        let path = format!("potential.reference.species[{i}]");
        super::species::known(source, scene, &path, name)?;
        let twice = reference.species[..i].iter().any(|(other, _)| other == name);
        ensure!(source, !twice, path, format!("species `{name}` is given twice"), "keep one of them");
    }
    if let Some(computed) = &reference.computed {
        let (n, found) = (scene.species.len(), computed.species.len());
        let path = "potential.reference.computed";
        ensure!(source, n == found, path, format!("it has {found} species and the scene {n}"), "leave `computed` out");
    }
    Ok(())
}

/// Refuses an energy of the slab that is given where only that of the clients can be right.
///
/// - `mobile`: mobile atoms of the slab
pub(crate) fn slab(source: &Source, scene: &Scene, mobile: usize) -> Result<()> {
    let reference = scene.potential.external().and_then(|e| e.reference.as_ref());
    let given = reference.is_some_and(|r| matches!(r.slab, SlabReference::Given(_)));
    ensure!(
        source,
        !given || mobile > 0,
        "potential.reference.slab",
        "the energy of a slab without mobile atoms is the zero of all others, and is given",
        "say `slab: Compute`",
    );
    Ok(())
}

/// The gas of a reservoir against the zero of energy of the clients: with a molecule as reference, the molecule at rest is
/// the zero, so that μ counts from there and no energy of dissociation enters.
///
/// - `path`: of the convention
///
/// # Errors
/// Where the two cannot be consistent, with the remedy.
pub(crate) fn gas(source: &Source, scene: &Scene, path: &str, species: &str, mut gas: Gas, atoms: u32) -> Result<Gas> {
    let Some(spec) = scene.potential.external() else { return Ok(gas) };
    let name = gas.name.clone();
    let wanted = if atoms == 2 { SpeciesReference::HalfMolecule } else { SpeciesReference::Atom };
    let zero = spec.reference_of(species);
    ensure!(
        source,
        atoms <= 2,
        path,
        format!("`{name}` has {atoms} atoms, and its energy cannot be had from the clients"),
        "take a gas of one or two atoms, or `Absolute` with μ from the energy of the molecule",
    );
    ensure!(
        source,
        zero == Some(wanted),
        path,
        match zero {
            None => format!("`Gas(\"{name}\")` without the energy of `{species}` in that gas, as the clients have it"),
            Some(zero) =>
                format!("`Gas(\"{name}\")` beside the zero `{zero:?}` of `{species}`: no client gives its D₀"),
        },
        format!("add `reference: (slab: Compute, species: [(\"{species}\", {wanted:?})])` to `potential`"),
    );
    if atoms == 2 {
        let zero_point = gas.zero_point_energy();
        ensure!(
            source,
            zero_point > 0.0,
            path,
            format!("the zero-point energy of `{name}` is not known, and energies count from the molecule at rest"),
            "take a gas with spectroscopic constants",
        );
        // E = 0 for the molecule at rest: −D₀ becomes the zero-point energy.
        gas.dissociation = Some(-zero_point);
    }
    Ok(gas)
}

/// Refuses a core that leaves no room for two atoms, and doubts one that is as long as a bond; the cell is known.
pub(crate) fn core(source: &Source, scene: &Scene, warnings: &mut Vec<String>) -> Result<()> {
    let Some(core) = scene.potential.external().and_then(|spec| spec.core) else { return Ok(()) };
    let cell = scene.cell();
    let half = 0.5 * cell.shortest_period();
    ensure!(
        source,
        core <= half,
        "potential.core",
        format!(
            "`core` is {core}, more than half the shortest period, {half:.6}: atoms nearer than that are never asked about"
        ),
        "give the distance below which nothing but an overlap is found, far below a bond",
    );
    let n = scene.species.len();
    let pairs = (0..n).flat_map(|a| (a..n).map(move |b| (a, b)));
    let closest = pairs.map(|(a, b)| (contact(scene, a, b), a, b)).min_by(|x, y| x.0.total_cmp(&y.0));
    if let Some((bond, a, b)) = closest.filter(|(bond, ..)| core > MOST_OF_A_BOND * bond) {
        let [a, b] = [a, b].map(|s| &scene.species[s].name);
        warnings.push(format!(
            "`core` is {core}: every trial with two atoms nearer than that is rejected without asking, and atoms of {a} and {b} touch \
             at about {bond:.2}; what lies nearer is missing from all averages"
        ));
    }
    Ok(())
}

/// Doubts about an address that others can reach.
pub(crate) fn doubts(scene: &Scene, warnings: &mut Vec<String>) {
    let Some(ExternalSpec { socket: Some(SocketSpec::Tcp(host, port)), .. }) = scene.potential.external() else {
        return;
    };
    if !["localhost", "::1"].contains(&host.as_str()) && !host.starts_with("127.") {
        warnings.push(format!(
            "`socket` listens at {host}, port {port}: i-PI knows no authentication, so that whoever reaches it can give \
             forces; use a network of your own, or a tunnel"
        ));
    }
}

/// Distance of two atoms that touch, for observables, starts and molecules. \[length\]
pub(crate) fn contact(scene: &Scene, a: usize, b: usize) -> f64 {
    let radius = |s: usize| covalent_radius(&scene.species[s].symbol).unwrap_or(UNKNOWN_RADIUS);
    match scene.units {
        Units::Metal => radius(a) + radius(b),
        Units::Lj => 1.0,
    }
}
