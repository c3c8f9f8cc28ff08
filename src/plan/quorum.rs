//! The quorum table: which front ends must stay up, or the rest stop their services.

use serde::{Deserialize, Serialize};

use super::{FrontEndId, Product};

/// How many of which front ends must be active.
///
/// The rows are Microsoft's ("Topologies and components for Front End Servers"); for a generic pool the row is the
/// plan's `minimum_active` of all.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Quorum {
    /// How many must be active.
    pub needs: u16,
    /// Of how many: those that come first in the start order.
    pub of_first: u16,
    /// Whether every front end must be active before a domain may be taken: in a pool of three, one down is the minimum.
    pub all_before_a_domain: bool,
    /// How many must start together before any of them serves (a cold start).
    pub cold_start: u16,
    /// Whether a front end is among the first, by id.
    counted: Vec<bool>,
}

/// A row of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    pub needs: u16,
    pub of_first: u16,
    pub cold_start: u16,
}

impl Row {
    /// The row for a pool of `front_ends`; `None` where the table has none (an empty pool, or one over the product's limit).
    pub fn of(product: Product, front_ends: u16, minimum_active: Option<u16>) -> Option<Row> {
        let n = front_ends;
        if product == Product::Generic {
            let needs = minimum_active?;
            return (needs <= n).then_some(Row { needs, of_first: n, cold_start: needs.max(1) });
        }
        let wide = matches!(product, Product::SkypeForBusiness2019 | Product::SkypeForBusinessSe);
        let (needs, of_first) = match n {
            1 => (1, 1),
            2 => (1, 2),
            3 | 4 => (2, n),
            5 | 6 => (3, n),
            7 => (4, 7),
            8 | 9 => (4, 7),
            // Twelve stands in two rows; where the wide one exists it is the stricter and so the one taken.
            _ if wide && (12..=16).contains(&n) => (7, 12),
            10..=12 => (5, 9),
            _ => return None,
        };
        let cold_start = match n {
            1 => 1,
            2 => 1,
            3 | 4 => 3,
            5 => 4,
            6 | 7 => 5,
            8 => 6,
            9 => 7,
            10 => 8,
            11 => 9,
            12 => 10,
            16 => 12,
            // Unlisted: all of them.
            _ => n,
        };
        Some(Row { needs, of_first, cold_start })
    }

    /// From which size on the table counts only the first front ends, so that their order is needed.
    pub fn needs_order(self, front_ends: u16) -> bool {
        self.of_first < front_ends
    }
}

impl Quorum {
    /// `start_order` lists every front end, the first started first.
    pub(super) fn new(row: Row, product: Product, start_order: &[FrontEndId]) -> Quorum {
        let mut counted = vec![false; start_order.len()];
        for front_end in start_order.iter().take(usize::from(row.of_first)) {
            counted[front_end.index()] = true;
        }
        Quorum {
            needs: row.needs,
            of_first: row.of_first,
            all_before_a_domain: product != Product::Generic && start_order.len() == 3,
            cold_start: row.cold_start,
            counted,
        }
    }

    /// Whether this front end is one of those that the table counts.
    pub fn counts(&self, front_end: FrontEndId) -> bool {
        self.counted.get(front_end.index()).copied().unwrap_or(false)
    }

    /// Whether the quorum stands while these front ends are down. Each may be named more than once.
    pub fn stands_without(&self, down: &mut Vec<FrontEndId>) -> bool {
        down.sort_unstable();
        down.dedup();
        let lost = down.iter().filter(|front_end| self.counts(**front_end)).count();
        usize::from(self.of_first).saturating_sub(lost) >= usize::from(self.needs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_are_those_of_the_page() {
        let row = |n| {
            let row = Row::of(Product::LyncServer2013, n, None).unwrap();
            (row.needs, row.of_first, row.cold_start)
        };
        assert_eq!(
            (2..=12).map(row).collect::<Vec<_>>(),
            [
                (1, 2, 1),
                (2, 3, 3),
                (2, 4, 3),
                (3, 5, 4),
                (3, 6, 5),
                (4, 7, 5),
                (4, 7, 6),
                (4, 7, 7),
                (5, 9, 8),
                (5, 9, 9),
                (5, 9, 10)
            ]
        );
        assert_eq!(Row::of(Product::LyncServer2013, 13, None), None);
        let wide = Row::of(Product::SkypeForBusiness2019, 12, None).unwrap();
        assert_eq!((wide.needs, wide.of_first), (7, 12), "at twelve the stricter row counts");
        assert_eq!(Row::of(Product::SkypeForBusinessSe, 14, None).unwrap().cold_start, 14);
    }

    #[test]
    fn only_the_first_front_ends_count() {
        let row = Row::of(Product::LyncServer2013, 9, None).unwrap();
        // Started last to first: ids 2 to 8 are the first seven.
        let order: Vec<_> = (0..9).rev().map(FrontEndId).collect();
        let quorum = Quorum::new(row, Product::LyncServer2013, &order);
        assert!(quorum.stands_without(&mut vec![FrontEndId(0), FrontEndId(1)]), "these two do not count");
        assert!(quorum.stands_without(&mut vec![FrontEndId(8), FrontEndId(7), FrontEndId(6), FrontEndId(6)]));
        assert!(!quorum.stands_without(&mut (5..9).map(FrontEndId).collect()));
    }
}
