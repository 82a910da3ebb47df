// Coordinates of G1: elements of Fq, as curve.wgsl calls them.
alias F = Fq;
alias FWords = Words;

fn f_load(w: FWords) -> F { return fq_load(w); }
fn f_store(x: F) -> FWords { return fq_store(x); }
fn f_words_are_zero(w: FWords) -> bool { return words_are_zero(w); }
fn f_zero() -> F { return fq_zero(); }
fn f_one() -> F { return fq_one(); }
fn f_mul(a: F, b: F) -> F { return fq_mul(a, b); }
fn f_sqr(a: F) -> F { return fq_sqr(a); }
fn f_add(a: F, b: F) -> F { return fq_add(a, b); }
fn f_sub(a: F, b: F) -> F { return fq_sub(a, b); }
fn f_sub4(a: F, b: F) -> F { return fq_sub4(a, b); }
fn f_reduce(x: F) -> F { return fq_reduce(x); }
fn f_is_zero(x: F) -> bool { return fq_is_zero(x); }

// From arkworks' Montgomery form to the layout's.
fn f_from_ark(w: FWords) -> FWords { return fq_store(fq_mul(fq_load(w), fq_ark_to_layout())); }
