//! A schedule given by a formula.

use crate::mistake::Code;
use gradtape_tape::Array;
use std::collections::HashMap;

use super::warmup::{WARMUP, WARMUP_FACTOR, WARMUP_START};
use super::{Convention, Course, Curve, Description, Domain, Rate, Setting};
use crate::objective::{Formula, FormulaMistake, Inputs, Objective};
use crate::optimizer::LEARNING_RATE;
use Convention::{Keras, Optax, PyTorch, Textbook};

/// The names that a formula can read.
const NAMES: [&str; 3] = ["epoch", "epochs", LEARNING_RATE.name];

const FORMULA: Setting = Setting::new("formula", Domain::Formula).about(
    "the learning rate as a formula of `epoch`, `epochs` and \
     `learning_rate`, in the language of objectives",
);

/// The value of a formula.
pub(super) struct OfFormula;

impl Curve for OfFormula {
    const DESCRIPTION: &'static Description = &Description {
        name: "formula",
        title: "a formula",
        about: "The value of a formula such as \"0.1/sqrt(1 + epoch)\". It can read the epoch k = 0, 1, …, the number of epochs, and the learning rate of the optimizer, which is optional where the formula does not read it.",
        conventions: &[PyTorch, Keras, Optax, Textbook],
        settings: &[FORMULA, WARMUP, WARMUP_FACTOR, WARMUP_START],
        rules: &[(&[PyTorch, Keras, Optax, Textbook], "value of the formula")],
        sources: &["torch.optim.lr_scheduler.LambdaLR, whose value is a factor"],
    };

    const STARTS_ELSEWHERE: bool = true;

    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
        let formula = course.schedule.outline.formula.as_ref();
        let rate = formula.map(|formula| {
            let values = [course.epoch, course.length, course.learning_rate];
            let values: HashMap<&str, Array<'g>> = NAMES.into_iter().zip(values).collect();
            formula.formula.trace(course.epoch.graph(), &values)
        });
        rate.unwrap_or(course.learning_rate).into()
    }
}

/// A formula for a learning rate: of numbers only, with a value for every name.
#[derive(Clone, Debug)]
pub struct RateFormula {
    text: String,
    formula: Formula,
}

impl PartialEq for RateFormula {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl RateFormula {
    /// Reads a formula of `epoch`, `epochs` and `learning_rate`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with places counted from the start of `text`.
    pub fn parse(text: &str) -> Result<RateFormula, Vec<FormulaMistake>> {
        let own = |mistake| FormulaMistake {
            definition: None,
            mistake,
            suggested: None,
            valueless: None,
        };
        let formula =
            Formula::parse(text).map_err(|list| list.into_iter().map(own).collect::<Vec<_>>())?;
        let objective = Objective::new(formula.clone(), Vec::new(), Inputs::numbers(NAMES))?;
        if objective.has_arrays() {
            let message = "the formula of a learning rate contains a vector or a matrix";
            let mistake = crate::mistake::Mistake::new(
                Code::Shape,
                0..text.len(),
                message,
                "expected numbers",
            );
            return Err(vec![own(mistake)]);
        }
        Ok(RateFormula {
            text: text.to_owned(),
            formula,
        })
    }

    /// The text that was read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it reads a name.
    #[must_use]
    pub fn reads(&self, name: &str) -> bool {
        self.formula.names().any(|(read, _)| read == name)
    }
}
