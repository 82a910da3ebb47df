//! zkroll.
