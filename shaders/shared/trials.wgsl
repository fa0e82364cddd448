// trials: ΔE of what a particle move tries, shared by the lanes that weigh it.   Twin: src/forces/pairwise.rs

const TRIAL_NONE = 0u;
const TRIAL_INSERT = 1u;
const TRIAL_DELETE = 2u;
const TRIAL_DISPLACE = 3u;
const TRIAL_IDENTITY = 4u;

struct Trial {
    kind: u32,
    species: u32,
    slot: u32,
    position: vec3<f32>,
}

var<workgroup> partial: array<f32, WORKGROUP>;

// The share of one lane of the pairs of one atom of `species` at `position` with all but the atom in slot `except`.
fn share_atom_energy(replica: u32, species: u32, position: vec3<f32>, except: u32, n: u32, lane: u32, n_lanes: u32) -> f32 {
    var energy = share_slab_energy(species, position, lane, n_lanes);
    let own_pair = pair_of(species, species);
    for (var j = lane; j < n; j += n_lanes) {
        let other = mobile_atom(replica, j);
        if j == except {
            continue;
        }
        if MIXED {
            energy += energy_between(position, other.xyz, pair_of(species, species_of(other)), false);
        } else {
            energy += energy_between(position, other.xyz, own_pair, false);
        }
    }
    if TRIPLETS {
        energy += share_triplet_energy(species, position, except, true, n, lane, n_lanes);
    }
    if lane == n_lanes - 1u {
        energy += table.species[species].self_image + external_force_energy(species, position).w;
    }
    return energy;
}

// Change of the tail correction when one atom of `species` comes (sign 1) or goes (sign −1).
fn tail_change(species: u32, sign: f32) -> f32 {
    if table.tail_correction == 0u {
        return 0.0;
    }
    var change = pair_of(species, species).tail;
    for (var s = 0u; s < table.n_species; s++) {
        change += 2.0 * sign * f32(atomicLoad(&n_total[s])) * pair_of(species, s).tail;
    }
    return change;
}

// Change of the tail correction when one atom of species `old` becomes one of `species`.
fn tail_change_of_identity(old: u32, species: u32) -> f32 {
    if table.tail_correction == 0u {
        return 0.0;
    }
    var change = pair_of(old, old).tail + pair_of(species, species).tail - 2.0 * pair_of(old, species).tail;
    for (var s = 0u; s < table.n_species; s++) {
        change += 2.0 * f32(atomicLoad(&n_total[s])) * (pair_of(species, s).tail - pair_of(old, s).tail);
    }
    return change;
}

// The share of one lane of ΔE of an atom that comes or goes.
fn share_exchange_energy(replica: u32, trial: Trial, n: u32, lane: u32, n_lanes: u32) -> f32 {
    if trial.kind == TRIAL_NONE {
        return 0.0;
    }
    let comes = trial.kind == TRIAL_INSERT;
    let sign = select(-1.0, 1.0, comes);
    let except = select(trial.slot, n, comes);
    var energy = sign * share_atom_energy(replica, trial.species, trial.position, except, n, lane, n_lanes);
    if lane == 0u {
        energy += tail_change(trial.species, sign);
    }
    return energy;
}

// The share of one lane of ΔE of an atom that moves or changes its species.
fn share_change_energy(replica: u32, trial: Trial, n: u32, lane: u32, n_lanes: u32) -> f32 {
    if trial.kind == TRIAL_NONE {
        return 0.0;
    }
    let old = mobile_atom(replica, trial.slot);
    var species = trial.species;
    var position = trial.position;
    var sign = 1.0;
    var energy = 0.0;
    for (var side = 0u; side < 2u; side++) {
        energy += sign * share_atom_energy(replica, species, position, trial.slot, n, lane, n_lanes);
        species = species_of(old);
        position = old.xyz;
        sign = -1.0;
    }
    if lane == 0u && trial.kind == TRIAL_IDENTITY {
        energy += tail_change_of_identity(species_of(old), trial.species);
    }
    return energy;
}

// The share of one lane of ΔE.
fn share_trial_energy(replica: u32, trial: Trial, n: u32, lane: u32, n_lanes: u32) -> f32 {
    if trial.kind == TRIAL_DISPLACE || trial.kind == TRIAL_IDENTITY {
        return share_change_energy(replica, trial, n, lane, n_lanes);
    }
    return share_exchange_energy(replica, trial, n, lane, n_lanes);
}

// Shares first..last in order. A barrier must stand before.
fn sum_shares(first: u32, last: u32) -> f32 {
    var sum = 0.0;
    for (var t = first; t < last; t++) {
        sum += partial[t];
    }
    return sum;
}
