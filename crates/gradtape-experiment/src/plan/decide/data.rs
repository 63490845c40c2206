//! The data of an objective.

use super::{Decider, Files};
use crate::data::{ArraySource, Dataset, Description};
use crate::mistake::Code;
use crate::spec;

impl Decider<'_> {
    /// The data of objective table number `place`.
    pub(super) fn data(&mut self, written: &spec::Data, place: usize) -> Option<Dataset> {
        let folder = match self.files {
            Files::In(folder) => folder,
            Files::Recorded(data) => {
                let mut data = data.iter();
                let data = data.find(|data| data.objective == place && data.is_sound());
                if data.is_none() {
                    let message = "the report does not describe these data";
                    let label = "run the experiment again";
                    self.mistake(Code::Data, &written.span, message, label);
                }
                return data.map(crate::plan::RecordedData::empty);
            }
        };
        if written.columns.is_empty() {
            let message = "`data` has no `columns`";
            let label = "expected for example `columns = { y = \"height\" }`";
            self.mistake(Code::Data, &written.span, message, label);
            return None;
        }
        let columns = written.columns.iter().map(|(name, names)| ArraySource {
            name: name.clone(),
            from: names.list.clone(),
            is_list: names.is_list,
        });
        let description = Description {
            file: written.file.clone()?,
            columns: columns.collect(),
            classes: written.classes.clone(),
            standardize: written.standardize.clone(),
            batch_size: written.batch_size.clone(),
            validation: written.validation.clone(),
        };
        match Dataset::new(folder, &description, self.seed) {
            Ok(data) => Some(data),
            Err(mistakes) => {
                self.mistakes.extend(mistakes);
                None
            }
        }
    }
}
