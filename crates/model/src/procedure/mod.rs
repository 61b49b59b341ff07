//! A procedure as data: states, steps, who may take them, documents, guards, clocks and effects.
//! Knows no city: a procedure is read from a rule pack. How a step is judged stands in `decide`.

mod actor;
mod decide;
mod document;
mod due;
mod facts;
mod guard;
mod step;

pub use actor::authors;
pub(crate) use actor::providers;
pub use decide::{check_opening, check_standing, decide, open_case, steps_for, visible_history};
pub use document::{DocumentForm, Field, FieldKind};
pub use due::{clock_concerns, deadlines, due_steps, overdue_steps};
pub use facts::Facts;
pub use guard::Guard;
pub(crate) use step::role_word;
pub use step::{By, Due, Exclude, Procedure, State, Step, StepEffect, When};
