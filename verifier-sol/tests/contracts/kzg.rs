//! Commitments and openings of blobs against vectors of the consensus specification and against plain arithmetic.

use ark_bls12_381::Fr;
use ark_ff::{BigInteger, Field, PrimeField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use zkroll_verifier_sol::kzg::{CommittedBlob, KzgError, Opening, verify};
use zkroll_verifier_sol::rollup::versioned_hash;

const VALUES: usize = 4096;

fn word(x: &Fr) -> [u8; 32] {
    x.into_bigint().to_bytes_be().try_into().unwrap()
}

fn bytes<const N: usize>(hexadecimal: &str) -> [u8; N] {
    hex::decode(hexadecimal).unwrap().try_into().unwrap()
}

/// The blob of a polynomial: its values at the roots of unity, their indices' twelve bits reversed.
fn blob(coefficients: &[Fr]) -> Vec<u8> {
    let domain = Radix2EvaluationDomain::<Fr>::new(VALUES).unwrap();
    let values = domain.fft(coefficients);
    (0..VALUES)
        .flat_map(|i| word(&values[i.reverse_bits() >> (usize::BITS - 12)]))
        .collect()
}

/// verify_kzg_proof_case_correct_proof_4_4 of ethereum/consensus-spec-tests, also in revm's tests.
#[test]
fn a_published_opening_is_accepted_and_others_are_not() {
    let commitment = bytes(
        "8f59a8d2a1a625a17f3fea0fe5eb8c896db3764f3185481bc22f91b4aaffcca25f26936857bc3a7c2539ea8ec3a952b7",
    );
    let z = bytes("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000");
    let opening = Opening {
        value: bytes("1522a4a7f34e1ea350ae07c29c96c7e79655aa926122e95fe69fcbd932ca49e9"),
        proof: bytes(
            "a62ad71d14c5719385c0686f1871430475bf3a00f0aa3f7b8dd99a9abc2160744faf0070725e00b60ad9a026a15b1a8c",
        ),
    };
    assert_eq!(verify(&commitment, &z, &opening), Ok(true));
    let mut other = opening;
    other.value[31] ^= 1;
    assert_eq!(verify(&commitment, &z, &other), Ok(false));
    other.value = [0xff; 32];
    assert!(matches!(
        verify(&commitment, &z, &other),
        Err(KzgError::Malformed(_))
    ));
    let mut off = commitment;
    off[47] ^= 1;
    assert!(matches!(
        verify(&off, &z, &opening),
        Err(KzgError::Malformed(_))
    ));
}

/// The polynomial 0 has the commitment at infinity, whose hash the specification's tests have too.
#[test]
fn the_zero_blob_has_the_known_hash() {
    let zero = CommittedBlob::new(&[0; 32 * VALUES]).unwrap();
    let mut infinity = [0; 48];
    infinity[0] = 0xc0;
    assert_eq!(zero.commitment(), infinity);
    let hash = bytes("010657f37554c781402a22917dee2f75def7ab966d7b770905398eba3c444014");
    assert_eq!(zero.versioned_hash(), hash);
    assert_eq!(versioned_hash(&infinity), hash);
}

#[test]
fn an_opening_has_the_polynomials_value() {
    let coefficients: Vec<Fr> = (1..=100u64)
        .map(|i| Fr::from(i).pow([20]) + Fr::from(i))
        .collect();
    let blob = CommittedBlob::new(&blob(&coefficients)).unwrap();
    for z in [
        Fr::from(0u64),
        Fr::from(3u64).inverse().unwrap(),
        -Fr::from(1u64),
    ] {
        let value = coefficients
            .iter()
            .rev()
            .fold(Fr::from(0u64), |sum, c| sum * z + c);
        let opening = blob.open(&word(&z)).unwrap();
        assert_eq!(opening.value, word(&value));
        assert_eq!(verify(&blob.commitment(), &word(&z), &opening), Ok(true));
        let other = word(&(z + Fr::from(1u64)));
        assert_eq!(verify(&blob.commitment(), &other, &opening), Ok(false));
    }
    let q = Fr::MODULUS.to_bytes_be().try_into().unwrap();
    assert!(matches!(blob.open(&q), Err(KzgError::Malformed(_))));
}

#[test]
fn bytes_that_are_no_blob_are_refused() {
    let error = CommittedBlob::new(&[0; 32]).unwrap_err();
    assert_eq!(error, KzgError::Length { got: 32 });
    let mut bytes = vec![0; 32 * VALUES];
    bytes[32..64].copy_from_slice(&Fr::MODULUS.to_bytes_be());
    let error = CommittedBlob::new(&bytes).unwrap_err();
    assert!(matches!(error, KzgError::Malformed(_)), "{error}");
}
