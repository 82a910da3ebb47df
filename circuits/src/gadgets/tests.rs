//! Each gadget against its native twin, its cost, and what a cheating prover may not do.

use super::{
    amount,
    babyjubjub::{FixedBase, PointVar, mul_bits},
    bits, eddsa, poseidon, tree,
};
use crate::{
    protocol::{
        self,
        babyjubjub::{Point, Scalar, base8, torsion8},
        eddsa::PrivateKey,
    },
    template::{
        Builder, Num, Result,
        testing::{cheat, synthesise},
    },
};
use ark_bn254::Fr;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, BigInteger, BigInteger256, Field, PrimeField};

const NONE: Vec<String> = Vec::new();

fn minus_one(mut modulus: BigInteger256) -> BigInteger256 {
    modulus.sub_with_borrow(&BigInteger256::from(1u64));
    modulus
}

/// A number that looks random and is the same at each run.
fn sample(seed: u64) -> Fr {
    protocol::poseidon::hash(&[Fr::from(seed)])
}

fn booleans_of(builder: &mut Builder, value: BigInteger256, n: usize) -> Vec<Num> {
    (0..n)
        .map(|i| builder.boolean(value.get_bit(i)).unwrap())
        .collect()
}

#[test]
fn poseidon_equals_its_twin_at_its_cost() {
    let costs = [(2, 240), (4, 297), (5, 321), (8, 402), (16, 609)];
    for n in 1..=16 {
        let inputs: Vec<Fr> = (0..n as u64).map(sample).collect();
        let circuit = synthesise(|builder| {
            let nums = inputs
                .iter()
                .map(|x| builder.witness(*x))
                .collect::<Result<Vec<_>>>()?;
            let hash = poseidon::hash(builder, &nums)?;
            assert_eq!(
                hash.value(),
                protocol::poseidon::hash(&inputs),
                "{n} inputs"
            );
            Ok(())
        });
        assert_eq!(circuit.broken(), NONE);
        if let Some((_, cost)) = costs.iter().find(|(m, _)| *m == n) {
            assert_eq!(circuit.num_constraints(), *cost, "{n} inputs");
        }
    }
}

#[test]
fn every_sbox_column_of_poseidon_is_bound() {
    let columns = 402;
    for column in (0..columns).step_by(7) {
        let circuit = cheat(
            move |label, i, value| {
                if label == "hash" && i == 8 + column {
                    value + Fr::ONE
                } else {
                    value
                }
            },
            |builder| {
                let nums = (0..8)
                    .map(|i| builder.witness(sample(i)))
                    .collect::<Result<Vec<_>>>()?;
                builder.scope("hash", |builder| poseidon::hash(builder, &nums))?;
                Ok(())
            },
        );
        assert_eq!(circuit.broken(), ["hash"], "column {column}");
    }
}

#[test]
fn ranges_hold_at_their_edges() {
    for (value, bits, fits) in [
        (Fr::ZERO, 1, true),
        (Fr::from(255u64), 8, true),
        (Fr::from(256u64), 8, false),
        (-Fr::ONE, 8, false),
        (Fr::from(u128::MAX), 128, true),
        (Fr::from(u128::MAX) + Fr::ONE, 128, false),
    ] {
        let circuit = synthesise(|builder| {
            let num = builder.witness(value)?;
            bits::enforce_range(builder, &num, bits)
        });
        assert_eq!(circuit.broken().is_empty(), fits, "{value} in {bits} bits");
        assert_eq!(circuit.num_constraints(), bits);
        let circuit = synthesise(|builder| {
            let num = builder.witness(value)?;
            bits::decompose(builder, &num, bits).map(|_| ())
        });
        assert_eq!(circuit.broken().is_empty(), fits, "{value} in {bits} bits");
    }
}

#[test]
fn a_range_cannot_be_met_with_a_digit_that_is_no_bit() {
    // 256 = 2·128: the top "bit" set to 2.
    let circuit = cheat(
        |label, i, value| {
            if label == "range" && i == 7 {
                Fr::from(2u64)
            } else {
                value
            }
        },
        |builder| {
            let num = builder.witness(Fr::from(256u64))?;
            builder.scope("range", |builder| bits::enforce_range(builder, &num, 8))
        },
    );
    assert_eq!(circuit.broken(), ["range"]);
}

#[test]
fn comparison_with_a_constant_is_exact() {
    for max in [
        0u64,
        1,
        2,
        5,
        6,
        7,
        0b1011_0111,
        0b1111_0000,
        0b1111_1111,
        0b0111_1110,
    ] {
        for value in 0..256u64 {
            let circuit = synthesise(|builder| {
                bits::booleans_at_most(builder, value.into(), max.into(), 8).map(|_| ())
            });
            assert_eq!(circuit.broken().is_empty(), value <= max, "{value} ≤ {max}");
        }
    }
}

#[test]
fn canonical_bits_refuse_the_number_plus_r() {
    for value in [0u64, 1, 12345] {
        let mut alias = BigInteger256::from(value);
        assert!(!alias.add_with_carry(&Fr::MODULUS));
        assert!(alias.num_bits() <= 254);
        let circuit = synthesise(|builder| {
            let num = builder.witness(Fr::from(value))?;
            let bits = bits::booleans_at_most(builder, alias, minus_one(Fr::MODULUS), 254)?;
            builder.scope("recomposed", |builder| {
                builder.enforce_equal(&bits::compose(&bits), &num)
            })
        });
        // The alias has the right residue; only the comparison refuses it.
        let broken = circuit.broken();
        assert!(
            !broken.is_empty() && !broken.contains(&"recomposed".to_owned()),
            "{broken:?}"
        );
    }
    for value in [Fr::ZERO, -Fr::ONE, sample(1)] {
        let circuit = synthesise(|builder| {
            let num = builder.witness(value)?;
            bits::decompose_canonical(builder, &num).map(|_| ())
        });
        assert_eq!(circuit.broken(), NONE);
    }
}

#[test]
fn amounts_equal_their_twins() {
    for (mantissa, exponent) in [
        (0u64, 0u64),
        (1, 0),
        ((1 << 35) - 1, 31),
        (12_345_678, 9),
        (7, 16),
    ] {
        let encoding = exponent << 35 | mantissa;
        let circuit = synthesise(|builder| {
            let amount = amount::amount(builder, encoding)?;
            let expected = Fr::from(mantissa) * Fr::from(10u64).pow([exponent]);
            assert_eq!(amount.value.value(), expected);
            assert_eq!(amount.encoding.value(), Fr::from(encoding));
            Ok(())
        });
        assert_eq!((circuit.broken(), circuit.num_constraints()), (NONE, 45));
    }
    let circuit = synthesise(|builder| {
        let fee = amount::fee(builder, 3 << 11 | 2047)?;
        assert_eq!(fee.value.value(), Fr::from(2_047_000u64));
        Ok(())
    });
    assert_eq!((circuit.broken(), circuit.num_constraints()), (NONE, 21));
}

#[test]
fn fixed_base_multiples_equal_their_twins() {
    let mut l_minus_one = Scalar::MODULUS;
    l_minus_one.sub_with_borrow(&BigInteger256::from(1u64));
    let samples = (0..3).map(|i| {
        Scalar::from_le_bytes_mod_order(&sample(i).into_bigint().to_bytes_le()).into_bigint()
    });
    let edges = [0u64, 1, 2, 3, 4, 8, 15, 16, 63, 64].map(BigInteger256::from);
    for scalar in edges
        .into_iter()
        .chain([l_minus_one, Scalar::MODULUS])
        .chain(samples)
    {
        let circuit = synthesise(|builder| {
            let bits = booleans_of(builder, scalar, 251);
            let product = builder.scope("multiple", |builder| {
                FixedBase::base8().mul_bits(builder, &bits)
            })?;
            let expected: Point = base8().mul_bigint(scalar).into_affine();
            assert_eq!(
                (product.x.value(), product.y.value()),
                (expected.x, expected.y),
                "{scalar}"
            );
            Ok(())
        });
        assert_eq!(circuit.broken(), NONE, "{scalar}");
        assert_eq!(circuit.count("multiple"), 505);
    }
}

#[test]
fn variable_base_multiples_equal_their_twins() {
    let l = Scalar::MODULUS;
    let mut l_plus_two = l;
    l_plus_two.add_with_carry(&BigInteger256::from(2u64));
    let scalars = [0u64, 1, 2, 3, 4, 5, 1 << 40].map(BigInteger256::from);
    let scalars = scalars
        .into_iter()
        .chain([l_plus_two, minus_one(Fr::MODULUS)]);
    let scalars = scalars.chain((0..3).map(|i| sample(i).into_bigint()));
    let points = [
        base8(),
        (base8() * Scalar::from(7u64)).into_affine(),
        -base8(),
    ];
    for (scalar, point) in scalars.zip(points.into_iter().cycle()) {
        let circuit = synthesise(|builder| {
            let bits = booleans_of(builder, scalar, 254);
            let point_var = PointVar {
                x: builder.witness(point.x)?,
                y: builder.witness(point.y)?,
            };
            let product =
                builder.scope("multiple", |builder| mul_bits(builder, &point_var, &bits))?;
            let expected: Point = point.mul_bigint(scalar).into_affine();
            assert_eq!(
                (product.x.value(), product.y.value()),
                (expected.x, expected.y),
                "{scalar}"
            );
            Ok(())
        });
        assert_eq!(circuit.broken(), NONE, "{scalar}");
        assert_eq!(circuit.count("multiple"), 6 * 253 + 14);
    }
}

#[test]
fn the_only_scalars_without_an_assignment_are_multiples_of_l_in_a_prefix() {
    // h = l: the last step would give the identity. No assignment, and no wrong one.
    let circuit = synthesise(|builder| {
        let bits = booleans_of(builder, Scalar::MODULUS, 254);
        let base = base8();
        let point = PointVar {
            x: builder.witness(base.x)?,
            y: builder.witness(base.y)?,
        };
        mul_bits(builder, &point, &bits).map(|_| ())
    });
    assert_eq!(circuit.broken(), ["ladder"]);
}

#[test]
fn eight_times_a_key_of_low_order_has_no_montgomery_form() {
    for class in 0..8u64 {
        let key = (torsion8() * Scalar::from(class)).into_affine();
        let circuit = synthesise(|builder| {
            let key = PointVar {
                x: builder.witness(key.x)?,
                y: builder.witness(key.y)?,
            };
            let key8 = key.checked_mul_by_cofactor(builder)?;
            let bits = booleans_of(builder, 5u64.into(), 254);
            mul_bits(builder, &key8, &bits).map(|_| ())
        });
        assert!(
            circuit.broken().contains(&"not_identity".to_owned()),
            "class {class}"
        );
    }
}

#[test]
fn signatures_are_accepted_at_their_cost_and_nothing_else_is() {
    let key = PrivateKey::from([7; 32]);
    let message = sample(9);
    let signature = key.sign(message);
    let public = key.public_key();
    let verify = |message: Fr, signature: protocol::eddsa::Signature, public: (Fr, Fr)| {
        synthesise(|builder| {
            let key = PointVar {
                x: builder.witness(public.0)?,
                y: builder.witness(public.1)?,
            };
            let message = builder.witness(message)?;
            eddsa::verify(builder, &key, &message, &signature)
        })
    };
    let good = (public.x, public.y);
    let circuit = verify(message, signature, good);
    assert_eq!(circuit.broken(), NONE);
    assert_eq!(circuit.num_constraints(), 3054);

    assert_eq!(
        verify(message + Fr::ONE, signature, good).broken(),
        ["equation"]
    );
    let mut twin = signature;
    twin.s.add_with_carry(&Scalar::MODULUS);
    assert!(
        verify(message, twin, good)
            .broken()
            .contains(&"scalar_below_l".to_owned())
    );
    let mut moved = signature;
    moved.r8.0 += Fr::ONE;
    assert_eq!(verify(message, moved, good).broken(), ["equation"]);
    let other = PrivateKey::from([8; 32]).public_key();
    assert_eq!(
        verify(message, signature, (other.x, other.y)).broken(),
        ["equation"]
    );
    // A + T₂ is another key with the same multiple by eight; the challenge names A itself.
    assert_eq!(
        verify(message, signature, (-public.x, -public.y)).broken(),
        ["equation"]
    );
}

fn small_tree(leaf: Fr, index: usize) -> (Vec<[Fr; 8]>, Fr) {
    let mut path = Vec::new();
    let mut node = leaf;
    for level in 0..2 {
        let mut children = std::array::from_fn(|i| sample(100 * level + i as u64));
        children[index >> (3 * level) & 7] = node;
        node = protocol::poseidon::hash(&children);
        path.push(children);
    }
    (path, node)
}

#[test]
fn a_leaf_is_replaced_at_every_index() {
    for index in 0..64usize {
        let (old, new) = (sample(1), sample(2));
        let (path, old_root) = small_tree(old, index);
        let (_, new_root) = small_tree(new, index);
        let circuit = synthesise(|builder| {
            let bits = booleans_of(builder, (index as u64).into(), 6);
            let old = builder.witness(old)?;
            let new = builder.witness(new)?;
            let roots = builder.scope("update", |builder| {
                tree::update(builder, &bits, &old, &new, &path)
            })?;
            assert_eq!((roots.old.value(), roots.new.value()), (old_root, new_root));
            Ok(())
        });
        assert_eq!(circuit.broken(), NONE, "index {index}");
        assert_eq!(circuit.count("update"), 2 * 780);
    }
}

#[test]
fn a_leaf_that_is_not_at_the_index_is_refused() {
    let (path, root) = small_tree(sample(1), 10);
    let circuit = synthesise(|builder| {
        let bits = booleans_of(builder, 11u64.into(), 6);
        let old = builder.witness(sample(1))?;
        let new = builder.witness(sample(2))?;
        let roots = tree::update(builder, &bits, &old, &new, &path)?;
        assert_eq!(roots.old.value(), root);
        Ok(())
    });
    assert_eq!(circuit.broken(), ["membership"]);
}

/// Every column of the gadgets below is computed from those before it. One that is not is caught
/// where it was made and nowhere else.
fn assert_caught_where_made(
    label: &'static str,
    columns: usize,
    body: fn(&mut Builder) -> Result<()>,
) {
    let step = (columns / 16).max(1);
    for column in (0..columns).step_by(step).chain([columns - 1]) {
        let mut seen = 0;
        let circuit = cheat(
            move |at, _, value| {
                let here = at == label && {
                    seen += 1;
                    seen - 1 == column
                };
                if here { value + Fr::ONE } else { value }
            },
            body,
        );
        assert_eq!(circuit.broken(), [label], "column {column}");
    }
}

fn multiply_variable(builder: &mut Builder) -> Result<()> {
    let base = base8();
    let point = PointVar {
        x: builder.witness(base.x)?,
        y: builder.witness(base.y)?,
    };
    let bits = booleans_of(builder, sample(3).into_bigint(), 254);
    mul_bits(builder, &point, &bits).map(|_| ())
}

#[test]
fn a_variable_base_multiple_is_bound_column_by_column() {
    assert_caught_where_made("not_identity", 2, multiply_variable);
    assert_caught_where_made("shifted", 2, multiply_variable);
    assert_caught_where_made("ladder", 253 * 6 + 2, multiply_variable);
    assert_caught_where_made("parity", 8, multiply_variable);
}

#[test]
fn a_fixed_base_multiple_is_bound_column_by_column() {
    assert_caught_where_made("multiple", 505, |builder| {
        let bits = booleans_of(builder, sample(4).into_bigint(), 251);
        builder.scope("multiple", |builder| {
            FixedBase::base8().mul_bits(builder, &bits)
        })?;
        Ok(())
    });
}

#[test]
fn the_cofactor_is_bound_column_by_column_and_the_curve_apart() {
    fn multiply(builder: &mut Builder) -> Result<()> {
        let base = base8();
        let key = PointVar {
            x: builder.witness(base.x)?,
            y: builder.witness(base.y)?,
        };
        key.checked_mul_by_cofactor(builder).map(|_| ())
    }
    assert_caught_where_made("cofactor", 13, multiply);
    let off_curve = synthesise(|builder| {
        let key = PointVar {
            x: builder.witness(sample(1))?,
            y: builder.witness(sample(2))?,
        };
        key.checked_mul_by_cofactor(builder).map(|_| ())
    });
    assert_eq!(off_curve.broken(), ["on_curve"]);
}
