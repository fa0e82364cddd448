//! The scene of a checkpoint: its hash, and what has changed in it since.

use crate::input::scene::difference::Difference;
use crate::input::scene::grammar::Substrate;
use crate::input::scene::{self, CheckedScene};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

/// What a run was started with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SceneRecord {
    /// `scene.ron`, as read.
    pub text: String,
    /// `resolved.ron`.
    pub resolved: String,
    /// Hash of the slab's atoms, and of the potential's tables.
    pub slab: [u8; 16],
    /// Hash of the initial atoms that have fixed places.
    pub placed: [u8; 16],
    /// Production cycles before they were last extended.
    pub production_before: Option<u32>,
}

impl SceneRecord {
    /// The record of a scene.
    pub fn of(loaded: &CheckedScene, text: &str) -> SceneRecord {
        SceneRecord {
            text: text.to_owned(),
            resolved: scene::resolved(loaded),
            slab: hash_of_slab(loaded),
            placed: hash_of_placed(loaded),
            production_before: None,
        }
    }

    /// One hash of it all.
    pub fn hash(&self) -> [u8; 16] {
        let parts: [&[u8]; 4] = [self.text.as_bytes(), self.resolved.as_bytes(), &self.slab, &self.placed];
        let mut hasher = Xxh3Default::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.digest128().to_le_bytes()
    }

    /// What differs in the files of a run directory; `None` if it is the same scene.
    ///
    /// - `loaded`: `resolved.ron` as it is now
    /// - `text`: `scene.ron` as it is now, if it is there
    pub fn change(&self, loaded: &CheckedScene, text: Option<&str>) -> Option<String> {
        if let Some(field) = changed_field(&self.resolved, &loaded.text) {
            let extended =
                field == "schedule.production" && self.production_before == Some(loaded.scene.schedule.production);
            if !extended {
                return Some(format!("`{field}` of resolved.ron"));
            }
        }
        if let Some(field) = text.and_then(|text| changed_field(&self.text, text)) {
            return Some(format!("`{field}` of scene.ron"));
        }
        if hash_of_slab(loaded) != self.slab {
            return Some(format!("the file of {}", files_of(loaded)));
        }
        (hash_of_placed(loaded) != self.placed).then(|| "a file of `initial`".to_owned())
    }
}

/// The first field in which two scenes differ; comments and spacing are no difference.
fn changed_field(then: &str, now: &str) -> Option<String> {
    if then == now {
        return None;
    }
    match (scene::tree(then), scene::tree(now)) {
        (Some(a), Some(b)) => Difference::first(&a, &b).map(|difference| difference.field),
        _ => Some("Scene".to_owned()),
    }
}

/// Slab and tables share a hash: most scenes have no tables, and keep theirs.
fn hash_of_slab(loaded: &CheckedScene) -> [u8; 16] {
    let mut bytes = Vec::new();
    for atom in &loaded.slab.atoms {
        atom.position.to_array().iter().for_each(|x| bytes.extend_from_slice(&x.to_bits().to_le_bytes()));
        bytes.extend_from_slice(&(atom.species as u64).to_le_bytes());
        bytes.push(u8::from(atom.mobile));
    }
    loaded.pairs.tabulated().for_each(|x| bytes.extend_from_slice(&x.to_bits().to_le_bytes()));
    xxh3_128(&bytes).to_le_bytes()
}

/// What of a scene takes its hash from a file: slab, potential, or both.
fn files_of(loaded: &CheckedScene) -> String {
    let potential = loaded.pairs.tabulated().next().map(|_| "`potential`");
    let substrate = potential.is_none() || matches!(loaded.scene.substrate, Some(Substrate::File { .. }));
    let names: Vec<&str> = substrate.then_some("`substrate`").into_iter().chain(potential).collect();
    names.join(" or ")
}

fn hash_of_placed(loaded: &CheckedScene) -> [u8; 16] {
    let mut bytes = Vec::new();
    for positions in &loaded.placed {
        bytes.extend_from_slice(&(positions.len() as u64).to_le_bytes());
        positions.iter().flat_map(|p| p.to_array()).for_each(|x| bytes.extend_from_slice(&x.to_bits().to_le_bytes()));
    }
    xxh3_128(&bytes).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../../../scenes/lj_surface.ron");

    #[test]
    fn a_change_is_named_by_its_field() {
        for (from, to, field) in [
            ("friction: 1.0", "friction: 2.0", "dynamics.Baoab.friction"),
            ("cutoff: 2.5", "cutoff: 2.4", "potential.LennardJones.cutoff"),
            ("insert_delete: 100", "insert_delete: 99", "moves.insert_delete"),
            ("0.24, 0.30", "0.25, 0.30", "grid.temperature.List[0]"),
        ] {
            let changed = TEXT.replacen(from, to, 1);
            assert_ne!(changed, TEXT, "{from}");
            assert_eq!(changed_field(TEXT, &changed).as_deref(), Some(field));
        }
    }

    #[test]
    fn comments_are_no_change_and_nonsense_is() {
        assert_eq!(changed_field(TEXT, &format!("// a remark\n{TEXT}")), None);
        assert_eq!(changed_field(TEXT, "Scene(").as_deref(), Some("Scene"));
    }
}
