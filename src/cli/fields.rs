//! `adlayer fields`: the reference of scenes.

use super::args::FieldsArguments;
use crate::base::{Error, Result};
use crate::cli::stdout::write_stdout;
use crate::input::scene::reference::{FieldReference, SectionReference, reference};

pub(crate) fn fields(arguments: &FieldsArguments) -> Result<()> {
    let all = reference();
    let found: Vec<SectionReference> = match &arguments.word {
        None => all,
        Some(word) => {
            let found = matching(&all, word);
            if found.is_empty() {
                let problem = format!("no field and no variant of a scene is called `{word}`");
                return Err(Error::argument(problem, "adlayer fields lists them all"));
            }
            found
        }
    };
    let text = if arguments.json {
        serde_json::to_string_pretty(&found).map_err(|source| Error::Json { what: "the result", source })? + "\n"
    } else if arguments.markdown {
        page(&found)
    } else {
        found.iter().map(plain).collect()
    };
    write_stdout(&text)
}

/// Sections of this name, and the field of this name alone in every other; without a field or section of the name,
/// those that contain it.
fn matching(all: &[SectionReference], word: &str) -> Vec<SectionReference> {
    let word = word.to_lowercase();
    let exact = |name: &str| name.to_lowercase() == word;
    let part = |name: &str| name.to_lowercase().contains(&word);
    let select = |is: &dyn Fn(&str) -> bool| -> Vec<SectionReference> {
        let of = |s: &SectionReference| match is(&s.name) {
            true => Some(s.clone()),
            false => {
                let fields: Vec<FieldReference> = s.fields.iter().filter(|f| is(&f.name)).cloned().collect();
                (!fields.is_empty()).then(|| SectionReference { fields, ..s.clone() })
            }
        };
        all.iter().filter_map(of).collect()
    };
    let found = select(&exact);
    if found.is_empty() { select(&part) } else { found }
}

/// A section on a terminal.
fn plain(section: &SectionReference) -> String {
    let mut out = format!("{} ({}): {}\n", section.name, section.place, section.meaning);
    for f in &section.fields {
        let name = if f.name.is_empty() { "(value)" } else { &f.name };
        let unit = if f.unit.is_empty() { String::new() } else { format!(" [{}]", f.unit) };
        out.push_str(&format!("  {name}: {}{unit}\n      {}\n", f.kind, f.meaning));
        let default = f.default.as_ref().map_or_else(|| "must be given".to_owned(), |d| format!("default {d}"));
        let limits = if f.limits.is_empty() { String::new() } else { format!("; {}", f.limits) };
        let example = if f.name.is_empty() {
            format!("{}({})", section.name, f.example)
        } else {
            format!("{}: {}", f.name, f.example)
        };
        out.push_str(&format!("      {default}{limits}\n      e.g. {example}\n"));
    }
    out + "\n"
}

/// The page docs/fields.md.
fn page(all: &[SectionReference]) -> String {
    let mut out = String::from(
        "# Every field of a scene\n\n\
         Written by `adlayer fields --markdown`; a test holds this page to the program, and the program holds it to the grammar. \
         [scene.md](scene.md) explains what\nbelongs together; `adlayer fields WORD` shows one field or variant on a terminal.\n\n\
         Units are those of `units`: energy is ε or eV, length σ or Å, and so on. A field without a default must be given.\n",
    );
    for section in all {
        out.push_str(&format!("\n## {}\n\n`{}`: {}.\n", section.name, section.place, section.meaning));
        if section.fields.is_empty() {
            continue;
        }
        out.push_str("\n| field | type | unit | default | limits | meaning | example |\n| --- | --- | --- | --- | --- | --- | --- |\n");
        for f in &section.fields {
            let code =
                |text: &str| if text.is_empty() { String::new() } else { format!("`{}`", text.replace('|', "\\|")) };
            let name = if f.name.is_empty() { "the value".to_owned() } else { code(&f.name) };
            let example =
                if f.name.is_empty() { format!("{}({})", section.name, f.example) } else { f.example.clone() };
            let default = f.default.as_deref().unwrap_or("");
            let cells = [
                name,
                code(&f.kind),
                f.unit.clone(),
                default.to_owned(),
                f.limits.clone(),
                f.meaning.clone(),
                code(&example),
            ];
            out.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_finds_sections_and_single_fields() {
        let all = reference();
        let steele = matching(&all, "steele");
        assert_eq!((steele.len(), steele[0].fields.len()), (1, 5));
        let cutoffs = matching(&all, "cutoff");
        assert!(cutoffs.len() >= 3 && cutoffs.iter().all(|s| s.fields.len() == 1));
        assert_eq!(matching(&all, "neighb")[0].fields[0].name, "nearest_neighbour");
        assert!(matching(&all, "nothing").is_empty());
    }
}
