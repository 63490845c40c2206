//! Why a gradient is missing.

use std::collections::VecDeque;
use std::fmt;

use crate::error::Caller;
use crate::nest::Leaf;
use crate::tensor::{DType, Id, Operation, Origin, OriginKind};

use super::pass::Reach;
use super::recording::{Entry, KnownOperand, Phase, Recording};

/// The reason for a missing gradient.
///
/// `Display` prints it in words, as in the [`Explanation`] that contains it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The source is a tensor that was never watched, or a variable that is not
    /// trainable, or was not watched because of
    /// [`TapeOptions::watch_accessed_variables`](super::TapeOptions::watch_accessed_variables).
    NeverWatched {
        /// For a variable, whether it is trainable.
        trainable: Option<bool>,
    },
    /// The source was watched only after it had been used.
    WatchedAfterUse {
        /// Where it was used.
        used: Caller,
        /// Where it was watched.
        watched: Caller,
    },
    /// An intermediate result was computed before the tape began to record (or
    /// was reset), so it is a constant for the tape.
    BeforeTape {
        /// The operation that computed it.
        operation: &'static str,
        /// Where it was computed.
        at: Caller,
    },
    /// An intermediate result was computed on another thread.
    AnotherThread {
        /// The operation that computed it.
        operation: &'static str,
        /// Where it was computed.
        at: Caller,
    },
    /// An intermediate result was computed after the tape's scope had ended, or
    /// between two scopes.
    OutsideScope {
        /// The operation that computed it.
        operation: &'static str,
        /// Where it was computed.
        at: Caller,
    },
    /// A variable on the path was assigned: gradients do not pass through an
    /// assignment.
    Assigned {
        /// The variable.
        variable: String,
        /// Where it was assigned.
        at: Caller,
    },
    /// Integers and booleans are not differentiable.
    NotFloat {
        /// What holds them: the source, the target, or the result of an operation.
        what: &'static str,
        /// Where they arise, if on the path.
        at: Option<Caller>,
    },
    /// [`Tensor::stop_gradient`](crate::Tensor::stop_gradient) is on the path.
    StopGradient {
        /// Where it was called.
        at: Caller,
    },
    /// An operation on the path was computed while recording was stopped.
    StopRecording {
        /// The operation.
        operation: &'static str,
        /// Where it was computed.
        at: Caller,
    },
    /// An operation on the path has no derivative.
    NoDerivative {
        /// The operation.
        operation: &'static str,
        /// Where it was computed.
        at: Caller,
    },
    /// The target was computed from another tensor with the value of the same
    /// variable; sources are compared by identity.
    AnotherRead {
        /// Where that value was read.
        at: Caller,
    },
    /// The source was computed from the target, not the other way round.
    AfterTarget,
    /// The source is not on any recorded path to the target.
    NoPath,
    /// The tape stores no explanations.
    NotKept,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NeverWatched { trainable: None } => formatter.write_str(
                "the source was never watched; call `tape.watch(&source)` before it is used, \
                 or make it a `Variable`",
            ),
            Reason::NeverWatched {
                trainable: Some(false),
            } => formatter.write_str(
                "the source is a variable that is not trainable and was never watched; call \
                 `tape.watch(&source)` before it is read",
            ),
            Reason::NeverWatched {
                trainable: Some(true),
            } => formatter.write_str(
                "the source was never watched, and this tape does not watch variables \
                 automatically; call `tape.watch(&source)` before it is read",
            ),
            Reason::WatchedAfterUse { used, watched } => write!(
                formatter,
                "the source was watched at {watched}, after it had been used at {used}; \
                 only later operations are recorded"
            ),
            Reason::BeforeTape { operation, at } => write!(
                formatter,
                "the target depends on the result of `{operation}` at {at}, which was computed \
                 before the tape began to record, so it is a constant for the tape"
            ),
            Reason::AnotherThread { operation, at } => write!(
                formatter,
                "the target depends on the result of `{operation}` at {at}, which was computed on \
                 another thread; a tape records on the thread that entered it"
            ),
            Reason::OutsideScope { operation, at } => write!(
                formatter,
                "the target depends on the result of `{operation}` at {at}, which was computed \
                 outside the tape's scope"
            ),
            Reason::Assigned { variable, at } => write!(
                formatter,
                "{variable} was assigned at {at}; gradients do not pass through an assignment to \
                 the inputs of the assigned value"
            ),
            Reason::NotFloat { what, at } => {
                write!(formatter, "{what} holds integers or booleans")?;
                if let Some(at) = at {
                    write!(formatter, " at {at}")?;
                }
                formatter.write_str("; only floating-point numbers have gradients")
            }
            Reason::StopGradient { at } => write!(
                formatter,
                "`stop_gradient` at {at} turns its operand into a constant"
            ),
            Reason::StopRecording { operation, at } => write!(
                formatter,
                "`{operation}` at {at} was computed while recording was stopped"
            ),
            Reason::NoDerivative { operation, at } => {
                write!(formatter, "`{operation}` at {at} has no derivative")
            }
            Reason::AnotherRead { at } => write!(
                formatter,
                "the target was computed from another tensor with the value of the same variable, \
                 read at {at}; sources are compared by identity, so pass the variable itself"
            ),
            Reason::AfterTarget => formatter
                .write_str("the source was computed from the target, not the other way round"),
            Reason::NoPath => {
                formatter.write_str("the source is not on any recorded path to the target")
            }
            Reason::NotKept => formatter
                .write_str("this tape stores no explanations; see `TapeOptions::explanations`"),
        }
    }
}

/// An operation between target and source.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The name of the operation.
    pub operation: &'static str,
    /// Where it was called.
    pub at: Caller,
    /// Whether a gradient that begins at the target passes through it.
    pub is_connected: bool,
}

/// Whether and why a source has a gradient; `Display` prints it with the path.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{GradientTape, Reason, Variable};
///
/// let x = Variable::new(1.5).named("x");
/// let tape = GradientTape::new();
/// let y = tape.record(|| x.value().exp()?.floor()?.try_mul(2.0))??;
/// let explanation = tape.explain(&y, &x);
/// assert!(matches!(explanation.reason, Some(Reason::NoDerivative { operation: "floor", .. })));
/// assert_eq!(explanation.last_connected().unwrap().operation, "mul");
/// # Ok::<(), gradtape_tape::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Why there is no gradient; `None` if there is one.
    pub reason: Option<Reason>,
    /// The operations from the target to the source, as far as they are known.
    pub path: Vec<Step>,
    target: String,
    source: String,
    /// Whether the path ends at the source.
    is_whole: bool,
}

impl Explanation {
    /// The operation nearest to the source that a gradient from the target reaches.
    #[must_use]
    pub fn last_connected(&self) -> Option<&Step> {
        self.path.iter().take_while(|step| step.is_connected).last()
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            None => write!(formatter, "the gradient is connected")?,
            Some(reason) => write!(formatter, "no gradient: {reason}")?,
        }
        write!(formatter, "\n  target  {}", self.target)?;
        let width = self.path.iter().map(|step| step.operation.len()).max();
        let width = width.unwrap_or(0);
        let last = self
            .path
            .iter()
            .take_while(|step| step.is_connected)
            .count();
        // Of a long path the ends and the surroundings of the cut are shown.
        let is_shown = |index: usize| {
            self.path.len() <= 16
                || index < 4
                || index + 4 >= self.path.len()
                || index.abs_diff(last) <= 2
        };
        let mut is_left_out = false;
        for (index, step) in self.path.iter().enumerate() {
            if !is_shown(index) {
                if !is_left_out {
                    write!(formatter, "\n    …")?;
                }
                is_left_out = true;
                continue;
            }
            is_left_out = false;
            let mark = if step.is_connected { "│" } else { "┊" };
            let operation = step.operation;
            write!(formatter, "\n    {mark} {operation:width$}  {}", step.at)?;
            if self.reason.is_some() && index + 1 == last {
                formatter.write_str("  last connected")?;
            }
        }
        if self.is_whole {
            write!(formatter, "\n  source  {}", self.source)
        } else {
            write!(formatter, "\n  source  {}, not reached", self.source)
        }
    }
}

/// A link from an entry back to one of its operands.
struct Edge {
    /// The operand: a tensor or a variable.
    to: Id,
    producer: Option<u32>,
    cut: Option<Reason>,
}

/// A walk from the target back over the recorded entries.
struct Walk {
    /// Entries from the target to the source, with the reason for a cut behind
    /// each.
    path: Option<Vec<(u32, Option<Reason>)>>,
    /// Operands whose computation the tape did not record.
    unseen: Vec<Id>,
    /// Where variables were read on the path.
    reads: Vec<(Id, Caller)>,
}

impl Recording {
    /// Whether and why the targets have a gradient with respect to the source.
    pub fn explain(&self, targets: &[Leaf], source: &Leaf) -> Explanation {
        let explained = targets
            .iter()
            .map(|target| self.explain_one(target, source));
        let mut explained: Vec<Explanation> = explained.collect();
        // One that is connected is enough; else the one with the longest path.
        let best = (0..explained.len()).max_by_key(|index| {
            let one = &explained[*index];
            let is_known = one.reason != Some(Reason::NoPath);
            (
                one.reason.is_none(),
                one.is_whole,
                is_known,
                std::cmp::Reverse(*index),
            )
        });
        match best {
            Some(index) => explained.swap_remove(index),
            None => Explanation {
                reason: Some(Reason::NoPath),
                path: Vec::new(),
                target: "nothing".to_owned(),
                source: described(source),
                is_whole: false,
            },
        }
    }

    fn explain_one(&self, target: &Leaf, source: &Leaf) -> Explanation {
        let explanation = |reason, path, is_whole| Explanation {
            reason,
            path,
            target: described(target),
            source: described(source),
            is_whole,
        };
        let not_float = |leaf: &Leaf, what| {
            let reason = Reason::NotFloat { what, at: None };
            (!leaf.dtype().is_float()).then_some(reason)
        };
        let ends = not_float(source, "the source").or_else(|| not_float(target, "the target"));
        if let Some(reason) = ends {
            return explanation(Some(reason), Vec::new(), false);
        }
        if target.id() == source.id() {
            return explanation(None, Vec::new(), true);
        }
        // A path of tracked operands is needed for a gradient but is not enough: the reverse
        // pass counts only what both ends reach, and its answer is the one that holds.
        let connected = self.walk(target.id(), source.id(), true);
        if let Some(path) = connected.path
            && self.is_connected(target.id(), source.id())
        {
            return explanation(None, self.steps(&path, true), true);
        }
        // From here on the reason lies in operations that are recorded only for explanations.
        if !self.options.explanations {
            return explanation(Some(Reason::NotKept), Vec::new(), false);
        }
        let walk = self.walk(target.id(), source.id(), false);
        if let Some(path) = walk.path {
            let reason = self.reason_on(&path, source);
            let is_cut = path.iter().any(|(_, cut)| cut.is_some());
            let steps = self.steps(&path, !is_cut);
            return explanation(Some(reason), steps, true);
        }
        // No path at all: the tape saw a part of the computation at most.
        let (reason, hidden) = self.reason_without_path(target, source, &walk);
        // The path as far as the operand whose computation was not recorded.
        let path = hidden.and_then(|id| self.walk(target.id(), id, false).path);
        explanation(
            Some(reason),
            self.steps(&path.unwrap_or_default(), false),
            false,
        )
    }

    fn is_connected(&self, target: Id, source: Id) -> bool {
        let reach = Reach::new(self, &[target], &[source]);
        let target = self.producer(target);
        target.is_some_and(|number| reach.counts[number as usize])
    }

    /// The steps of a path; those behind the first cut are not connected.
    fn steps(&self, path: &[(u32, Option<Reason>)], is_connected: bool) -> Vec<Step> {
        let mut is_connected = is_connected || path.first().is_some_and(|(_, cut)| cut.is_none());
        path.iter()
            .map(|(number, cut)| {
                let entry = &self.entries[*number as usize];
                // The operation itself is cut.
                is_connected &= cut.is_none();
                Step {
                    operation: entry.operation.name(),
                    at: entry.at,
                    is_connected,
                }
            })
            .collect()
    }

    /// What keeps the derivative from the source although a path exists.
    fn reason_on(&self, path: &[(u32, Option<Reason>)], source: &Leaf) -> Reason {
        let cut = path.iter().find_map(|(_, cut)| cut.clone());
        let is_produced = |id| {
            let number = self.producer(id);
            number.is_some_and(|number| self.entries[number as usize].is_tracked)
        };
        let watch = self.watch_of(source.id());
        let is_pause = matches!(cut, Some(Reason::StopRecording { .. }));
        // With a cut and an unwatched source either alone would suffice. The one that a user can
        // act on is named: a cut inside the computation if the source came from watched tensors
        // or recording was paused on purpose, else that the source was never watched.
        match (cut, watch) {
            (Some(cut), Some(_)) => cut,
            (Some(cut), None) if is_pause || is_produced(source.id()) => cut,
            (_, None) => Reason::NeverWatched {
                trainable: match source {
                    Leaf::Tensor(_) => None,
                    Leaf::Variable(variable) => Some(variable.is_trainable()),
                },
            },
            // Watched, and nothing cuts the path: it must have been watched too late.
            (None, Some(watch)) => {
                let used = path
                    .last()
                    .map_or(watch.at, |(number, _)| self.entries[*number as usize].at);
                Reason::WatchedAfterUse {
                    used,
                    watched: watch.at,
                }
            }
        }
    }

    /// Why no path was recorded, and the tensor behind which it may continue.
    fn reason_without_path(
        &self,
        target: &Leaf,
        source: &Leaf,
        walk: &Walk,
    ) -> (Reason, Option<Id>) {
        // Target and source may have been exchanged.
        if self.walk(source.id(), target.id(), false).path.is_some() {
            return (Reason::AfterTarget, None);
        }
        // Each read of a variable is a tensor of its own: a gradient by one of them does not see
        // what another was used for.
        if let Leaf::Tensor(tensor) = source
            && let OriginKind::Read(variable) = tensor.origin().kind
            && let Some((_, at)) = walk.reads.iter().find(|(id, _)| *id == variable)
        {
            return (Reason::AnotherRead { at }, None);
        }
        let mut hidden: Vec<(Id, Origin)> = walk
            .unseen
            .iter()
            .filter_map(|id| {
                let place = self.unseen.binary_search_by_key(id, |(id, _)| *id).ok()?;
                Some(self.unseen[place])
            })
            .collect();
        if let Leaf::Tensor(tensor) = target
            && self.producer(target.id()).is_none()
        {
            hidden.push((tensor.id(), tensor.origin()));
        }
        // Tensors older than the source were not computed from it.
        let hidden = hidden.into_iter().filter(|(id, _)| *id > source.id());
        let reasons = hidden.filter_map(|(id, origin)| Some((id, self.hidden(id, origin)?)));
        let most = reasons.max_by_key(|(_, (rank, _))| *rank);
        most.map_or((Reason::NoPath, None), |(id, (_, reason))| {
            (reason, Some(id))
        })
    }

    /// Why the tape did not record the computation of a tensor, and how sure that is.
    fn hidden(&self, id: Id, origin: Origin) -> Option<(u8, Reason)> {
        let operation = match origin.kind {
            OriginKind::Given => return None,
            OriginKind::Computed(operation) => operation,
            OriginKind::Read(_) => "read",
        };
        let at = origin.at;
        Some(if origin.thread != self.thread {
            (2, Reason::AnotherThread { operation, at })
        } else if id < self.begin || self.phase == Phase::NeverEntered {
            (0, Reason::BeforeTape { operation, at })
        } else {
            (1, Reason::OutsideScope { operation, at })
        })
    }

    /// Finds the path with the fewest cuts, over tracked operands only or over all.
    fn walk(&self, target: Id, source: Id, is_tracked: bool) -> Walk {
        let mut walk = Walk {
            path: None,
            unseen: Vec::new(),
            reads: Vec::new(),
        };
        let Some(start) = self.producer(target) else {
            return walk;
        };
        let end = self.producer(source);
        // For each entry the number of cuts before it, and where it was
        // reached from.
        let mut cuts = vec![u32::MAX; self.entries.len()];
        let mut from: Vec<Option<(u32, Option<Reason>)>> = vec![None; self.entries.len()];
        // A shortest path where an edge costs 1 if it is cut and else nothing, so two ends of a
        // queue replace a heap: what costs nothing is visited first.
        let mut waiting = VecDeque::from([(start, 0)]);
        cuts[start as usize] = 0;
        let mut best: Option<(u32, u32, Option<Reason>)> = None;
        while let Some((number, count)) = waiting.pop_front() {
            // It was reached with fewer cuts since it was queued.
            if count > cuts[number as usize] {
                continue;
            }
            let entry = &self.entries[number as usize];
            if let Operation::Read = entry.operation {
                walk.reads.push((entry.operands[0].id, entry.at));
            }
            for edge in self.edges(number, entry, is_tracked) {
                let next = count + u32::from(edge.cut.is_some());
                if edge.to == source {
                    if best.as_ref().is_none_or(|(_, least, _)| next < *least) {
                        best = Some((number, next, edge.cut));
                    }
                    continue;
                }
                let Some(producer) = edge.producer.filter(|_| edge.producer != end) else {
                    walk.unseen.push(edge.to);
                    continue;
                };
                if next < cuts[producer as usize] {
                    cuts[producer as usize] = next;
                    let is_free = edge.cut.is_none();
                    from[producer as usize] = Some((number, edge.cut));
                    if is_free {
                        waiting.push_front((producer, next));
                    } else {
                        waiting.push_back((producer, next));
                    }
                }
            }
        }
        if let Some((last, _, cut)) = best {
            let mut path = vec![(last, cut)];
            let mut number = last;
            while let Some((before, cut)) = &from[number as usize] {
                path.push((*before, cut.clone()));
                number = *before;
            }
            path.reverse();
            walk.path = Some(path);
        }
        walk
    }

    fn edges(&self, number: u32, entry: &Entry, is_tracked: bool) -> Vec<Edge> {
        let used = entry.operands.iter().enumerate();
        let used = used.filter(|(_, known)| known.is_tracked || !is_tracked);
        let edge = |(index, known): (usize, &KnownOperand)| Edge {
            to: known.id,
            producer: known.producer,
            cut: cut(entry, index),
        };
        let mut edges: Vec<Edge> = used.map(edge).collect();
        if is_tracked {
            edges.retain(|edge| edge.cut.is_none());
        }
        // A variable forgets what it was computed from, and so does the tape; for an explanation
        // the path continues with the value that was assigned last before the read.
        if let (Operation::Read, false) = (&entry.operation, is_tracked) {
            let variable = entry.operands[0].id;
            let before = self.assignments.iter().rev().find(|assignment| {
                assignment.variable.id() == variable && assignment.position <= number as usize
            });
            edges.extend(before.map(|assignment| Edge {
                to: assignment.value.id,
                producer: assignment.value.producer,
                cut: Some(Reason::Assigned {
                    variable: assignment.variable.to_string(),
                    at: assignment.at,
                }),
            }));
        }
        edges
    }
}

/// What keeps a derivative from passing to an operand, whatever is watched.
fn cut(entry: &Entry, index: usize) -> Option<Reason> {
    let (operation, at) = (entry.operation.name(), entry.at);
    if entry.is_paused {
        return Some(Reason::StopRecording { operation, at });
    }
    match &entry.operation {
        Operation::StopGradient => Some(Reason::StopGradient { at }),
        Operation::Gather(_) | Operation::Scatter(..) if index > 0 => Some(Reason::NotFloat {
            what: "an operand of `gather`",
            at: Some(at),
        }),
        operation if !operation.is_differentiable(index) => Some(Reason::NoDerivative {
            operation: operation.name(),
            at,
        }),
        _ if !entry.is_float => Some(Reason::NotFloat {
            what: match entry.operation {
                Operation::Cast(DType::I64 | DType::Bool) => "the result of `cast`",
                _ => "an intermediate tensor",
            },
            at: Some(at),
        }),
        _ => None,
    }
}

/// The description of a tensor or variable in messages, with its type and shape.
pub(crate) fn described(leaf: &Leaf) -> String {
    let kind = match leaf {
        Leaf::Variable(variable) => variable.to_string(),
        Leaf::Tensor(tensor) => {
            let origin = tensor.origin();
            match origin.kind {
                OriginKind::Given => format!("the tensor made at {}", origin.at),
                OriginKind::Computed(operation) => {
                    format!("the result of `{operation}` at {}", origin.at)
                }
                OriginKind::Read(_) => format!("the value read at {}", origin.at),
            }
        }
    };
    if leaf.shape().is_empty() {
        format!("{kind} ({})", leaf.dtype())
    } else {
        format!("{kind} ({}, shape {})", leaf.dtype(), leaf.shape())
    }
}
