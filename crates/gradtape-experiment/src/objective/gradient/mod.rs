//! The gradient of an objective as readable formulas.

mod expression;
mod operation;
mod reader;
mod write;

use std::collections::HashSet;

use super::Objective;

/// The derivative by each parameter, as text that [`Formula::parse`] accepts.
///
/// [`Formula::parse`]: super::Formula::parse
#[derive(Clone, Debug, PartialEq)]
pub struct GradientText {
    /// Named parts, such as those that occur more than once; each uses only those
    /// before it.
    pub names: Vec<(String, String)>,
    /// The derivative by each variable, or by each of its elements.
    pub derivatives: Vec<(String, String)>,
}

/// Maximum number of parameters for which the derivative by a vector is written element
/// by element.
const MAX_PARAMETERS: usize = 8;

/// Maximum length of these texts together, in bytes.
const MAX_LENGTH: usize = 600;

impl GradientText {
    fn length(&self) -> usize {
        let texts = self.names.iter().chain(&self.derivatives);
        texts.map(|(_, text)| text.len()).sum()
    }
}

impl Objective {
    /// The gradient as formulas, or `None` if it is too long to be readable or if the
    /// language cannot express a part of it.
    ///
    /// With few parameters there is a derivative by each one; otherwise the derivative by
    /// a vector is a vector.
    ///
    /// Terms and factors are collected for readability, so a value can differ from that of
    /// the gradient in its last digits.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_experiment::objective::{Formula, Inputs, Objective};
    ///
    /// let formula = Formula::parse("(1 - x)^2 + 100*(y - x^2)^2").expect("well formed");
    /// let objective = Objective::new(formula, vec![], Inputs::numbers(["x", "y"]));
    /// let text = objective.expect("names have values").gradient_text().expect("it is short");
    /// let shown = |(name, text): &(String, String)| format!("df/d{name} = {text}");
    /// let shown: Vec<String> = text.derivatives.iter().map(shown).collect();
    /// assert_eq!(
    ///     shown,
    ///     ["df/dx = -400*x*(y - x^2) - 2*(1 - x)", "df/dy = 200*(y - x^2)"]
    /// );
    /// ```
    #[must_use]
    #[doc(hidden)]
    pub fn gradient_text(&self) -> Option<GradientText> {
        let is_small = self.parameters.len() <= MAX_PARAMETERS && self.data().is_empty();
        let elements = match is_small {
            true => self.element_gradient(),
            false => None,
        };
        let is_short = |text: &GradientText| text.length() <= MAX_LENGTH;
        elements
            .filter(is_short)
            .or_else(|| self.array_gradient())
            .or_else(|| self.element_gradient())
    }

    /// Names that the formula uses already.
    fn taken_names(&self) -> HashSet<&str> {
        let shaped = self.inputs.variables.iter().chain(&self.inputs.data);
        let definitions = self.definitions.iter().map(|one| &one.name);
        let names = shaped.map(|(name, _)| name).chain(&self.inputs.constants);
        names.chain(definitions).map(String::as_str).collect()
    }
}
