//! Lists whose length has bounds, in the schema and in the type alike.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A list of `LEAST` to `MOST` items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T, const LEAST: usize, const MOST: usize>(Vec<T>);

impl<T, const LEAST: usize, const MOST: usize> List<T, LEAST, MOST> {
    /// Whether it has no items; a list of 0 items and more may.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An empty list, for keys that are left out; of no use where `LEAST` is more than 0.
impl<T, const MOST: usize> Default for List<T, 0, MOST> {
    fn default() -> Self {
        List(Vec::new())
    }
}

impl<T, const LEAST: usize, const MOST: usize> Deref for List<T, LEAST, MOST> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'a, T, const LEAST: usize, const MOST: usize> IntoIterator for &'a List<T, LEAST, MOST> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Serialize, const LEAST: usize, const MOST: usize> Serialize for List<T, LEAST, MOST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>, const LEAST: usize, const MOST: usize> Deserialize<'de>
    for List<T, LEAST, MOST>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = Vec::deserialize(deserializer)?;
        if !(LEAST..=MOST).contains(&items.len()) {
            let expected = format!("a list of {LEAST} to {MOST} items");
            return Err(de::Error::invalid_length(items.len(), &expected.as_str()));
        }
        Ok(List(items))
    }
}

impl<T: JsonSchema, const LEAST: usize, const MOST: usize> JsonSchema for List<T, LEAST, MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("List_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Vec::<T>::json_schema(generator);
        if LEAST > 0 {
            schema.insert("minItems".into(), LEAST.into());
        }
        schema.insert("maxItems".into(), MOST.into());
        schema
    }
}
