//! The final quantities of a run.

use super::Plan;

/// A final quantity of a run other than its parameters.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::plan::Quantity;
///
/// let epochs = Quantity::named("epochs_run").ok_or("unknown")?;
/// assert!(epochs.is_count);
/// assert!(Quantity::named("w").is_none());
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// Its name in files and tables.
    pub name: &'static str,
    /// Whether it is a count, and so an integer.
    pub is_count: bool,
}

const fn number(name: &'static str) -> Quantity {
    let is_count = false;
    Quantity { name, is_count }
}

const fn count(name: &'static str) -> Quantity {
    let is_count = true;
    Quantity { name, is_count }
}

impl Quantity {
    /// All quantities, in the order in which they are shown.
    pub const ALL: &'static [Quantity] = &[
        count("epochs_run"),
        number("loss"),
        number("gradient_norm"),
        number("validation_loss"),
        number("gap"),
        number("distance"),
        number("best_loss"),
        count("best_epoch"),
        count("evaluations"),
        count("gradient_evaluations"),
        count("hessian_products"),
    ];

    /// The quantity with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Quantity> {
        let mut all = Quantity::ALL.iter().copied();
        all.find(|quantity| quantity.name == name)
    }

    /// The quantities that the runs of a plan have.
    pub fn of(plan: &Plan) -> impl Iterator<Item = Quantity> + Clone {
        let (gap, validation) = (plan.has_gap(), plan.has_validation());
        let distance = plan.has_distance();
        let all = Quantity::ALL.iter().copied();
        all.filter(move |quantity| match quantity.name {
            "gap" => gap,
            "distance" => distance,
            "validation_loss" => validation,
            _ => true,
        })
    }

    /// Whether a smaller value is better: true of all but the epoch of the best loss.
    #[must_use]
    pub fn is_better_smaller(self) -> bool {
        self.name != "best_epoch"
    }
}
