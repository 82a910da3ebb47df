//! What the fuzz targets check. The test suite runs the same functions on random bytes and on the corpora
//! in `seeds/`.

pub mod msm;
pub mod parsers;
