//! Loops over pieces of work: on rayon's current pool with the feature `parallel`, plain without.

use super::Result;

#[cfg(feature = "parallel")]
pub(super) fn for_each<T: Send>(items: Vec<T>, body: impl Fn(T) + Send + Sync) {
    use rayon::prelude::*;
    items.into_par_iter().for_each(body);
}

#[cfg(not(feature = "parallel"))]
pub(super) fn for_each<T: Send>(items: Vec<T>, body: impl Fn(T) + Send + Sync) {
    items.into_iter().for_each(body);
}

#[cfg(feature = "parallel")]
pub(super) fn find_map_first<T: Send, U: Send>(
    items: Vec<T>,
    body: impl Fn(T) -> Option<U> + Send + Sync,
) -> Option<U> {
    use rayon::prelude::*;
    items.into_par_iter().find_map_first(body)
}

#[cfg(not(feature = "parallel"))]
pub(super) fn find_map_first<T: Send, U: Send>(
    items: Vec<T>,
    body: impl Fn(T) -> Option<U> + Send + Sync,
) -> Option<U> {
    items.into_iter().find_map(body)
}

#[cfg(feature = "parallel")]
pub(super) fn try_for_each<T: Send>(
    items: Vec<T>,
    body: impl Fn(T) -> Result<()> + Send + Sync,
) -> Result<()> {
    use rayon::prelude::*;
    items.into_par_iter().try_for_each(body)
}

#[cfg(not(feature = "parallel"))]
pub(super) fn try_for_each<T: Send>(
    items: Vec<T>,
    body: impl Fn(T) -> Result<()> + Send + Sync,
) -> Result<()> {
    items.into_iter().try_for_each(body)
}
