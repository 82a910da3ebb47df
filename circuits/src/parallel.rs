//! Loops over pieces of work: on rayon's current pool with the feature `parallel`, plain without.

#[cfg(feature = "parallel")]
pub(crate) fn for_each<T: Send>(items: Vec<T>, body: impl Fn(T) + Send + Sync) {
    use rayon::prelude::*;
    items.into_par_iter().for_each(body);
}

#[cfg(not(feature = "parallel"))]
pub(crate) fn for_each<T: Send>(items: Vec<T>, body: impl Fn(T) + Send + Sync) {
    items.into_iter().for_each(body);
}

#[cfg(feature = "parallel")]
pub(crate) fn map<T: Send, U: Send>(items: Vec<T>, body: impl Fn(T) -> U + Send + Sync) -> Vec<U> {
    use rayon::prelude::*;
    items.into_par_iter().map(body).collect()
}

#[cfg(not(feature = "parallel"))]
pub(crate) fn map<T: Send, U: Send>(items: Vec<T>, body: impl Fn(T) -> U + Send + Sync) -> Vec<U> {
    items.into_iter().map(body).collect()
}

#[cfg(feature = "parallel")]
pub(crate) fn find_map_first<T: Send, U: Send>(
    items: Vec<T>,
    body: impl Fn(T) -> Option<U> + Send + Sync,
) -> Option<U> {
    use rayon::prelude::*;
    items.into_par_iter().find_map_first(body)
}

#[cfg(not(feature = "parallel"))]
pub(crate) fn find_map_first<T: Send, U: Send>(
    items: Vec<T>,
    body: impl Fn(T) -> Option<U> + Send + Sync,
) -> Option<U> {
    items.into_iter().find_map(body)
}

#[cfg(feature = "parallel")]
pub(crate) fn try_for_each<T: Send, E: Send>(
    items: Vec<T>,
    body: impl Fn(T) -> Result<(), E> + Send + Sync,
) -> Result<(), E> {
    use rayon::prelude::*;
    items.into_par_iter().try_for_each(body)
}

#[cfg(not(feature = "parallel"))]
pub(crate) fn try_for_each<T: Send, E: Send>(
    items: Vec<T>,
    body: impl Fn(T) -> Result<(), E> + Send + Sync,
) -> Result<(), E> {
    items.into_iter().try_for_each(body)
}
