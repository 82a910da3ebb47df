// Coordinates of G2: elements c0 + c1·u of Fq2 = Fq[u]/(u² + 1), as curve.wgsl calls them.
// A bound of an element is that of each of its components.
struct F { c0: Fq, c1: Fq }
struct FWords { c0: Words, c1: Words }

fn f_load(w: FWords) -> F { return F(fq_load(w.c0), fq_load(w.c1)); }
fn f_store(x: F) -> FWords { return FWords(fq_store(x.c0), fq_store(x.c1)); }
fn f_words_are_zero(w: FWords) -> bool { return words_are_zero(w.c0) && words_are_zero(w.c1); }
fn f_zero() -> F { return F(fq_zero(), fq_zero()); }
fn f_one() -> F { return F(fq_one(), fq_zero()); }

// a, b < 4p; result < 2p. Karatsuba: three products, in a loop. Written out they would make an addition of
// points 30 products long, hundreds of kilobytes of instructions, which no GPU's instruction cache holds and
// no driver compiles quickly.
fn f_mul(a: F, b: F) -> F {
  var x = a.c0;
  var y = b.c0;
  var t0 = x;
  var t1 = x;
  var m = x;
  for (var i = 0u; i < 3u; i++) {
    let product = fq_mul(x, y);                                      // < 2p
    if (i == 0u) {
      t0 = product;
      x = a.c1;
      y = b.c1;
    } else if (i == 1u) {
      t1 = product;
      x = fq_add(a.c0, a.c1);                                        // < 8p
      y = fq_add(b.c0, b.c1);                                        // < 8p
    } else {
      m = product;
    }
  }
  return F(fq_reduce(fq_sub(t0, t1)),                                // < 4p before
           fq_reduce(fq_sub4(m, fq_add(t0, t1))));                   // < 6p before
}

// a < 4p; result < 2p. (c0 + c1)(c0 − c1) + 2·c0·c1·u.
fn f_sqr(a: F) -> F {
  var x = fq_add(a.c0, a.c1);                                        // < 8p
  var y = fq_sub4(a.c0, a.c1);                                       // < 8p
  var c0 = x;
  var t = x;
  for (var i = 0u; i < 2u; i++) {
    let product = fq_mul(x, y);                                      // < 2p
    if (i == 0u) {
      c0 = product;
      x = a.c0;
      y = a.c1;
    } else {
      t = product;
    }
  }
  return F(c0, fq_reduce(fq_add(t, t)));
}

fn f_add(a: F, b: F) -> F { return F(fq_add(a.c0, b.c0), fq_add(a.c1, b.c1)); }
fn f_sub(a: F, b: F) -> F { return F(fq_sub(a.c0, b.c0), fq_sub(a.c1, b.c1)); }
fn f_sub4(a: F, b: F) -> F { return F(fq_sub4(a.c0, b.c0), fq_sub4(a.c1, b.c1)); }
fn f_reduce(x: F) -> F { return F(fq_reduce(x.c0), fq_reduce(x.c1)); }
fn f_is_zero(x: F) -> bool { return fq_is_zero(x.c0) && fq_is_zero(x.c1); }

fn fq_from_ark(w: Words) -> Words { return fq_store(fq_mul(fq_load(w), fq_ark_to_layout())); }

// From arkworks' Montgomery form to the layout's.
fn f_from_ark(w: FWords) -> FWords { return FWords(fq_from_ark(w.c0), fq_from_ark(w.c1)); }
