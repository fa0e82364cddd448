//! Shader sources parse and validate, and their layouts and constants are those of the host. No GPU is needed.

use adlayer::testing::backend::gpu::layout::{
    AssignmentRecord, ExternalField, FAR, FrozenGroup, MAX_FIELDS_PER_SPECIES, MAX_GROUPS, MAX_SHIFTS, MAX_SPECIES,
    PairCoefficients, Params, ReplicaRecord, Reservoir, Species, StateRecord, SystemTable, TRIAL_DELETE,
    TRIAL_DISPLACE, TRIAL_IDENTITY, TRIAL_INSERT, TRIAL_NONE, TrialRecord, Voxels,
};
use adlayer::testing::backend::gpu::shaders::{Module, Product};
use adlayer::testing::base::rng::Stream;
use adlayer::testing::moves::MoveKind;
use adlayer::testing::potential::{LennardJones, OVERLAP_ENERGY, PairForm, SHADERS};
use adlayer::testing::system::bonds::{CANCELLED, STEEP};
use adlayer::testing::system::insertion::MAX_TRIALS;
use std::mem::{offset_of, size_of};

/// Every module with every functional form of the pairs.
fn sources() -> impl Iterator<Item = (Module, String)> {
    let of = |form| Product::ALL.map(|product| Module::ALL.map(|module| (module, module.source(form, product))));
    SHADERS.into_iter().flat_map(move |(_, form)| of(form)).flatten()
}

fn parse(module: Module, source: &str) -> naga::Module {
    naga::front::wgsl::parse_str(source).unwrap_or_else(|e| panic!("{}: {}", module.stem(), e.emit_to_string(source)))
}

#[test]
fn every_shader_parses_and_validates() {
    for (module, source) in sources() {
        let parsed = parse(module, &source);
        let mut validator =
            naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::all());
        if let Err(error) = validator.validate(&parsed) {
            panic!("{}: {}", module.stem(), error.emit_to_string(&source));
        }
    }
}

#[test]
fn every_shader_names_its_twin_or_its_host_file() {
    for (module, source) in sources() {
        for part in source.split("\n// ").filter(|p| p.contains("Twin: ")) {
            let path = part.split("Twin: ").nth(1).and_then(|p| p.split([' ', '\n']).next()).expect("a path");
            let path = if path.starts_with("src/") { path } else { "src" };
            assert!(crate::project::project().join(path).exists(), "{path}");
        }
        assert!(source.contains("Twin: "), "{}", module.stem());
    }
}

/// (name, offset) of the members of a struct, and its size.
fn shader_struct(module: &naga::Module, name: &str) -> (Vec<(String, u32)>, u32) {
    for (_, ty) in module.types.iter() {
        if let (Some(found), naga::TypeInner::Struct { members, span }) = (&ty.name, &ty.inner)
            && found == name
        {
            let members = members.iter().map(|m| (m.name.clone().unwrap_or_default(), m.offset)).collect();
            return (members, *span);
        }
    }
    panic!("no struct {name}")
}

macro_rules! assert_layout {
    ($module:expr, $rust:ident, [$($field:ident),* $(,)?]) => {
        let (members, size) = shader_struct($module, stringify!($rust));
        let ours = [$((stringify!($field), offset_of!($rust, $field) as u32)),*];
        assert_same_layout(stringify!($rust), &ours, size_of::<$rust>() as u32, &members, size);
    };
}

fn assert_same_layout(name: &str, ours: &[(&str, u32)], our_size: u32, theirs: &[(String, u32)], their_size: u32) {
    assert_eq!(our_size, their_size, "size of {name}");
    for (field, offset) in ours {
        let their = theirs.iter().find(|(n, _)| n == field).unwrap_or_else(|| panic!("{name}.{field} is missing"));
        assert_eq!(their.1, *offset, "{name}.{field}");
    }
}

#[test]
fn structs_have_the_same_offsets_on_both_sides() {
    let module = &parse(Module::ParticleMoves, &Module::ParticleMoves.source(LennardJones::SHADER, Product::Wide));
    assert_layout!(
        module,
        Params,
        [
            first_in_order,
            n_replicas,
            first_replica,
            steps,
            step_low,
            step_high,
            redraw,
            book,
            result_words,
            step,
            n_states,
            first_walker,
            log_words,
            fresh_log,
            round_keys
        ]
    );
    assert_layout!(module, PairCoefficients, [form, shift, slope, core_squared, r_cut_squared, tail]);
    assert_layout!(module, Species, [mass, inverse_mass, self_image, n_fields]);
    assert_layout!(module, ExternalField, [kind, strength, sigma, core, place]);
    assert_layout!(module, Reservoir, [species, max_atoms, z_lo, z_hi]);
    assert_layout!(module, FrozenGroup, [first, last, species, z_low, z_high]);
    assert_layout!(
        module,
        SystemTable,
        [
            lengths,
            lengths_low,
            inverse_lengths,
            walls,
            dynamics,
            grid,
            grid_origin,
            grid_scale,
            slab_bins,
            slab_scale,
            slab_cells,
            slab_edges,
            n_species,
            n_groups,
            n_reservoirs,
            tail_correction,
            pairs,
            species,
            fields,
            reservoirs,
            voxels,
            groups,
            shifts,
            shear,
            shear_edges,
            bonds,
            bond_shares,
            bond_shell,
            bond_range
        ]
    );
    assert_layout!(module, ReplicaRecord, [n, state, status, n_events]);
    assert_layout!(module, StateRecord, [beta, kt, temperature, window, bounds, weighted, ln_zv, weights]);
    assert_layout!(module, Voxels, [counts, repeats, per_length, to_length]);
    assert_layout!(module, TrialRecord, [kind, species, slot, position, velocity]);
    assert_layout!(module, AssignmentRecord, [state, scale]);
}

#[test]
#[should_panic(expected = "Species.mass")]
fn a_shifted_field_is_found() {
    assert_same_layout("Species", &[("mass", 4)], 16, &[("mass".into(), 0)], 16);
}

/// The literal behind `const NAME = …;`.
fn constant(source: &str, name: &str) -> f64 {
    let text = source
        .split(&format!("const {name} = "))
        .nth(1)
        .and_then(|rest| rest.split(';').next())
        .unwrap_or_else(|| panic!("no constant {name}"));
    text.trim_end_matches('u').parse().unwrap_or_else(|e| panic!("{name} = {text}: {e}"))
}

#[test]
fn constants_are_the_same_on_both_sides() {
    let source = Module::ParticleMoves.source(LennardJones::SHADER, Product::Wide);
    let pairs = [
        ("MAX_SPECIES", MAX_SPECIES as f64),
        ("MAX_FIELDS_PER_SPECIES", MAX_FIELDS_PER_SPECIES as f64),
        ("MAX_SHIFTS", MAX_SHIFTS as f64),
        ("MAX_GROUPS", MAX_GROUPS as f64),
        ("MAX_TRIALS", MAX_TRIALS as f64),
        ("OVERLAP_ENERGY", OVERLAP_ENERGY),
        ("FAR", f64::from(FAR)),
        ("CANCELLED", CANCELLED),
        ("STEEP", STEEP),
        ("TRIAL_NONE", f64::from(TRIAL_NONE)),
        ("TRIAL_INSERT", f64::from(TRIAL_INSERT)),
        ("TRIAL_DELETE", f64::from(TRIAL_DELETE)),
        ("TRIAL_DISPLACE", f64::from(TRIAL_DISPLACE)),
        ("TRIAL_IDENTITY", f64::from(TRIAL_IDENTITY)),
        ("MOVE_INSERT", MoveKind::INSERT.tally_index().expect("tallied") as f64),
        ("MOVE_DELETE", MoveKind::DELETE.tally_index().expect("tallied") as f64),
        ("MOVE_IDENTITY", MoveKind::Identity.tally_index().expect("tallied") as f64),
        ("N_KINDS", MoveKind::TALLIED.len() as f64),
        ("STREAM_THERMOSTAT", f64::from(Stream::Thermostat as u8)),
        ("STREAM_VELOCITY_REDRAW", f64::from(Stream::VelocityRedraw as u8)),
        ("STREAM_PARTICLE_MOVE", f64::from(Stream::ParticleMove as u8)),
        ("STREAM_INSERT_POSITION", f64::from(Stream::InsertPosition as u8)),
        ("STREAM_INSERT_VELOCITY", f64::from(Stream::InsertVelocity as u8)),
        ("STREAM_DISPLACEMENT", f64::from(Stream::Displacement as u8)),
        ("STREAM_DISPLACEMENT_ACCEPT", f64::from(Stream::DisplacementAccept as u8)),
        ("STREAM_IDENTITY", f64::from(Stream::Identity as u8)),
        ("STREAM_SEGMENT_VELOCITY", f64::from(Stream::SegmentVelocity as u8)),
        ("STREAM_SEGMENT_ACCEPT", f64::from(Stream::SegmentAccept as u8)),
    ];
    for (name, ours) in pairs {
        assert_eq!(constant(&source, name), ours, "{name}");
    }
}
