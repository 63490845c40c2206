//! `runner schema`: the JSON Schema of experiment files.

use gradtape_experiment::schema::json_schema;

use crate::failure::Failure;
use crate::terminal::output;

#[expect(clippy::unnecessary_wraps, reason = "as all commands")]
pub fn schema() -> Result<(), Failure> {
    output::results(&json_schema());
    Ok(())
}
