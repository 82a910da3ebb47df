// A field element in a buffer: eight 32-bit words, little-endian, the lowest word in lo.x.
struct Words { lo: vec4<u32>, hi: vec4<u32> }

fn words_are_zero(w: Words) -> bool {
  let x = w.lo | w.hi;
  return (x.x | x.y | x.z | x.w) == 0u;
}
