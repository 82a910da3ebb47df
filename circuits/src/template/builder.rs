//! [`Builder`]: what a template's gadgets are written against.
//!
//! It wraps an arkworks constraint system, so that a gadget of that ecosystem can be used through
//! [`Builder::cs`], and adds what templates need: ports, exports, and a label for every constraint.
//! The template's *ports* (shared and imported columns) are the instance variables of its own small
//! constraint system, its *locals* are the witness variables.

use super::Num;
use crate::arithmetic::inverse;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::{
    ConstraintSystem, ConstraintSystemRef, OptimizationGoal, SynthesisError, SynthesisMode,
    Variable,
};

/// Replaces the honest value of a witness column: (label, column, honest value) → value.
#[cfg(test)]
pub(crate) type Cheat = Box<dyn FnMut(&str, usize, Fr) -> Fr>;

/// Builds the constraints of one template, or only its witness.
pub struct Builder {
    cs: ConstraintSystemRef<Fr>,
    constrain: bool,
    ports: Vec<String>,
    exports: Vec<Export>,
    scopes: Vec<String>,
    labels: Vec<Label>,
    #[cfg(test)]
    pub(crate) cheat: Option<Cheat>,
}

/// A column that later copies may import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Export {
    pub(super) name: String,
    pub(super) local: usize,
}

/// The label of the constraints from `first_row` up to the next label's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) first_row: usize,
    pub(super) name: String,
}

/// The label of `row`, where `labels` are in order and the first one is row 0's.
pub(super) fn label_of(labels: &[Label], row: usize) -> &str {
    let after = labels.partition_point(|label| label.first_row <= row);
    &labels[after - 1].name
}

/// What a builder has built.
pub(super) struct Built {
    pub(super) cs: ConstraintSystem<Fr>,
    pub(super) ports: Vec<String>,
    pub(super) exports: Vec<Export>,
    pub(super) labels: Vec<Label>,
}

/// The result of building.
pub type Result<T> = core::result::Result<T, SynthesisError>;

impl Builder {
    /// A builder that makes constraints and a witness.
    pub(super) fn constraining() -> Self {
        Self::new(true)
    }

    /// A builder that makes only a witness.
    pub(super) fn assigning() -> Self {
        Self::new(false)
    }

    fn new(constrain: bool) -> Self {
        let cs = ConstraintSystem::new_ref();
        cs.set_optimization_goal(OptimizationGoal::Constraints);
        cs.set_mode(SynthesisMode::Prove {
            construct_matrices: constrain,
            generate_lc_assignments: constrain,
        });
        Self {
            cs,
            constrain,
            ports: Vec::new(),
            exports: Vec::new(),
            scopes: Vec::new(),
            labels: vec![Label {
                first_row: 0,
                name: String::new(),
            }],
            #[cfg(test)]
            cheat: None,
        }
    }

    pub(super) fn finish(self) -> Built {
        let Self {
            cs,
            ports,
            exports,
            labels,
            ..
        } = self;
        cs.finalize();
        let cs = cs
            .into_inner()
            .expect("the builder owns the only reference");
        Built {
            cs,
            ports,
            exports,
            labels,
        }
    }

    /// The arkworks constraint system underneath, for gadgets of that ecosystem.
    pub fn cs(&self) -> ConstraintSystemRef<Fr> {
        self.cs.clone()
    }

    /// Names the constraints that `body` makes, inside the names already open: `eddsa/challenge`.
    pub fn scope<T>(&mut self, name: &str, body: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let path = match self.scopes.last() {
            Some(outer) => format!("{outer}/{name}"),
            None => name.to_owned(),
        };
        self.scopes.push(path);
        self.relabel();
        let result = body(self);
        self.scopes.pop();
        self.relabel();
        result
    }

    fn relabel(&mut self) {
        let first_row = self.cs.num_constraints();
        let name = self.scopes.last().cloned().unwrap_or_default();
        match self.labels.last_mut() {
            Some(last) if last.first_row == first_row => last.name = name,
            _ => self.labels.push(Label { first_row, name }),
        }
    }

    /// A column of another template or of the instance, whose value the caller states. Ports are
    /// numbered in the order of these calls.
    pub fn port(&mut self, name: &str, value: Fr) -> Result<Num> {
        self.ports.push(name.to_owned());
        let variable = self.cs.new_input_variable(|| Ok(value))?;
        Ok(self.column(variable, value))
    }

    /// Lets other templates import `num`, through a new column equal to it, which is returned.
    pub fn export(&mut self, name: &str, num: &Num) -> Result<Num> {
        let column = self.witness(num.value)?;
        self.enforce_equal(&column, num)?;
        self.export_column(name, &column);
        Ok(column)
    }

    /// Lets other templates import `column`, a witness column.
    ///
    /// # Panics
    /// If it is any other linear combination.
    pub fn export_column(&mut self, name: &str, column: &Num) {
        if self.constrain {
            assert!(column.is_column(), "export `{name}` is not a column");
            let variable = column.terms[0].1;
            assert!(
                variable.is_witness(),
                "export `{name}` is not a witness column"
            );
            let local = variable.index().expect("a witness variable has an index");
            self.exports.push(Export {
                name: name.to_owned(),
                local,
            });
        }
    }

    fn column(&self, variable: Variable, value: Fr) -> Num {
        let terms = if self.constrain {
            vec![(Fr::ONE, variable)]
        } else {
            Vec::new()
        };
        Num {
            value,
            constant: Fr::ZERO,
            terms,
        }
    }

    /// A linear combination whose value the caller knows. `build` makes the combination itself, and is
    /// called only where constraints are made.
    pub fn form(&self, value: Fr, build: impl FnOnce() -> Num) -> Num {
        if self.constrain {
            build()
        } else {
            Num::constant(value)
        }
    }

    /// A new witness column.
    pub fn witness(&mut self, value: Fr) -> Result<Num> {
        #[cfg(test)]
        let value = match &mut self.cheat {
            Some(cheat) => {
                let label = self.scopes.last().map_or("", String::as_str);
                cheat(label, self.cs.num_witness_variables(), value)
            }
            None => value,
        };
        let variable = self.cs.new_witness_variable(|| Ok(value))?;
        Ok(self.column(variable, value))
    }

    /// Enforces `a·b = c`.
    pub fn enforce(&mut self, a: &Num, b: &Num, c: &Num) -> Result<()> {
        if self.constrain {
            self.cs
                .enforce_r1cs_constraint(|| a.to_lc(), || b.to_lc(), || c.to_lc())?;
        }
        Ok(())
    }

    /// Enforces `a = b`.
    pub fn enforce_equal(&mut self, a: &Num, b: &Num) -> Result<()> {
        self.enforce(&(a - b), &Num::one(), &Num::zero())
    }

    /// A new column `a·b`.
    pub fn mul(&mut self, a: &Num, b: &Num) -> Result<Num> {
        let product = self.witness(a.value * b.value)?;
        self.enforce(a, b, &product)?;
        Ok(product)
    }

    /// A new column `numerator/denominator`. Where the denominator is zero no assignment satisfies
    /// the constraint unless the numerator is zero too, and then *any* quotient does: the caller
    /// shows that this cannot be.
    pub fn div(&mut self, numerator: &Num, denominator: &Num) -> Result<Num> {
        let inverse = inverse(&denominator.value).unwrap_or(Fr::ZERO);
        let quotient = self.witness(numerator.value * inverse)?;
        self.enforce(&quotient, denominator, numerator)?;
        Ok(quotient)
    }

    /// Enforces `num ≠ 0`, with its inverse as the hint.
    pub fn enforce_nonzero(&mut self, num: &Num) -> Result<()> {
        self.div(&Num::one(), num).map(|_| ())
    }

    /// A new column that is 0 or 1.
    pub fn boolean(&mut self, value: bool) -> Result<Num> {
        let bit = self.witness(Fr::from(value))?;
        self.enforce(&bit, &(&Num::one() - &bit), &Num::zero())?;
        Ok(bit)
    }
}
