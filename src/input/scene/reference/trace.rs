//! The fields of a grammar, found by reading it with a deserialiser that writes down what it is asked for.

use crate::input::parse::options;
use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use std::fmt;

/// A field as the grammar has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Traced {
    /// The structure or the variant it belongs to, e.g. `Scene`, `Substrate::Fcc111`.
    pub(crate) owner: String,
    /// Its name; empty for a variant itself, `0`, `1`, … for values that have none.
    pub(crate) name: String,
    /// What it holds, e.g. `number`, `[Pair]`, `(number, number)`.
    pub(crate) kind: String,
    /// Whether it may be left out.
    pub(crate) optional: bool,
    /// The round of variants in which it was met.
    chosen: usize,
}

/// Rounds of variants. The number of a round says which variant is taken of every choice: its last digit of the outermost, the
/// next of a choice inside that, and so on, each to the base of the number of variants.
const ROUNDS: usize = 400;

/// Fields and variants that the grammar takes for others: owner and name.
const ALIASES: [(&str, &str); 2] = [("WindowSpec", "n"), ("Insertion", "Table")];

/// The word that may stand in place of a list where a grammar takes either.
const LIST_OR: &str = "Auto";

/// Every field and variant of `T`, in the order in which they are met.
pub(crate) fn fields<T: DeserializeOwned>() -> Vec<Traced> {
    let mut book = Book::default();
    for round in 0..ROUNDS {
        book.round = round;
        // Values are made up; whatever comes of them is not looked at.
        let _ = T::deserialize(Tracer(&mut book));
    }
    let mut fields = book.fields;
    for field in &mut fields {
        let is_named = field.name.chars().any(|c| !c.is_ascii_digit());
        field.optional = is_named && with::<T>(field, None).is_ok();
    }
    fields
}

/// A `T` of made-up values in which one field is left out, or holds what `text` spells.
///
/// # Errors
/// Why the grammar refuses it.
pub(crate) fn with<T: DeserializeOwned>(field: &Traced, text: Option<&str>) -> Result<T, Refused> {
    let instead = Some(Instead { owner: &field.owner, name: &field.name, text });
    T::deserialize(Tracer(&mut Book { round: field.chosen, instead, ..Book::default() }))
}

/// What stands in place of a field; nothing where the text is `None`.
struct Instead<'de> {
    owner: &'de str,
    name: &'de str,
    text: Option<&'de str>,
}

/// What was met so far.
#[derive(Default)]
struct Book<'de> {
    fields: Vec<Traced>,
    round: usize,
    /// Rounds for which a choice here keeps its variant; 0 stands for 1.
    stride: usize,
    /// The kind of what was read last.
    kind: String,
    instead: Option<Instead<'de>>,
}

impl Book<'_> {
    fn note(&mut self, owner: &str, name: &str) {
        let kind = self.kind.clone();
        if !self.fields.iter().any(|f| f.owner == owner && f.name == name) {
            let (owner, name) = (owner.to_owned(), name.to_owned());
            self.fields.push(Traced { owner, name, kind, optional: false, chosen: self.round });
        }
    }
}

/// Why a value was refused.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<M: fmt::Display>(message: M) -> Refused {
        Refused(message.to_string())
    }
}

/// The deserialiser: answers every question with a made-up value.
struct Tracer<'a, 'de>(&'a mut Book<'de>);

macro_rules! numbers {
    ($($method:ident $visit:ident $value:expr, $kind:literal;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            self.0.kind = $kind.to_owned();
            visitor.$visit($value)
        })*
    };
}

impl<'de> Deserializer<'de> for Tracer<'_, 'de> {
    type Error = Refused;

    numbers! {
        deserialize_bool visit_bool false, "true | false";
        deserialize_u8 visit_u8 1, "whole number";
        deserialize_u16 visit_u16 1, "whole number";
        deserialize_u32 visit_u32 1, "whole number";
        deserialize_u64 visit_u64 1, "whole number";
        deserialize_i8 visit_i8 1, "whole number";
        deserialize_i16 visit_i16 1, "whole number";
        deserialize_i32 visit_i32 1, "whole number";
        deserialize_i64 visit_i64 1, "whole number";
        deserialize_f32 visit_f32 1.0, "number";
        deserialize_f64 visit_f64 1.0, "number";
        deserialize_char visit_char 'x', "text";
        deserialize_str visit_str "x", "text";
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let Tracer(book) = self;
        let mut kinds = Vec::new();
        let read = visitor.visit_seq(Elements { book, left: 1, kinds: &mut kinds });
        book.kind = format!("[{}, …]", kinds.join(", "));
        read
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, n: usize, visitor: V) -> Result<V::Value, Refused> {
        let Tracer(book) = self;
        let mut kinds = Vec::new();
        let read = visitor.visit_seq(Elements { book, left: n, kinds: &mut kinds });
        book.kind = format!("({})", kinds.join(", "));
        read
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let Tracer(book) = self;
        let read = visitor.visit_map(Fields { book, owner: name.to_owned(), names: fields.iter(), at: "" });
        book.kind = name.to_owned();
        read
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let Tracer(book) = self;
        let stride = book.stride.max(1);
        let variants: Vec<&'static str> = variants.iter().copied().filter(|v| !ALIASES.contains(&(name, v))).collect();
        let variant = variants[book.round / stride % variants.len()];
        book.stride = stride * variants.len();
        let read = visitor.visit_enum(Variant { book, owner: format!("{name}::{variant}"), variant });
        book.stride = stride;
        book.kind = variants.join(" | ");
        read
    }

    serde::forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit unit_struct tuple_struct map ignored_any
    }

    /// What is written in two forms, read in the first of them: a list that has a word for another meaning, or a text that may be
    /// fields. What the visitor expects says which.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let Tracer(book) = self;
        let expected: &dyn de::Expected = &visitor;
        if !expected.to_string().starts_with("a list") {
            book.kind = "text or (…)".to_owned();
            return visitor.visit_str("x");
        }
        let read = Tracer(book).deserialize_seq(visitor);
        book.kind = format!("{} | {}", book.kind, LIST_OR);
        read
    }
}

/// Elements of a list or a tuple.
struct Elements<'a, 'de> {
    book: &'a mut Book<'de>,
    left: usize,
    kinds: &'a mut Vec<String>,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Refused;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let value = seed.deserialize(Tracer(self.book))?;
        self.kinds.push(self.book.kind.clone());
        Ok(Some(value))
    }
}

/// Fields of a structure or of a variant.
struct Fields<'a, 'de> {
    book: &'a mut Book<'de>,
    owner: String,
    names: std::slice::Iter<'static, &'static str>,
    at: &'static str,
}

impl<'de> MapAccess<'de> for Fields<'_, 'de> {
    type Error = Refused;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        for &name in self.names.by_ref() {
            if ALIASES.contains(&(&*self.owner, name)) {
                continue;
            }
            if self.book.instead(&self.owner, name) == Some(None) {
                continue;
            }
            self.at = name;
            let name: StrDeserializer<'_, Refused> = name.into_deserializer();
            return seed.deserialize(name).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        self.book.value(&self.owner, self.at, seed)
    }
}

impl<'de> Book<'de> {
    /// What stands in place of this field, if it is the one.
    fn instead(&self, owner: &str, name: &str) -> Option<Option<&'de str>> {
        self.instead.as_ref().filter(|i| i.owner == owner && i.name == name).map(|i| i.text)
    }

    /// Reads one value: that which stands in its place, or a made-up one.
    fn value<S: DeserializeSeed<'de>>(&mut self, owner: &str, name: &str, seed: S) -> Result<S::Value, Refused> {
        let Some(Some(text)) = self.instead(owner, name) else {
            let value = seed.deserialize(Tracer(self))?;
            self.note(owner, name);
            return Ok(value);
        };
        let refused = |e: &dyn fmt::Display| Refused(format!("`{text}`: {e}"));
        let mut ron = ron::Deserializer::from_str_with_options(text, &options()).map_err(|e| refused(&e))?;
        let value = seed.deserialize(&mut ron).map_err(|e| refused(&e))?;
        ron.end().map_err(|e| refused(&e))?;
        Ok(value)
    }
}

/// Values of a variant that have no names but their places.
struct Values<'a, 'de> {
    book: &'a mut Book<'de>,
    owner: String,
    next: usize,
    n: usize,
}

impl<'de> SeqAccess<'de> for Values<'_, 'de> {
    type Error = Refused;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        let place = self.next;
        self.next += 1;
        if place >= self.n {
            return Ok(None);
        }
        self.book.value(&self.owner, &place.to_string(), seed).map(Some)
    }
}

/// A variant of a choice.
struct Variant<'a, 'de> {
    book: &'a mut Book<'de>,
    owner: String,
    variant: &'static str,
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Refused;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Refused> {
        let name: StrDeserializer<'_, Refused> = self.variant.into_deserializer();
        let value = seed.deserialize(name)?;
        self.book.kind.clear();
        self.book.note(&self.owner, "");
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Refused> {
        self.book.value(&self.owner, "0", seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, n: usize, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_seq(Values { book: self.book, owner: self.owner, next: 0, n })
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_map(Fields { book: self.book, owner: self.owner, names: fields.iter(), at: "" })
    }
}
