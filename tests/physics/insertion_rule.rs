//! The rules of insertion from a table on an enumerated model: detailed balance for any density, number of trial
//! positions and region, and none of the wrong forms.
//!
//! Up to four atoms on six sites with energies of their own and between pairs; a site stands for a volume element. Every
//! trial position, choice and victim is enumerated, and the production rules give the acceptance.

use crate::say::say;
use adlayer::testing::base::rng::{Rng, Stream};
use adlayer::testing::thermo::acceptance::{choose_trial, delete_ln_acc, insert_ln_acc, probability, trials_ln_volume};

const SITES: usize = 6;
const MOST_ATOMS: usize = 4;
/// Volume of a site.
const VOLUME: f64 = 0.7;
const BETA: f64 = 1.3;
const ACTIVITY: f64 = 0.6;

/// Wrong forms that the test must tell from the right one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
    Right,
    PLeftOut,
    NForNIn,
    VictimLeftOut,
}

/// Energies of the sites and of pairs of them; configurations are sets of sites, as bits.
struct Model {
    site: [f64; SITES],
    pair: [[f64; SITES]; SITES],
}

impl Model {
    fn new() -> Model {
        let rng = Rng::new(4);
        let number = |k: usize| rng.gaussians(Stream::InitialPosition, k as u64, 0, 0).x;
        let mut pair = [[0.0; SITES]; SITES];
        for i in 0..SITES {
            for j in 0..i {
                pair[i][j] = 0.8 * number(10 + 6 * i + j);
                pair[j][i] = pair[i][j];
            }
        }
        Model { site: std::array::from_fn(|i| -1.0 + 1.5 * number(i)), pair }
    }

    fn energy(&self, x: usize) -> f64 {
        let with = |i: usize| (0..i).filter(|&j| x >> j & 1 == 1).map(|j| self.pair[i][j]).sum::<f64>();
        (0..SITES).filter(|&i| x >> i & 1 == 1).map(|i| self.site[i] + with(i)).sum()
    }

    /// Energy of an atom at a site with the atoms of `x`; that of an overlap where there is one.
    fn atom(&self, x: usize, site: usize) -> f64 {
        if x >> site & 1 == 1 { 1e30 } else { self.energy(x | 1 << site) - self.energy(x) }
    }

    /// Probability of every configuration.
    fn target(&self) -> Vec<f64> {
        let weight = |x: usize| {
            let n = x.count_ones() as i32;
            if n as usize > MOST_ATOMS { 0.0 } else { (ACTIVITY * VOLUME).powi(n) * (-BETA * self.energy(x)).exp() }
        };
        let sum: f64 = (0..1 << SITES).map(weight).sum();
        (0..1 << SITES).map(|x| weight(x) / sum).collect()
    }

    /// Largest asymmetry |π_a P_ab − π_b P_ba| of the flux.
    ///
    /// - `p`: `[SITES]`, probability that a trial position is this site; 0 outside the region
    fn asymmetry(&self, p: &[f64; SITES], k: usize, rule: Rule) -> f64 {
        let (pi, n_configurations) = (self.target(), 1 << SITES);
        let region: Vec<usize> = (0..SITES).filter(|&i| p[i] > 0.0).collect();
        let mut flux = vec![0.0; n_configurations * n_configurations];
        for x in (0..n_configurations).filter(|&x| pi[x] > 0.0) {
            for (y, probability) in self.insertions(p, &region, k, x, rule) {
                flux[x * n_configurations + y] += pi[x] * probability;
            }
            for (y, probability) in self.deletions(p, &region, k, x, rule) {
                flux[x * n_configurations + y] += pi[x] * probability;
            }
        }
        let turned = |a: usize, b: usize| flux[a * n_configurations + b] - flux[b * n_configurations + a];
        (0..n_configurations)
            .flat_map(|a| (0..a).map(move |b| (a, b)))
            .map(|(a, b)| turned(a, b).abs())
            .fold(0.0, f64::max)
    }

    /// Configurations that an insertion leads to, with their probabilities.
    fn insertions(&self, p: &[f64; SITES], region: &[usize], k: usize, x: usize, rule: Rule) -> Vec<(usize, f64)> {
        let n = x.count_ones() as usize;
        let mut reached = Vec::new();
        if n >= MOST_ATOMS {
            return reached;
        }
        for sites in tuples(region, k) {
            let drawn = 0.5 * sites.iter().map(|&i| p[i]).product::<f64>();
            let ln_volumes: Vec<f64> = sites.iter().map(|&i| ln_volume(p, region, i, rule)).collect();
            let ln_w: Vec<f64> = sites.iter().zip(&ln_volumes).map(|(&i, v)| v - BETA * self.atom(x, i)).collect();
            let sum: f64 = ln_w.iter().map(|w| w.exp()).sum();
            for (j, &site) in sites.iter().enumerate().filter(|&(_, &site)| x >> site & 1 == 0) {
                let chosen = ln_w[j].exp() / sum;
                let before: f64 = ln_w[..j].iter().map(|w| w.exp()).sum();
                assert_eq!(choose_trial(&ln_w, (before + 0.5 * ln_w[j].exp()) / sum), j);
                let ln_volume = trials_ln_volume(&ln_w, ln_w[j], ln_volumes[j]);
                let inside = self.inside(x, region, rule);
                let ln_acc = insert_ln_acc(ACTIVITY.ln(), ln_volume, inside, BETA * self.atom(x, site));
                reached.push((x | 1 << site, drawn * chosen * probability(ln_acc)));
            }
        }
        reached
    }

    /// Configurations that a deletion leads to, with their probabilities.
    fn deletions(&self, p: &[f64; SITES], region: &[usize], k: usize, x: usize, rule: Rule) -> Vec<(usize, f64)> {
        let mut reached = Vec::new();
        let victims: Vec<usize> = region.iter().copied().filter(|&i| x >> i & 1 == 1).collect();
        for &victim in &victims {
            let without = x & !(1 << victim);
            for fresh in tuples(region, k - 1) {
                let drawn = 0.5 / victims.len() as f64 * fresh.iter().map(|&i| p[i]).product::<f64>();
                let sites: Vec<usize> = std::iter::once(victim).chain(fresh).collect();
                let ln_w: Vec<f64> =
                    sites.iter().map(|&i| ln_volume(p, region, i, rule) - BETA * self.atom(without, i)).collect();
                let weighed = if rule == Rule::VictimLeftOut && k > 1 { &ln_w[1..] } else { &ln_w };
                let ln_volume = trials_ln_volume(weighed, ln_w[0], ln_volume(p, region, victim, rule));
                let inside = self.inside(x, region, rule);
                let ln_acc = delete_ln_acc(ACTIVITY.ln(), ln_volume, inside, -BETA * self.atom(without, victim));
                reached.push((without, drawn * probability(ln_acc)));
            }
        }
        reached
    }

    fn inside(&self, x: usize, region: &[usize], rule: Rule) -> usize {
        match rule {
            Rule::NForNIn => x.count_ones() as usize,
            _ => region.iter().filter(|&&i| x >> i & 1 == 1).count(),
        }
    }
}

/// −ln p of a site as a density.
fn ln_volume(p: &[f64; SITES], region: &[usize], site: usize, rule: Rule) -> f64 {
    match rule {
        Rule::PLeftOut => (VOLUME * region.len() as f64).ln(),
        _ => (VOLUME / p[site]).ln(),
    }
}

/// All ordered choices of `k` sites.
fn tuples(region: &[usize], k: usize) -> Vec<Vec<usize>> {
    (0..k).fold(vec![Vec::new()], |all, _| {
        let longer = |t: Vec<usize>| region.iter().map(move |&i| [&t[..], &[i]].concat());
        all.into_iter().flat_map(longer).collect()
    })
}

/// Densities: uniform and biased, everywhere and in a region of four sites.
fn densities(model: &Model) -> Vec<(&'static str, [f64; SITES])> {
    let mut all = Vec::new();
    for (name, weight, region) in [
        ("uniform", 0.0, &[0, 1, 2, 3, 4, 5][..]),
        ("biased", 0.7, &[0, 1, 2, 3, 4, 5]),
        ("uniform in a region", 0.0, &[0, 1, 2, 4]),
        ("biased in a region", 0.9, &[0, 1, 2, 4]),
    ] {
        let sum: f64 = region.iter().map(|&i| (-0.8 * model.site[i]).exp()).sum();
        let of = |i: usize| weight * (-0.8 * model.site[i]).exp() / sum + (1.0 - weight) / region.len() as f64;
        all.push((name, std::array::from_fn(|i| if region.contains(&i) { of(i) } else { 0.0 })));
    }
    all
}

#[test]
fn every_density_and_number_of_trials_is_balanced() {
    let model = Model::new();
    for (name, p) in densities(&model) {
        for k in 1..=3 {
            let asymmetry = model.asymmetry(&p, k, Rule::Right);
            say(&format!("{name}, k = {k}: asymmetry {asymmetry:.1e}"));
            assert!(asymmetry <= 1e-15, "{name}, k = {k}: {asymmetry:e}");
        }
    }
}

#[test]
fn wrong_forms_are_not_balanced() {
    let model = Model::new();
    for (name, p) in densities(&model) {
        let (biased, in_a_region) = (name.starts_with("biased"), name.ends_with("region"));
        for k in 1..=3 {
            let mut wrong = Vec::new();
            wrong.extend(biased.then_some(Rule::PLeftOut));
            wrong.extend(in_a_region.then_some(Rule::NForNIn));
            wrong.extend((k > 1).then_some(Rule::VictimLeftOut));
            for rule in wrong {
                let asymmetry = model.asymmetry(&p, k, rule);
                say(&format!("{name}, k = {k}, {rule:?}: asymmetry {asymmetry:.1e}"));
                assert!(asymmetry >= 1e-4, "{name}, k = {k}: {rule:?} passes with {asymmetry:e}");
            }
        }
    }
}
