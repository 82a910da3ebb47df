//! A few data-parallel loops: rayon under feature `parallel`, plain loops without it.

/// Calls `body(k, &mut out[k·size .. min((k+1)·size, len)])` for every chunk `k`.
pub fn for_each_chunk_mut<T: Send>(
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

/// `[body(0, chunk 0), body(1, chunk 1), …]` over the chunks of `size` values of `out`.
pub(crate) fn map_chunks_mut<T: Send, U: Send>(
    out: &mut [T],
    size: usize,
    body: impl Fn(usize, &mut [T]) -> U + Sync + Send,
) -> Vec<U> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        out.par_chunks_mut(size)
            .enumerate()
            .map(|(k, chunk)| body(k, chunk))
            .collect()
    }
    #[cfg(not(feature = "parallel"))]
    out.chunks_mut(size)
        .enumerate()
        .map(|(k, chunk)| body(k, chunk))
        .collect()
}

/// `[body(0), …, body(n−1)]`.
pub fn map<T: Send>(n: usize, body: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        (0..n).into_par_iter().map(body).collect()
    }
    #[cfg(not(feature = "parallel"))]
    (0..n).map(body).collect()
}

/// What `body` gives for the smallest index for which it gives something; those behind it may be left out.
pub(crate) fn find_map_first<T: Send>(
    n: usize,
    body: impl Fn(usize) -> Option<T> + Sync + Send,
) -> Option<T> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        (0..n).into_par_iter().find_map_first(body)
    }
    #[cfg(not(feature = "parallel"))]
    (0..n).find_map(body)
}

/// Calls `body` with ranges that together are `0..n`: several for each thread, so that a slow one
/// does not keep the others waiting; without threads, one.
pub(crate) fn for_each_range(n: usize, body: impl Fn(std::ops::Range<usize>) + Sync + Send) {
    #[cfg(feature = "parallel")]
    if num_threads() > 1 {
        use rayon::prelude::*;
        /// Ranges for each thread.
        const SHARES: usize = 8;
        let size = n.div_ceil(SHARES * num_threads()).max(1);
        (0..n.div_ceil(size))
            .into_par_iter()
            .for_each(|i| body(i * size..((i + 1) * size).min(n)));
        return;
    }
    body(0..n);
}

/// The number of threads that the loops above may use.
#[must_use]
pub fn num_threads() -> usize {
    #[cfg(feature = "parallel")]
    {
        rayon::current_num_threads()
    }
    #[cfg(not(feature = "parallel"))]
    1
}

/// Calls `body` once on each thread, at the same time, and returns what the calls return.
pub(crate) fn on_all_threads<T: Send>(body: impl Fn() -> T + Sync + Send) -> Vec<T> {
    #[cfg(feature = "parallel")]
    {
        let results = std::sync::Mutex::new(Vec::new());
        rayon::scope(|scope| {
            for _ in 0..num_threads() {
                scope.spawn(|_| {
                    let result = body();
                    results
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .push(result);
                });
            }
        });
        results
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
    #[cfg(not(feature = "parallel"))]
    vec![body()]
}
