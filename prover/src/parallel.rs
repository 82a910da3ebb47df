//! The crate's few data-parallel loops, the engine's and two more: rayon under feature `parallel`,
//! plain loops without it.

pub(crate) use zkroll_engine::parallel::{for_each_chunk_mut, map, num_threads};

/// Calls `body(i, &mut out[i])` for every index.
pub(crate) fn for_each_mut<T: Send>(out: &mut [T], body: impl Fn(usize, &mut T) + Sync + Send) {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        out.par_iter_mut()
            .enumerate()
            .for_each(|(i, value)| body(i, value));
    }
    #[cfg(not(feature = "parallel"))]
    out.iter_mut()
        .enumerate()
        .for_each(|(i, value)| body(i, value));
}

/// The smallest index for which `predicate` holds.
pub(crate) fn find_first(
    n: usize,
    predicate: impl Fn(usize) -> bool + Sync + Send,
) -> Option<usize> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        (0..n).into_par_iter().find_first(|&i| predicate(i))
    }
    #[cfg(not(feature = "parallel"))]
    (0..n).find(|&i| predicate(i))
}
