//! The circuit twins of [`protocol`](crate::protocol): file by file, name by name.
//!
//! A gadget takes [`Num`](crate::template::Num)s and a [`Builder`](crate::template::Builder); what
//! it constrains is stated in its documentation, and what it *relies on* (ranges, curve membership)
//! too. The native function of the same name is the specification.

pub mod account;
pub mod amount;
pub mod babyjubjub;
pub mod bits;
pub mod blob;
pub mod eddsa;
pub mod nonnative;
pub mod poseidon;
pub mod record;
pub mod transfer;
pub mod tree;

#[cfg(test)]
mod tests;
