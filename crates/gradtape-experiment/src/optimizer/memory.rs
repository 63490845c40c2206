//! The memory of an update rule from one epoch to the next.

use super::Setting;
use gradtape_tape::Shape;

/// The memory of an update rule: numbers for each parameter, and single numbers for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// The arrays of each variable.
    pub slots: Vec<Slot>,
    /// The single numbers.
    pub scalars: Vec<Initial>,
}

/// An array that is remembered for each variable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    /// Its shape.
    pub shape: SlotShape,
    /// Its elements before the first epoch.
    pub initial: Initial,
}

/// The shape of a [`Slot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotShape {
    /// That of the variable.
    Same,
    /// A number for each row of a matrix; the shape of any other variable.
    Rows,
    /// A number for each column of a matrix; one number for any other variable.
    Columns,
}

/// The contents of a [`Cell`] before the first epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    /// A number.
    Number(f64),
    /// The number of a setting of the method.
    Setting(Setting),
    /// The number of a setting of the schedule.
    Schedule(Setting),
    /// The parameters at the start; in [`Memory::slots`] only.
    Parameters,
}

impl Memory {
    /// `slots` numbers for each parameter, all 0 before the first epoch.
    #[must_use]
    pub fn zeros(slots: usize) -> Memory {
        Memory::slots(&[Initial::Number(0.0)].repeat(slots))
    }

    /// A number for each parameter and each of `initial`.
    #[must_use]
    pub fn slots(initial: &[Initial]) -> Memory {
        let slots = initial.iter().map(|initial| Slot {
            shape: SlotShape::Same,
            initial: *initial,
        });
        Memory {
            slots: slots.collect(),
            scalars: Vec::new(),
        }
    }

    /// The same memory with these numbers added.
    #[must_use]
    pub fn and(mut self, scalars: &[Initial]) -> Memory {
        self.scalars.extend(scalars);
        self
    }

    /// The cells for variables of these shapes, in order: each slot for every variable, then
    /// the scalars.
    #[must_use]
    pub fn cells(&self, variables: &[Shape]) -> Vec<Cell> {
        let of_slot = |slot: &Slot| {
            let slot = *slot;
            let cells = variables.iter().enumerate();
            cells.map(move |(variable, shape)| Cell {
                shape: slot.shape.of(shape),
                initial: slot.initial,
                variable,
            })
        };
        let scalars = self.scalars.iter().map(|initial| Cell::scalar(*initial));
        self.slots.iter().flat_map(of_slot).chain(scalars).collect()
    }
}

impl SlotShape {
    fn of(self, variable: &Shape) -> Shape {
        match (self, &variable[..]) {
            (SlotShape::Rows, [rows, _]) => [*rows].into(),
            (SlotShape::Columns, [_, columns]) => [*columns].into(),
            (SlotShape::Columns, _) => Shape::scalar(),
            _ => variable.clone(),
        }
    }
}

/// An array of the memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Its shape.
    pub shape: Shape,
    /// Its contents before the first epoch.
    pub initial: Initial,
    /// The variable that it belongs to, for [`Initial::Parameters`].
    pub variable: usize,
}

impl Cell {
    /// One number.
    #[must_use]
    pub fn scalar(initial: Initial) -> Cell {
        Cell {
            shape: Shape::scalar(),
            initial,
            variable: 0,
        }
    }
}
