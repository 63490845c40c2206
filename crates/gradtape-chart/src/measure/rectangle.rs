//! Places and rectangles in pixels.

/// A position in pixels from the upper left corner.
pub(crate) type Place = [f64; 2];

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rectangle {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Rectangle {
    pub(crate) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(crate) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(crate) fn holds(&self, [x, y]: Place) -> bool {
        // A hair of tolerance for points on the edge.
        self.left - 1e-6 <= x
            && x <= self.right + 1e-6
            && self.top - 1e-6 <= y
            && y <= self.bottom + 1e-6
    }

    /// The place at these shares of its width, from the left, and of its height, from below.
    pub(crate) fn at(&self, [x, y]: [f64; 2]) -> Place {
        [
            self.left + x * self.width(),
            self.bottom - y * self.height(),
        ]
    }

    pub(crate) fn middle(&self) -> Place {
        [
            f64::midpoint(self.left, self.right),
            f64::midpoint(self.top, self.bottom),
        ]
    }

    /// The nearest place within it.
    pub(crate) fn nearest(&self, [x, y]: Place) -> Place {
        [
            x.clamp(self.left, self.right),
            y.clamp(self.top, self.bottom),
        ]
    }

    /// The direction, right and down, out of it at a place on its edge.
    pub(crate) fn outwards(&self, [x, y]: Place) -> [f64; 2] {
        let edges = [
            (y - self.top, [0.0, -1.0]),
            (self.bottom - y, [0.0, 1.0]),
            (x - self.left, [-1.0, 0.0]),
            (self.right - x, [1.0, 0.0]),
        ];
        let nearest = edges.iter().min_by(|a, b| a.0.total_cmp(&b.0));
        nearest.map_or([0.0, -1.0], |(_, direction)| *direction)
    }

    /// The piece of a segment inside it (Liang and Barsky, 1984).
    pub(crate) fn clip(&self, from: Place, to: Place) -> Option<[Place; 2]> {
        let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
        let mut enter = 0.0f64;
        let mut leave = 1.0f64;
        for (towards, room) in [
            (-dx, from[0] - self.left),
            (dx, self.right - from[0]),
            (-dy, from[1] - self.top),
            (dy, self.bottom - from[1]),
        ] {
            if towards == 0.0 {
                if room < 0.0 {
                    return None;
                }
            } else if towards < 0.0 {
                enter = enter.max(room / towards);
            } else {
                leave = leave.min(room / towards);
            }
        }
        let at = |part: f64| [from[0] + dx * part, from[1] + dy * part];
        (enter <= leave).then(|| [at(enter), at(leave)])
    }
}
