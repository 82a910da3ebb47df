//! The crate's few data-parallel loops: rayon under feature `parallel`, plain loops without it.

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

/// Calls `body(k, &mut out[k·size .. min((k+1)·size, len)])` for every chunk `k`.
pub(crate) fn for_each_chunk_mut<T: Send>(
    out: &mut [T],
    size: usize,
    body: impl Fn(usize, &mut [T]) + Sync + Send,
) {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        out.par_chunks_mut(size)
            .enumerate()
            .for_each(|(k, chunk)| body(k, chunk));
    }
    #[cfg(not(feature = "parallel"))]
    out.chunks_mut(size)
        .enumerate()
        .for_each(|(k, chunk)| body(k, chunk));
}

/// `[body(0), …, body(n−1)]`.
pub(crate) fn map<T: Send>(n: usize, body: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        (0..n).into_par_iter().map(body).collect()
    }
    #[cfg(not(feature = "parallel"))]
    (0..n).map(body).collect()
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

/// The number of threads that the loops above may use.
pub(crate) fn num_threads() -> usize {
    #[cfg(feature = "parallel")]
    {
        rayon::current_num_threads()
    }
    #[cfg(not(feature = "parallel"))]
    1
}
