//! What the fuzz targets check. The test suite runs the same functions on random bytes.

pub mod msm;
