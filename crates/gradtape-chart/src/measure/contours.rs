//! Where a function of two variables is above a level: regions and level lines, from its
//! values on a grid, by marching squares (Lorensen and Cline's marching cubes, 1987, in
//! two dimensions).

use super::rectangle::Place;
use crate::model::Levels;

/// The part of a grid where the values are at least some level.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Region {
    /// Its borders, each closed by itself. The inside lies to the left of the direction of
    /// travel, so that a border in the other direction is that of a hole.
    pub(crate) rings: Vec<Vec<Place>>,
    /// The parts of the borders where the values pass the level, without the edges of the
    /// grid.
    pub(crate) lines: Vec<Vec<Place>>,
}

/// Corners of the polygons. Neighbouring cells give a shared corner the same number.
///
/// `3 n` is node `n` of the grid, `3 n + 1` a place between it and the next node of its row,
/// `3 n + 2` one between it and the next node of its column.
type Corner = usize;

/// Whether the values pass the level there.
fn is_passage(corner: Corner) -> bool {
    !corner.is_multiple_of(3)
}

struct ContourGrid<'g> {
    levels: &'g Levels,
    level: f64,
}

/// The region where `levels` is at least `level`: everything that has a value for
/// `NEG_INFINITY`. Values that are missing count as not a number.
pub(crate) fn above(levels: &Levels, level: f64) -> Region {
    let grid = ContourGrid { levels, level };
    let mut edges = Vec::new();
    let (columns, rows) = (levels.x.len(), levels.y.len());
    for row in 0..rows.saturating_sub(1) {
        for column in 0..columns.saturating_sub(1) {
            grid.cell(column, row, &mut edges);
        }
    }
    // What two cells share they pass in opposite directions.
    edges.sort_unstable();
    let is_border = |&(from, to): &(Corner, Corner)| edges.binary_search(&(to, from)).is_err();
    let borders: Vec<(Corner, Corner)> = edges.iter().copied().filter(is_border).collect();
    grid.region(&borders)
}

impl ContourGrid<'_> {
    fn value(&self, node: usize) -> f64 {
        self.levels.values.get(node).copied().unwrap_or(f64::NAN)
    }

    fn is_inside(&self, node: usize) -> bool {
        self.value(node) >= self.level
    }

    /// The corners of the cell whose first corner has these coordinates, if it exists and has
    /// a value at each of them.
    fn nodes(&self, column: usize, row: usize) -> Option<[usize; 4]> {
        let columns = self.levels.x.len();
        if column + 1 >= columns || row + 1 >= self.levels.y.len() {
            return None;
        }
        let first = row * columns + column;
        let nodes = [first, first + 1, first + columns + 1, first + columns];
        let is_known = |node: &usize| self.value(*node).is_finite();
        nodes.iter().all(is_known).then_some(nodes)
    }

    fn is_full(&self, column: usize, row: usize) -> bool {
        let nodes = self.nodes(column, row);
        nodes.is_some_and(|nodes| nodes.iter().all(|node| self.is_inside(*node)))
    }

    /// Adds the edges of the part of a cell that is inside, which is on their left.
    fn cell(&self, column: usize, row: usize, edges: &mut Vec<(Corner, Corner)>) {
        let Some(nodes) = self.nodes(column, row) else {
            return;
        };
        let [a, b, c, d] = nodes;
        if self.is_full(column, row) {
            // Where the neighbour is full too, the side between them would be removed.
            let sides = [
                (a, b, row.checked_sub(1).map(|row| (column, row))),
                (b, c, Some((column + 1, row))),
                (c, d, Some((column, row + 1))),
                (d, a, column.checked_sub(1).map(|column| (column, row))),
            ];
            for (from, to, neighbour) in sides {
                if !neighbour.is_some_and(|(column, row)| self.is_full(column, row)) {
                    edges.push((3 * from, 3 * to));
                }
            }
            return;
        }
        let between = [3 * a + 1, 3 * b + 2, 3 * d + 1, 3 * a + 2];
        let mut around = Vec::with_capacity(6);
        for side in 0..4 {
            let (here, next) = (nodes[side], nodes[(side + 1) % 4]);
            if self.is_inside(here) {
                around.push(3 * here);
            }
            if self.is_inside(here) != self.is_inside(next) {
                around.push(between[side]);
            }
        }
        let mean = nodes
            .iter()
            .map(|node| self.value(*node) / 4.0)
            .sum::<f64>();
        let is_saddle = around.len() == 6 && self.is_inside(a) == self.is_inside(c);
        let rings = match around[..] {
            // Two opposite corners that are not joined by the middle.
            [p, q, r, s, t, u] if is_saddle && mean < self.level => {
                if is_passage(p) {
                    vec![vec![p, q, r], vec![s, t, u]]
                } else {
                    vec![vec![p, q, u], vec![s, t, r]]
                }
            }
            _ => vec![around],
        };
        for ring in &rings {
            for (place, from) in ring.iter().enumerate() {
                edges.push((*from, ring[(place + 1) % ring.len()]));
            }
        }
    }

    /// Joins borders, which are sorted, to rings.
    fn region(&self, borders: &[(Corner, Corner)]) -> Region {
        let mut region = Region::default();
        let mut is_used = vec![false; borders.len()];
        for first in 0..borders.len() {
            if is_used[first] {
                continue;
            }
            let mut corners = Vec::new();
            let mut place = first;
            loop {
                is_used[place] = true;
                let (from, to) = borders[place];
                corners.push(from);
                let next = borders.partition_point(|(other, _)| *other < to);
                let mut ways = next..borders.len();
                let way = ways.find(|way| borders[*way].0 != to || !is_used[*way]);
                match way {
                    Some(way) if borders[way].0 == to => place = way,
                    _ => break,
                }
            }
            self.add(&corners, &mut region);
        }
        region
    }

    fn add(&self, corners: &[Corner], region: &mut Region) {
        let is_line = |place: usize| {
            is_passage(corners[place]) && is_passage(corners[(place + 1) % corners.len()])
        };
        // A line that runs through the first corner is begun where it comes from.
        let start = (0..corners.len()).find(|place| !is_line(*place));
        let mut line: Vec<Place> = Vec::new();
        for step in 0..corners.len() {
            let place = (start.unwrap_or(0) + step) % corners.len();
            if is_line(place) {
                if line.is_empty() {
                    line.push(self.at(corners[place]));
                }
                line.push(self.at(corners[(place + 1) % corners.len()]));
            } else if !line.is_empty() {
                region.lines.push(std::mem::take(&mut line));
            }
        }
        if !line.is_empty() {
            region.lines.push(line);
        }
        let ring = corners.iter().map(|corner| self.at(*corner));
        region.rings.push(ring.collect());
    }

    /// Where a corner is, in values of the two variables.
    fn at(&self, corner: Corner) -> Place {
        let columns = self.levels.x.len();
        let node = corner / 3;
        let (column, row) = (node % columns, node / columns);
        let at = [self.levels.x[column], self.levels.y[row]];
        let (other, side) = match corner % 3 {
            0 => return at,
            1 => (node + 1, 0),
            _ => (node + columns, 1),
        };
        let end = [
            self.levels.x[other % columns],
            self.levels.y[other / columns],
        ];
        let (from, to) = (self.value(node), self.value(other));
        let part = ((self.level - from) / (to - from)).clamp(0.0, 1.0);
        let mut place = at;
        place[side] += (end[side] - at[side]) * part;
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(count: usize, f: impl Fn(f64, f64) -> f64) -> Levels {
        let ends = |place: usize| -1.0 + 2.0 * place as f64 / (count - 1) as f64;
        let x: Vec<f64> = (0..count).map(ends).collect();
        let values = x
            .iter()
            .flat_map(|y| x.iter().map(|x| f(*x, *y)).collect::<Vec<_>>());
        Levels {
            values: values.collect(),
            y: x.clone(),
            x,
            levels: Vec::new(),
        }
    }

    /// The area inside the rings, those of holes taken off.
    fn area(region: &Region) -> f64 {
        let twice = region.rings.iter().map(|ring| {
            let next = ring.iter().cycle().skip(1);
            let parts = ring
                .iter()
                .zip(next)
                .map(|(a, b)| a[0] * b[1] - b[0] * a[1]);
            parts.sum::<f64>()
        });
        twice.sum::<f64>() / 2.0
    }

    #[test]
    fn a_disc_and_its_hole_have_their_areas() {
        let bowl = levels(201, |x, y| x * x + y * y);
        let outside = above(&bowl, 0.25);
        assert_eq!((outside.rings.len(), outside.lines.len()), (2, 1));
        assert!((area(&outside) - (4.0 - std::f64::consts::PI / 4.0)).abs() < 1e-3);
        let line = &outside.lines[0];
        assert_eq!(line.first(), line.last(), "a closed line");
        for [x, y] in line {
            // The grid is fine enough for four digits.
            assert!((libm::hypot(*x, *y) - 0.5).abs() < 1e-4);
        }
    }

    #[test]
    fn everything_and_nothing_are_regions_too() {
        let plane = levels(7, |x, _| x);
        let all = above(&plane, f64::NEG_INFINITY);
        assert!((area(&all) - 4.0).abs() < 1e-12 && all.lines.is_empty());
        assert_eq!(all.rings.len(), 1);
        assert_eq!(above(&plane, 2.0), Region::default());
        assert_eq!(above(&levels(1, |x, _| x), 0.0), Region::default());
        // A value that is the level itself is inside.
        let flat = above(&levels(4, |_, _| 1.0), 1.0);
        assert!((area(&flat) - 4.0).abs() < 1e-12 && flat.lines.is_empty());
    }

    #[test]
    fn a_line_from_edge_to_edge_has_two_ends() {
        let slope = above(&levels(9, |x, y| x + 0.5 * y), 0.1);
        assert_eq!((slope.rings.len(), slope.lines.len()), (1, 1));
        let ends = [slope.lines[0][0], slope.lines[0][slope.lines[0].len() - 1]];
        assert!(ends.iter().all(|[_, y]| y.abs() == 1.0), "{ends:?}");
    }

    #[test]
    fn what_has_no_value_is_a_hole() {
        let holed = levels(21, |x, y| {
            if x.abs().max(y.abs()) < 0.3 {
                f64::NAN
            } else {
                1.0
            }
        });
        let region = above(&holed, f64::NEG_INFINITY);
        assert_eq!(region.rings.len(), 2);
        // The values are missing at 5 × 5 nodes, and cells next to them have none.
        assert!(
            (area(&region) - (4.0 - 0.36)).abs() < 1e-12,
            "{}",
            area(&region)
        );
        assert!(region.lines.is_empty());
    }

    #[test]
    fn a_saddle_is_joined_by_its_middle() {
        let saddle = |lift: f64| {
            let values = vec![1.0 + lift, -1.0 + lift, -1.0 + lift, 1.0 + lift];
            let (x, y) = (vec![0.0, 1.0], vec![0.0, 1.0]);
            above(
                &Levels {
                    x,
                    y,
                    values,
                    levels: Vec::new(),
                },
                0.0,
            )
        };
        assert_eq!(saddle(0.1).rings.len(), 1);
        assert_eq!(saddle(-0.1).rings.len(), 2);
        let other = above(
            &Levels {
                x: vec![0.0, 1.0],
                y: vec![0.0, 1.0],
                values: vec![-1.1, 0.9, 0.9, -1.1],
                levels: Vec::new(),
            },
            0.0,
        );
        assert_eq!((other.rings.len(), other.lines.len()), (2, 2));
        assert!((area(&other) - 2.0 * 0.45 * 0.45 / 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_region_and_what_is_below_it_make_the_whole() {
        let wild = |sign: f64| {
            levels(40, move |x, y| {
                sign * (libm::sin(7.0 * x) * libm::cos(5.0 * y) + 0.3 * x)
            })
        };
        for level in [-0.9, -0.2, 0.0, 0.4] {
            let parts = area(&above(&wild(1.0), level)) + area(&above(&wild(-1.0), -level));
            assert!((parts - 4.0).abs() < 1e-9, "{level}: {parts}");
        }
    }
}
