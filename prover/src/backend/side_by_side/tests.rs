//! Fallback and division of labour.
