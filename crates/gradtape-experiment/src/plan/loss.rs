//! The loss of an objective on its rows, recorded in a graph.

use std::sync::Arc;

use super::Objective;
use crate::data::{DataArray, Dataset};
use gradtape_tape::{Array, Graph};

/// Which rows of the data a loss is computed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataRows {
    Training,
    Validation,
}

impl DataRows {
    /// The numbers of an array in these rows.
    pub(crate) fn of(self, array: &DataArray) -> &Arc<[f64]> {
        match self {
            DataRows::Training => &array.training,
            DataRows::Validation => &array.validation,
        }
    }

    /// How many they are.
    fn count(self, data: &Dataset) -> usize {
        match self {
            DataRows::Training => data.training.len(),
            DataRows::Validation => data.validation.len(),
        }
    }
}

impl Objective {
    /// Records the data of some rows.
    pub(crate) fn data_in<'g>(&self, graph: &'g Graph, rows: DataRows) -> Vec<Array<'g>> {
        self.data.as_ref().map_or(Vec::new(), |data| {
            let shapes = data.shapes(rows.count(data)).into_iter();
            let arrays = shapes.zip(&data.arrays);
            arrays
                .map(|(shape, array)| graph.data(shape, Arc::clone(rows.of(array))))
                .collect()
        })
    }

    /// Records the loss on some rows, and gives it with the variables: new inputs, which the
    /// constants follow.
    pub(crate) fn loss_of_inputs<'g>(
        &self,
        graph: &'g Graph,
        rows: DataRows,
    ) -> (Array<'g>, Vec<Array<'g>>) {
        let (variables, constants) = self.function.inputs_of(graph);
        (self.loss(graph, &variables, &constants, rows), variables)
    }

    /// Records the loss on some rows for these variables and constants.
    pub(crate) fn loss<'g>(
        &self,
        graph: &'g Graph,
        variables: &[Array<'g>],
        constants: &[Array<'g>],
        rows: DataRows,
    ) -> Array<'g> {
        let data = self.data_in(graph, rows);
        self.function.trace(graph, variables, constants, &data)
    }
}
