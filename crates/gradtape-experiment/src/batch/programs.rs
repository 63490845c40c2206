//! The programs of a job, each traced once, and the runs that share one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use super::control::{Cancelled, Control};
use super::descent::Descent;
use super::end::End;
use super::rows::Rows;
use super::search::SearchPrograms;
use super::trace;
use crate::number::Precision;
use crate::objective::{Cause, Explainer};
use crate::optimizer::Recipe;
use crate::optimizer::search::Needs;
use crate::plan::{self, Plan, Run};
use gradtape_engine::Compiled;
use gradtape_tape::Subnormals;

/// What remains to be done of a run after the lanes.
pub(super) type Remainder<'p> = Box<dyn FnOnce(&Run, Rows<'_>) -> Result<End, Cancelled> + 'p>;

/// The programs that were traced so far, one for all runs that differ only in
/// numbers.
#[derive(Default)]
pub(super) struct Programs {
    narrow: ProgramsIn<f32>,
    wide: ProgramsIn<f64>,
}

/// Those of a precision.
#[derive(Default)]
struct ProgramsIn<T> {
    descents: ProgramCache<Shape, Descent<T>>,
    searches: ProgramCache<SearchShape, SearchPrograms<T>>,
    explainers: ProgramCache<(Subnormals, usize), Option<Explainer<T>>>,
}

/// What decides which program a run needs, in addition to the precision.
type Shape = (Subnormals, usize, Recipe);

fn shape(run: &Run) -> Shape {
    (run.subnormals, run.objective, run.recipe.clone())
}

/// The same for a line-search or second-order method.
type SearchShape = (Subnormals, usize, Needs);

impl<T: Compiled> ProgramsIn<T> {
    /// Does what can be done in lanes for those of `runs` at `places`, which differ only in
    /// numbers.
    fn begin<'p>(
        &self,
        plan: &'p Plan,
        runs: &[Run],
        places: &[usize],
        record: bool,
        control: &'p Control,
        mut give: impl FnMut(usize, Remainder<'p>),
    ) -> Result<(), Cancelled> {
        let first = &runs[places[0]];
        if let Some(needs) = first.recipe.rule.method().needs() {
            let search = self.search(plan, first, needs);
            for place in places {
                let search = Arc::clone(&search);
                let remainder =
                    move |run: &Run, rows: Rows<'_>| search.run(plan, run, rows, control);
                give(*place, Box::new(remainder));
            }
            return Ok(());
        }
        let descent = self.descent(plan, first);
        descent.in_blocks(plan, runs, places, record, control, |place, lane| {
            let descent = Arc::clone(&descent);
            let remainder =
                move |run: &Run, rows: Rows<'_>| descent.whole(plan, run, lane, rows, control);
            give(place, Box::new(remainder));
        })
    }

    fn descent(&self, plan: &Plan, run: &Run) -> Arc<Descent<T>> {
        let trace = || trace::descent(plan, run);
        self.descents.get(shape(run), trace)
    }

    fn search(&self, plan: &Plan, run: &Run, needs: Needs) -> Arc<SearchPrograms<T>> {
        let trace = || SearchPrograms::trace(plan, run, needs);
        let shape = (run.subnormals, run.objective, needs);
        self.searches.get(shape, trace)
    }

    /// Why a run is not finite at its start.
    fn cause(&self, plan: &Plan, run: &Run) -> Option<Cause> {
        let objective = &plan.objectives[run.objective];
        let explainer = self.explainers.get((run.subnormals, run.objective), || {
            Explainer::new(&objective.function, run.subnormals, |graph| {
                objective.data_in(graph, plan::DataRows::Training)
            })
        });
        let at = run.start.iter().chain(&run.constants);
        let at: Vec<T> = at.map(|number| number.to::<T>()).collect();
        (*explainer).as_ref()?.cause(&objective.function, &at)
    }
}

impl Programs {
    /// Does what can be done in lanes for the runs of a piece, in their order.
    pub(super) fn begin<'p>(
        &self,
        plan: &'p Plan,
        runs: &[Run],
        record: bool,
        control: &'p Control,
    ) -> Result<Vec<Remainder<'p>>, Cancelled> {
        // Those that can share a block, in the order of the first of each.
        let mut alike: Vec<(_, Vec<usize>)> = Vec::new();
        for (place, run) in runs.iter().enumerate() {
            let key = (run.precision, run.epochs, shape(run));
            match alike.iter_mut().find(|(other, _)| *other == key) {
                Some((_, places)) => places.push(place),
                None => alike.push((key, vec![place])),
            }
        }
        let mut remainders: Vec<Option<Remainder<'p>>> = runs.iter().map(|_| None).collect();
        for (_, places) in alike {
            let give = |place: usize, remainder| remainders[place] = Some(remainder);
            match runs[places[0]].precision {
                Precision::F32 => self
                    .narrow
                    .begin(plan, runs, &places, record, control, give),
                Precision::F64 => self.wide.begin(plan, runs, &places, record, control, give),
            }?;
        }
        Ok(remainders.into_iter().flatten().collect())
    }

    pub(super) fn cause(&self, plan: &Plan, run: &Run) -> Option<Cause> {
        match run.precision {
            Precision::F32 => self.narrow.cause(plan, run),
            Precision::F64 => self.wide.cause(plan, run),
        }
    }
}

/// Programs that are traced once for each key.
struct ProgramCache<K, P>(Mutex<HashMap<K, Arc<P>>>);

impl<K, P> Default for ProgramCache<K, P> {
    fn default() -> Self {
        ProgramCache(Mutex::default())
    }
}

impl<K: Eq + Hash, P> ProgramCache<K, P> {
    fn get(&self, shape: K, trace: impl FnOnce() -> P) -> Arc<P> {
        // Tracing cannot leave the table half changed, so poison is harmless.
        let mut traced = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(traced.entry(shape).or_insert_with(|| Arc::new(trace())))
    }
}
