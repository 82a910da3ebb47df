//! The two prime fields of BN254 as integers, and just enough arithmetic for their constants.

/// A 288-bit integer, 32-bit words, low first: room for 8p.
pub type Wide = [u32; 9];

/// A prime field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Coordinates of G1.
    Fq,
    /// Scalars.
    Fr,
}

impl Field {
    /// What the names of its functions begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Fq => "fq",
            Self::Fr => "fr",
        }
    }

    /// The name of its type.
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::Fq => "Fq",
            Self::Fr => "Fr",
        }
    }

    /// p. Source: EIP-197; compared with arkworks' in the tests of the twins.
    pub const fn modulus(self) -> Wide {
        match self {
            Self::Fq => [
                0xd87c_fd47,
                0x3c20_8c16,
                0x6871_ca8d,
                0x9781_6a91,
                0x8181_585d,
                0xb850_45b6,
                0xe131_a029,
                0x3064_4e72,
                0,
            ],
            Self::Fr => [
                0xf000_0001,
                0x43e1_f593,
                0x79b9_7091,
                0x2833_e848,
                0x8181_585d,
                0xb850_45b6,
                0xe131_a029,
                0x3064_4e72,
                0,
            ],
        }
    }

    /// k·p for k ≤ 8.
    pub fn multiple(self, k: u32) -> Wide {
        (0..k).fold([0; 9], |sum, _| add(sum, self.modulus()))
    }

    /// `2^bits mod p`.
    pub fn power_of_two(self, bits: u32) -> Wide {
        let mut one = [0; 9];
        one[0] = 1;
        (0..bits).fold(one, |power, _| {
            let doubled = add(power, power);
            if less(&doubled, &self.modulus()) {
                doubled
            } else {
                sub(doubled, self.modulus())
            }
        })
    }

    /// `−p⁻¹ mod 2^bits`, for bits ≤ 32.
    pub fn negative_inverse(self, bits: u32) -> u32 {
        let p = self.modulus()[0];
        // Each step doubles the number of right bits; an odd p is its own inverse modulo 8.
        let inverse = (0..4).fold(p, |x, _| {
            x.wrapping_mul(2u32.wrapping_sub(p.wrapping_mul(x)))
        });
        inverse.wrapping_neg() & mask(bits)
    }
}

/// The lowest `bits` bits set.
pub const fn mask(bits: u32) -> u32 {
    u32::MAX >> (32 - bits)
}

/// `count` limbs of `bits` bits.
pub fn limbs(value: &Wide, bits: u32, count: usize) -> Vec<u32> {
    let bit = |i: usize| (value.get(i / 32).map_or(0, |word| word >> (i % 32))) & 1;
    (0..count)
        .map(|limb| (0..bits as usize).fold(0, |x, i| x | bit(limb * bits as usize + i) << i))
        .collect()
}

fn add(a: Wide, b: Wide) -> Wide {
    let mut carry = 0;
    std::array::from_fn(|i| {
        let sum = u64::from(a[i]) + u64::from(b[i]) + carry;
        carry = sum >> 32;
        sum as u32
    })
}

fn sub(a: Wide, b: Wide) -> Wide {
    let mut borrow = 0;
    std::array::from_fn(|i| {
        let difference = i64::from(a[i]) - i64::from(b[i]) - borrow;
        borrow = i64::from(difference < 0);
        difference as u32
    })
}

fn less(a: &Wide, b: &Wide) -> bool {
    a.iter().rev().lt(b.iter().rev())
}
