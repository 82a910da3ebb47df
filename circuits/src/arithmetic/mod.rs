//! Arithmetic in the scalar field that witnesses and products spend their time in.

mod dot;
mod inverse;

pub(crate) use dot::sum_of_products;
pub(crate) use inverse::inverse;
