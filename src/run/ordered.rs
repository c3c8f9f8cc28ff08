//! A small set in order.

/// A set as a sorted list. The sets of a run are small, and explorers copy them millions of times: a list is copied
/// without a new allocation.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Ordered<T>(Vec<T>);

impl<T: Ord + Copy> Ordered<T> {
    pub(super) fn insert(&mut self, member: T) {
        // What comes is mostly the last.
        if self.0.last().is_none_or(|last| *last < member) {
            self.0.push(member);
        } else if let Err(place) = self.0.binary_search(&member) {
            self.0.insert(place, member);
        }
    }

    pub(super) fn remove(&mut self, member: T) {
        if let Ok(place) = self.0.binary_search(&member) {
            self.0.remove(place);
        }
    }

    pub(super) fn contains(&self, member: T) -> bool {
        self.0.binary_search(&member).is_ok()
    }
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Ordered(Vec::new())
    }
}

impl<T: Clone> Clone for Ordered<T> {
    fn clone(&self) -> Self {
        Ordered(self.0.clone())
    }

    fn clone_from(&mut self, from: &Self) {
        self.0.clone_from(&from.0);
    }
}

impl<T> std::ops::Deref for Ordered<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}
