//! From the tree to types: a serde deserializer over [`Node`].
//!
//! It is strict where YAML libraries are not: a number is never text, text never a number, a list never a
//! struct, and a variant that holds something is never written as a bare word. So what it accepts is what
//! the JSON Schema of the same type accepts. Errors know the innermost node they happened at.

use std::fmt;
use std::fmt::Display;

use serde::de::value::U32Deserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::finding::Span;
use super::spanned::NEWTYPE;
use super::tree::{Entry, Key, Node, Value};

/// Reads a type from a tree.
///
/// # Errors
///
/// The first thing that does not fit, and its place.
pub fn from_node<'de, T: de::Deserialize<'de>>(node: &'de Node) -> Result<T, Error> {
    T::deserialize(node)
}

/// Why a tree does not fit a type.
///
/// Boxed: a result of it is handed up through every level, and should cost no more than the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    message: String,
    span: Option<Span>,
}

impl Error {
    /// Where: the innermost node or key that did not fit.
    pub fn span(&self) -> Option<Span> {
        self.0.span
    }

    /// Gives the place, unless something further in has given its own.
    fn or_at(mut self, span: Span) -> Self {
        self.0.span.get_or_insert(span);
        self
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Error(Box::new(Inner { message: message.to_string(), span: None }))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::custom(format_args!("expected {expected}, found {found}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::custom(format_args!("expected {expected}, found {found}"))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Error::custom(format_args!("the key `{field}` is not known here"))
    }

    fn unknown_variant(variant: &str, _: &'static [&'static str]) -> Self {
        Error::custom(format_args!("`{variant}` is none of the values allowed here"))
    }

    fn missing_field(field: &'static str) -> Self {
        Error::custom(format_args!("the key `{field}` is missing"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Error::custom(format_args!("the key `{field}` occurs twice"))
    }
}

/// What serde calls a value, for its own messages.
fn unexpected(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Other("nothing"),
        Value::Bool(value) => Unexpected::Bool(*value),
        Value::Integer(value) => Unexpected::Signed(*value),
        Value::Float(value) => Unexpected::Float(*value),
        Value::String(value) => Unexpected::Str(value),
        Value::Sequence(_) => Unexpected::Other("a list"),
        Value::Mapping(_) => Unexpected::Other("a mapping"),
    }
}

impl Node {
    fn any<'de, V: Visitor<'de>>(&'de self, visitor: V) -> Result<V::Value, Error> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::String(value) => visitor.visit_borrowed_str(value),
            Value::Sequence(items) => items_of(items, visitor),
            Value::Mapping(entries) => visitor.visit_map(Entries { rest: entries.iter(), value: None }),
        }
    }

    fn mismatch<'de, V: Visitor<'de>>(&self, visitor: &V) -> Result<V::Value, Error> {
        Err(Error::invalid_type(unexpected(&self.value), visitor).or_at(self.span))
    }

    /// The value, if `fits`; a visitor might make something of a value the schema does not allow.
    fn only<'de, V: Visitor<'de>>(
        &'de self,
        visitor: V,
        fits: impl FnOnce(&Value) -> bool,
    ) -> Result<V::Value, Error> {
        if !fits(&self.value) {
            return self.mismatch(&visitor);
        }
        self.any(visitor).map_err(|error| error.or_at(self.span))
    }
}

/// Visits a list, and holds it against a visitor that did not take all of it.
fn items_of<'de, V: Visitor<'de>>(items: &'de [Node], visitor: V) -> Result<V::Value, Error> {
    let mut access = Items { rest: items.iter() };
    let value = visitor.visit_seq(&mut access)?;
    match access.rest.next() {
        None => Ok(value),
        Some(extra) => Err(Error::custom("the list has more items than expected").or_at(extra.span)),
    }
}

macro_rules! only {
    ($( $method:ident $pattern:pat, )+) => {
        $( fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.only(visitor, |value| matches!(value, $pattern))
        } )+
    };
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Error;

    only! {
        deserialize_bool Value::Bool(_),
        deserialize_i8 Value::Integer(_),
        deserialize_i16 Value::Integer(_),
        deserialize_i32 Value::Integer(_),
        deserialize_i64 Value::Integer(_),
        deserialize_i128 Value::Integer(_),
        deserialize_u8 Value::Integer(_),
        deserialize_u16 Value::Integer(_),
        deserialize_u32 Value::Integer(_),
        deserialize_u64 Value::Integer(_),
        deserialize_u128 Value::Integer(_),
        deserialize_f32 Value::Integer(_) | Value::Float(_),
        deserialize_f64 Value::Integer(_) | Value::Float(_),
        deserialize_char Value::String(_),
        deserialize_str Value::String(_),
        deserialize_string Value::String(_),
        deserialize_bytes Value::String(_),
        deserialize_byte_buf Value::String(_),
        deserialize_identifier Value::String(_),
        deserialize_unit Value::Null,
        deserialize_seq Value::Sequence(_),
        deserialize_map Value::Mapping(_),
        deserialize_any _,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
        .map_err(|error: Error| error.or_at(self.span))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match name {
            NEWTYPE => visitor.visit_seq(Parts::new(self.span, self)),
            _ => visitor.visit_newtype_struct(self),
        }
        .map_err(|error: Error| error.or_at(self.span))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.value {
            Value::String(word) => visitor.visit_enum(Choice { name: word, at: self.span, holds: None }),
            Value::Mapping(entries) => match &entries[..] {
                [Entry { key, value }] => {
                    visitor.visit_enum(Choice { name: &key.name, at: key.span, holds: Some(value) })
                }
                _ => Err(Error::custom("a mapping with exactly one key is expected here")),
            },
            _ => self.mismatch(&visitor),
        }
        .map_err(|error| error.or_at(self.span))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

impl<'de> IntoDeserializer<'de, Error> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

struct Items<'de> {
    rest: std::slice::Iter<'de, Node>,
}

impl<'de> SeqAccess<'de> for &mut Items<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.rest
            .next()
            .map(|node| seed.deserialize(node).map_err(|error| error.or_at(node.span)))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Entries<'de> {
    rest: std::slice::Iter<'de, Entry>,
    value: Option<&'de Node>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(Entry { key, value }) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(key).map(Some).map_err(|error| error.or_at(key.span))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        match self.value.take() {
            Some(node) => seed.deserialize(node).map_err(|error| error.or_at(node.span)),
            None => Err(Error::custom("a value was asked for before its key")),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A key is text: a string, a unit variant, a newtype of either, or one of these with its span.
impl<'de> Deserializer<'de> for &'de Key {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(&self.name)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match name {
            NEWTYPE => visitor.visit_seq(Parts::new(self.span, self)),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(Choice { name: &self.name, at: self.span, holds: None })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct identifier ignored_any
    }
}

/// The three parts by which a [`Spanned`](super::Spanned) is read: start, end, and the value itself.
struct Parts<D> {
    span: Span,
    value: Option<D>,
    given: u8,
}

impl<D> Parts<D> {
    fn new(span: Span, value: D) -> Self {
        Parts { span, value: Some(value), given: 0 }
    }
}

impl<'de, D: Deserializer<'de, Error = Error>> SeqAccess<'de> for Parts<D> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.given += 1;
        let number: U32Deserializer<Error> = match self.given {
            1 => self.span.start.into_deserializer(),
            2 => self.span.end.into_deserializer(),
            _ => return self.value.take().map(|value| seed.deserialize(value)).transpose(),
        };
        seed.deserialize(number).map(Some)
    }
}

/// A variant: a bare word, or a key and what it holds.
struct Choice<'de> {
    name: &'de str,
    at: Span,
    holds: Option<&'de Node>,
}

impl<'de> EnumAccess<'de> for Choice<'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name = de::value::BorrowedStrDeserializer::new(self.name);
        let variant = seed.deserialize(name).map_err(|error: Error| error.or_at(self.at))?;
        Ok((variant, self))
    }
}

impl<'de> Choice<'de> {
    fn held(&self) -> Result<&'de Node, Error> {
        let missing = || Error::custom(format_args!("`{}` needs a value: write it as a key", self.name));
        self.holds.ok_or_else(|| missing().or_at(self.at))
    }
}

impl<'de> VariantAccess<'de> for Choice<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.holds {
            None => Ok(()),
            Some(_) => {
                let message = format!("`{}` holds nothing: write it as a word, not as a key", self.name);
                Err(Error::custom(message).or_at(self.at))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        let node = self.held()?;
        seed.deserialize(node).map_err(|error| error.or_at(node.span))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.held()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.held()?.deserialize_map(visitor)
    }
}
