//! Parts of a page that several sections and pages share: its head, sentences, and figures with their captions.

use crate::figures::Figure;
use maud::{Markup, PreEscaped, html};

/// The style of every page.
pub(crate) const STYLE: &str = include_str!("style.css");

/// The head of a page that loads nothing from elsewhere.
pub(crate) fn head(title: &str, styles: &[&str]) -> Markup {
    head_with(title, styles, &html! {})
}

/// The same with further elements.
pub(crate) fn head_with(title: &str, styles: &[&str], further: &Markup) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            (further)
            title { (title) " · adlayer" }
            style { @for style in styles { (PreEscaped(style)) } }
        }
    }
}

/// A sentence; text between backticks becomes code, and `k_B` has a subscript.
pub(crate) fn words(sentence: &str) -> Markup {
    html! {
        @for (i, part) in sentence.split('`').enumerate() {
            @if i % 2 == 1 { code { (part) } } @else { (subscripts(part)) }
        }
    }
}

/// A figure with its number, title and caption, and links to its files.
pub(crate) fn show(number: usize, figure: &Figure) -> Markup {
    let svg = inline(figure);
    html! {
        figure id=(figure.name) {
            div.picture { (PreEscaped(svg)) }
            figcaption {
                strong { "Figure " (number) ". " (figure.title) "." } " " (words(&figure.caption)) " "
                span.links {
                    @for ext in ["svg", "png", "csv"] {
                        a href=(format!("figures/{}.{ext}", figure.name)) { (ext.to_uppercase()) }
                    }
                }
            }
        }
    }
}

/// The picture as part of a page: without namespace, and with a name for screen readers.
pub(crate) fn inline(figure: &Figure) -> String {
    let name = html! { (figure.title) }.into_string().replace('"', "&quot;");
    figure.svg.replacen(r#" xmlns="http://www.w3.org/2000/svg""#, "", 1).replacen(
        "<svg ",
        &format!(r#"<svg role="img" aria-label="{name}" "#),
        1,
    )
}

/// Turns `k_B` into a subscript.
pub(crate) fn subscripts(label: &str) -> Markup {
    html! { @for (i, part) in label.split("k_B").enumerate() { @if i > 0 { "k" sub { "B" } } (part) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_enclose_code() {
        assert_eq!(words("put `walkers: 2` in").into_string(), "put <code>walkers: 2</code> in");
        assert_eq!(words("μ < 1 in k_B").into_string(), "μ &lt; 1 in k<sub>B</sub>");
    }
}
