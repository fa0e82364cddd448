//! Maps over (μ, T): ⟨N⟩ and the energy fluctuation; curves where one axis has a single value.

use super::boundaries::{Boundaries, Ink};
use super::layers::Layers;
use super::sorption::Extent;
use super::{Drawing, Labels};
use crate::analysis::{Analysis, MapCell};
use crate::figures::pictures::plot::axis::Axis;
use crate::figures::pictures::plot::canvas::{BESIDE_ROOM, Canvas, Frame, Mark, Stroke, Tile, keep_colours};
use crate::figures::pictures::plot::legend::{self, Beside, Entry, Sign};
use crate::figures::pictures::plot::map_slice::{Across, Slice};
use crate::figures::pictures::plot::palette::{self, ColourScale, Steps};
use crate::figures::pictures::plot::{contours, of_temperature, text};
use crate::io::csv::{Table, number};
use kuva::plot::ColorMap;

/// Quantity of a map.
struct Quantity<'a> {
    /// Stem of the files.
    name: String,
    title: String,
    /// Label of the colour bar, with unit.
    label: String,
    /// Column of the CSV.
    column: String,
    caption: String,
    colours: ColorMap,
    /// Spread beyond which the colours are logarithmic.
    log_ratio: f64,
    /// Whether 0 stands in the middle of the colours.
    symmetric: bool,
    /// What contours are of, by name; none if absent.
    contours: Option<&'static str>,
    /// Layers that contours and colours go by.
    layers: Option<Layers>,
    /// The colours in another quantity.
    beside: Option<Beside>,
    value: Box<dyn Fn(&MapCell) -> f64 + 'a>,
}

/// ⟨N⟩ of species `s` over (μ, T), or against T where the map has one μ.
pub(crate) fn mean_n(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let slice = Slice::new(analysis, Across::Mu, s)?;
    let species = &analysis.grid.reservoirs[s].species;
    if slice.columns.len() == 1 && slice.rows.len() > 1 {
        return of_temperature::mean_n_of_temperature(analysis, labels, &slice);
    }
    let quantity = Quantity {
        name: format!("mean_n_{species}"),
        title: format!("Mean number of {species} atoms"),
        label: format!("⟨N⟩ of {species}"),
        column: format!("n_{species}"),
        caption: format!("⟨N⟩ of {species} per replica, reweighted by MBAR from all states."),
        colours: ColorMap::Viridis,
        log_ratio: f64::INFINITY,
        symmetric: false,
        contours: Some("⟨N⟩"),
        layers: Layers::of(analysis),
        beside: Extent::of(analysis, labels, s)
            .map(|extent| Beside { label: extent.label("⟨N⟩"), factor: 1.0 / extent.size }),
        value: Box::new(move |cell| cell.n.get(s).copied().unwrap_or(f64::NAN)),
    };
    map(analysis, labels, &slice, quantity)
}

/// Var E/(k_B T²) over (μ, T), or as a curve where an axis has a single value.
pub(crate) fn energy_fluctuation(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let slice = Slice::new(analysis, Across::Mu, s)?;
    let species = &analysis.grid.reservoirs[s].species;
    let several = analysis.grid.n_reservoirs() > 1;
    let name = if several { format!("energy_fluctuation_{species}") } else { "energy_fluctuation".into() };
    let label = format!("Var E / (k_B T²) [{}]", labels.heat_unit());
    let caption = "Fluctuation of the potential energy, Var E/(k_B T²), per replica. It is a heat capacity only at \
                   fixed activity; as a map it marks phase boundaries by its ridges."
        .to_owned();
    if !slice.is_plane() {
        let (title, column) = ("Energy fluctuation", "energy_fluctuation");
        let words = of_temperature::Words { name, title: title.into(), y_label: label, column: column.into(), caption };
        return of_temperature::along(analysis, labels, &slice, words, |cell| (cell.energy_fluctuation, f64::NAN));
    }
    let quantity = Quantity {
        name,
        title: "Energy fluctuation".into(),
        label,
        column: "energy_fluctuation".into(),
        caption,
        colours: ColorMap::Plasma,
        log_ratio: 30.0,
        symmetric: false,
        contours: None,
        layers: None,
        beside: None,
        value: Box::new(|cell| cell.energy_fluctuation),
    };
    map(analysis, labels, &slice, quantity)
}

/// ln Ξ = −Ω/kT over (μ, T), or as a curve where an axis has a single value.
pub(crate) fn ln_xi(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let slice = Slice::new(analysis, Across::Mu, s)?;
    let species = &analysis.grid.reservoirs[s].species;
    let several = analysis.grid.n_reservoirs() > 1;
    let name = if several { format!("ln_xi_{species}") } else { "ln_xi".into() };
    let zero = match analysis.ln_xi_is_absolute {
        true => "It is absolute: the bare surface is frozen.",
        false => "Its zero is the bare surface at each temperature, whose atoms move.",
    };
    let caption = format!("ln Ξ = −Ω/kT per replica, Ω the grand potential, from P(0) by MBAR. {zero}");
    let (title, label, column) = ("Logarithm of the grand partition function", "ln Ξ", "ln_xi");
    if !slice.is_plane() {
        let value = |cell: &MapCell| (cell.ln_xi, cell.ln_xi_err);
        let words =
            of_temperature::Words { name, title: title.into(), y_label: label.into(), column: column.into(), caption };
        return of_temperature::along(analysis, labels, &slice, words, value);
    }
    let quantity = Quantity {
        name,
        title: title.into(),
        label: label.into(),
        column: column.into(),
        caption,
        colours: ColorMap::Viridis,
        log_ratio: f64::INFINITY,
        symmetric: false,
        contours: None,
        layers: None,
        beside: None,
        value: Box::new(|cell| cell.ln_xi),
    };
    map(analysis, labels, &slice, quantity)
}

/// A difference of ⟨N⟩ over (μ, T), with 0 in the middle of the colours; `analysis` holds it in the place of ⟨N⟩.
pub(crate) fn difference(
    analysis: &Analysis,
    labels: &Labels,
    s: usize,
    name: String,
    title: &str,
    caption: &str,
) -> Option<Drawing> {
    let slice = Slice::new(analysis, Across::Mu, s)?;
    let species = &analysis.grid.reservoirs[s].species;
    let quantity = Quantity {
        name,
        title: title.to_owned(),
        label: format!("ΔN of {species}"),
        column: format!("difference_n_{species}"),
        caption: caption.to_owned(),
        colours: ColorMap::PurpleOrange,
        log_ratio: f64::INFINITY,
        symmetric: true,
        contours: None,
        layers: None,
        beside: None,
        value: Box::new(move |cell| cell.n.get(s).copied().unwrap_or(f64::NAN)),
    };
    map(analysis, labels, &slice, quantity)
}

/// Legend entry of masked cells.
fn masked_entry() -> Entry {
    Entry { sign: Sign::Box(palette::MASKED), label: "masked: too few samples".into() }
}

/// Tiles of a plane, neighbours of one colour in one row joined.
pub(crate) fn tiles(
    slice: &Slice<'_>,
    colour_of: impl Fn(&MapCell) -> Option<kuva::render::color::Color>,
) -> Vec<Tile> {
    let (x, y) = (slice.column_edges(), slice.row_edges());
    let mut tiles: Vec<Tile> = Vec::new();
    let mut last: Option<(usize, usize, String)> = None;
    for (row, column, cell) in slice.cells() {
        let Some(colour) = colour_of(cell) else { continue };
        let key = colour.to_svg_string();
        match (&last, tiles.last_mut()) {
            (Some((r, c, k)), Some(tile)) if *r == row && *c + 1 == column && *k == key => tile.x.1 = x[column + 1],
            _ => tiles.push(Tile { x: (x[column], x[column + 1]), y: (y[row], y[row + 1]), colour }),
        }
        last = Some((row, column, key));
    }
    tiles
}

fn map(analysis: &Analysis, labels: &Labels, slice: &Slice<'_>, quantity: Quantity<'_>) -> Option<Drawing> {
    if !slice.is_plane() {
        return None;
    }
    let value = &quantity.value;
    let values = slice.cells().map(|(_, _, cell)| value(cell));
    let mut scale = ColourScale::spanning(values, quantity.log_ratio, quantity.colours.clone())?;
    if quantity.symmetric {
        scale.hi = scale.lo.abs().max(scale.hi.abs());
        scale.lo = -scale.hi;
    }
    let contours = Contours::of(&quantity, &scale);
    if scale.steps == Steps::Linear && quantity.layers.is_some_and(|layers| layers.are_many(scale.hi)) {
        scale = scale.of_roots();
    }
    let boundaries = Boundaries::new(analysis, slice);
    let (whole, picture) = (slice, slice.for_picture());
    let slice = &picture;
    let ink = Ink { line: palette::PAPER, halo: Some(palette::INK) };
    let states = slice.states(analysis, labels);
    let masked = slice.cells().count() < slice.rows.len() * slice.columns.len();

    let signs = Signs { dots: !states.is_empty(), lines: boundaries.entries(&ink), masked };
    let entries = signs.entries(contours.entry().into_iter().collect());

    let frame = Frame {
        title: quantity.title.clone(),
        subtitle: slice.labelled(analysis, labels).title,
        x: slice.x_axis(labels.mu(analysis, slice.species)),
        y: slice.y_axis(labels.temperature()),
        right: legend::COLOUR_BAR_ROOM + if quantity.beside.is_some() { BESIDE_ROOM } else { 0.0 },
        bottom: legend::bottom_room(&entries),
    };
    let top = slice.secondary(analysis, labels, &frame.x);
    let mut canvas = Canvas::with_top(&quantity.name, frame, top);
    canvas.shows(slice);
    keep_colours(&mut canvas.scene);
    canvas.fill_area(palette::MASKED);
    canvas.tiles(&tiles(slice, |cell| Some(value(cell)).filter(|v| v.is_finite()).map(|v| scale.colour(v))));
    canvas.clip(&quantity.name);
    contours.draw(&mut canvas, slice, &scale, value);
    boundaries.draw(&mut canvas, &ink);
    canvas.unclip();
    dots(&mut canvas, &states);
    canvas.axes(false);
    legend::colour_bar(&mut canvas, &scale, &quantity.label);
    legend::marks_on_colour_bar(&mut canvas, &scale, &contours.levels);
    if let Some(beside) = &quantity.beside {
        legend::beside_colour_bar(&mut canvas, &scale, beside);
    }
    legend::bottom_legend(&mut canvas, &entries);

    let x_column = format!("mu_{}", analysis.grid.reservoirs[slice.species].species);
    let mut table = columns(&x_column, &quantity.column);
    for (row, column, cell) in slice.cells().filter(|(_, _, cell)| value(cell).is_finite()) {
        let empty = String::new;
        let (t, x) = (number(slice.rows[row]), number(slice.columns[column]));
        table.push(vec!["map".into(), t, x, number(value(cell)), empty(), empty(), empty()]);
    }
    tabulate_states(&states, &mut table);
    boundaries.tabulate(&mut table);

    let mut caption = quantity.caption + &signs.words("phase boundaries with standard errors");
    caption.push_str(&contours.words());
    if scale.steps == Steps::Root {
        caption.push_str(" Colours go by the square root of ⟨N⟩, so that the first layers are told apart beside many.");
    }
    caption.push_str(&slice.fixed_words(analysis, labels));
    caption.push_str(slice.thinned_words(whole));
    Some(Drawing { name: quantity.name, title: quantity.title, caption, canvas, table })
}

/// Contours of a map.
struct Contours {
    /// What they are of.
    name: &'static str,
    levels: Vec<f64>,
    /// The layers whose halves they are, if it is these.
    layers: Option<Layers>,
}

impl Contours {
    /// At half-full layers if these are known and two of them lie on the map, else at 1, 2, 5, 10, …; none on a logarithmic scale.
    fn of(quantity: &Quantity<'_>, scale: &ColourScale) -> Contours {
        let Some(name) = quantity.contours.filter(|_| scale.steps == Steps::Linear) else {
            return Contours { name: "", levels: Vec::new(), layers: None };
        };
        if let Some(layers) = quantity.layers {
            let levels = layers.half_full(scale.lo, scale.hi);
            if levels.len() > 1 {
                return Contours { name, levels, layers: Some(layers) };
            }
        }
        Contours { name, levels: contours::levels(scale.lo, scale.hi, 0), layers: None }
    }

    /// Their entry of the legend.
    fn entry(&self) -> Option<Entry> {
        let values: Vec<String> = self.levels.iter().map(|&level| text::short(level, 1)).collect();
        let what = if self.layers.is_some() { ": half-full layers" } else { "" };
        let label = format!("{} = {}{what}", self.name, values.join(", "));
        let sign = Sign::Line(Stroke::solid(palette::FAINT, contours::WIDTH), None);
        (!self.levels.is_empty()).then_some(Entry { sign, label })
    }

    /// Their sentence of the caption, with a space before it; empty if there are none.
    fn words(&self) -> String {
        match self.layers {
            _ if self.levels.is_empty() => String::new(),
            None => " Thin: contours, marked on the colour bar.".to_owned(),
            Some(layers) => format!(
                " Thin: contours where a layer is half full, marked on the colour bar; a full one holds {} atoms.",
                text::short(layers.full, 1)
            ),
        }
    }

    fn draw(&self, canvas: &mut Canvas, slice: &Slice<'_>, scale: &ColourScale, value: impl Fn(&MapCell) -> f64) {
        let at = |r: usize, c: usize| slice.cell(r, c).map_or(f64::NAN, &value);
        for &level in &self.levels {
            contours::draw(canvas, (&slice.columns, &slice.rows), at, level, &scale.line_on(level));
        }
    }
}

/// Signs that maps have in common, as legend and caption name them.
pub(crate) struct Signs {
    /// Whether there are dots of simulated states.
    pub(crate) dots: bool,
    /// Legend entries of the boundaries.
    pub(crate) lines: Vec<Entry>,
    /// Whether cells are masked.
    pub(crate) masked: bool,
}

impl Signs {
    /// The legend, after the entries of the map itself.
    pub(crate) fn entries(&self, mut own: Vec<Entry>) -> Vec<Entry> {
        own.extend(self.dots.then(dots_entry));
        own.extend(self.lines.iter().cloned());
        own.extend(self.masked.then(masked_entry));
        own
    }

    /// Sentences of the caption, each with a space before it.
    ///
    /// - `lines`: what the lines are, without the full stop
    pub(crate) fn words(&self, lines: &str) -> String {
        let mut words = String::new();
        if self.dots {
            words.push_str(" Dots: simulated states.");
        }
        if !self.lines.is_empty() {
            words.push_str(&format!(" Lines: {lines}."));
        }
        if self.masked {
            words.push_str(" Grey: masked, too few effective samples or N at its upper limit.");
        }
        words
    }
}

/// Rows of the simulated states in a table of [`columns`].
///
/// - `states`: (T, place on the x axis, index)
pub(crate) fn tabulate_states(states: &[(f64, f64, usize)], table: &mut Table) {
    for &(t, x, k) in states {
        let empty = String::new;
        table.push(vec!["state".into(), number(t), number(x), empty(), empty(), empty(), k.to_string()]);
    }
}

/// Simulated states as dots.
///
/// - `states`: (T, place on the x axis, index)
pub(crate) fn dots(canvas: &mut Canvas, states: &[(f64, f64, usize)]) {
    for &(t, x, _) in states {
        if within(&canvas.x, x) && within(&canvas.y, t) {
            canvas.mark(x, t, Mark::Disc, 2.4, palette::PAPER, (palette::INK, 0.9));
        }
    }
}

/// Legend entry of the dots.
fn dots_entry() -> Entry {
    let sign = Sign::Mark(Mark::Disc, 3.0, palette::PAPER, (palette::INK, 1.0));
    Entry { sign, label: "simulated state".into() }
}

fn within(axis: &Axis, value: f64) -> bool {
    axis.holds(axis.place(value))
}

/// Table of a map: cells, simulated states and boundary points, told apart by `layer`.
pub(crate) fn columns(x: &str, value: &str) -> Table {
    Table::new(["layer", "temperature", x, value, &format!("{x}_low"), &format!("{x}_high"), "label"])
}
