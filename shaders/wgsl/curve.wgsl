// Points of a curve y² = x³ + b over F, in the coordinates (X, Y, ZZ, ZZZ) with x = X/ZZ, y = Y/ZZZ,
// ZZ³ = ZZZ². Infinity is ZZ = 0, whatever the others are.
//
// Source: Sutherland's XYZZ formulas madd-2008-s, add-2008-s and dbl-2008-s-1 of the Explicit-Formulas
// Database (short Weierstrass, a = 0). The additions are complete: doubling has their shape,
//
//   addition  P = U2 − U1   R = S2 − S1   X3 = R² − P³ − 2·U1·P²
//   doubling  P = 2·S1      R = 3·U1²     X3 = R²      − 2·U1·P²
//
// with Y3 = R·(U1·P² − X3) − S1·P³ and ZZ3, ZZZ3 = ZZ·P², ZZZ·P³ in both, so equal points take a rare
// branch of one squaring, and opposite ones have P = 0 and give ZZ3 = 0, infinity, by themselves.
//
// Coordinates are below 2p between the functions. Cost: xyzz_madd 10 products, xyzz_add 14.

struct Affine { x: F, y: F }
struct AffineWords { x: FWords, y: FWords }
struct Xyzz { x: F, y: F, zz: F, zzz: F }
struct XyzzWords { x: FWords, y: FWords, zz: FWords, zzz: FWords }

fn xyzz_load(w: XyzzWords) -> Xyzz {
  return Xyzz(f_load(w.x), f_load(w.y), f_load(w.zz), f_load(w.zzz));
}

fn xyzz_store(p: Xyzz) -> XyzzWords {
  return XyzzWords(f_store(p.x), f_store(p.y), f_store(p.zz), f_store(p.zzz));
}

fn xyzz_infinity() -> Xyzz {
  return Xyzz(f_zero(), f_zero(), f_zero(), f_zero());
}

// The sum of (U1, S1, ZZ, ZZZ) and a point with the same ZZ, ZZZ and abscissa U1 + P, ordinate S1 + R.
fn xyzz_finish(u1: F, s1: F, zz: F, zzz: F, p_in: F, r_in: F) -> Xyzz {
  var p = p_in;                                            // < 4p
  var r = r_in;                                            // < 4p
  var doubles = false;
  if (f_is_zero(p)) {
    if (f_is_zero(r)) {
      doubles = true;
      p = f_add(s1, s1);                                   // < 4p
      let xx = f_sqr(u1);                                  // < 2p
      r = f_reduce(f_add(f_add(xx, xx), xx));              // < 6p before
    }
  }
  let pp = f_sqr(p);                                       // < 2p
  let ppp = f_mul(p, pp);                                  // < 2p
  let q = f_mul(u1, pp);                                   // < 2p
  var cube = ppp;
  if (doubles) { cube = f_zero(); }
  let rr = f_sqr(r);                                       // < 2p
  let x3 = f_reduce(f_sub4(f_sub(rr, cube), f_add(q, q))); // < 4p + 4p before
  let y3 = f_reduce(f_sub(f_mul(r, f_sub(q, x3)), f_mul(s1, ppp))); // < 4p before
  return Xyzz(x3, y3, f_mul(zz, pp), f_mul(zzz, ppp));
}

// a + q; q is not infinity.
fn xyzz_madd(a: Xyzz, q: Affine) -> Xyzz {
  if (f_is_zero(a.zz)) {
    return Xyzz(q.x, q.y, f_one(), f_one());
  }
  let p = f_sub(f_mul(q.x, a.zz), a.x);                    // < 4p
  let r = f_sub(f_mul(q.y, a.zzz), a.y);                   // < 4p
  return xyzz_finish(a.x, a.y, a.zz, a.zzz, p, r);
}

// a + b.
fn xyzz_add(a: Xyzz, b: Xyzz) -> Xyzz {
  if (f_is_zero(a.zz)) { return b; }
  if (f_is_zero(b.zz)) { return a; }
  let u1 = f_mul(a.x, b.zz);
  let s1 = f_mul(a.y, b.zzz);
  let p = f_sub(f_mul(b.x, a.zz), u1);                     // < 4p
  let r = f_sub(f_mul(b.y, a.zzz), s1);                    // < 4p
  return xyzz_finish(u1, s1, f_mul(a.zz, b.zz), f_mul(a.zzz, b.zzz), p, r);
}
