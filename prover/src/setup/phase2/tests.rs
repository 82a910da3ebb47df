//! Lists as a whole: snarkjs' own, ours, and what is refused.

use std::io::{self, Read};

use ark_bn254::{Fq2, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{One, UniformRand};
use blake2::{Blake2b512, Digest};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;

use super::draw::hash_to_g2;
use super::transcript::{g1_to_be_bytes, transcript_after};
use super::*;
use crate::observer::Cancellation;
use crate::validate::KeyError;

fn rng() -> StdRng {
    StdRng::seed_from_u64(50)
}

/// The ceremony that snarkjs carried out: three persons and a beacon.
fn ceremony() -> Value {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/phase2.json")).unwrap();
    vectors["ceremony"].clone()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn read(bytes: &[u8]) -> Result<ContributionList, ContributionListError> {
    ContributionList::read(bytes)
}

fn written(list: &ContributionList) -> Vec<u8> {
    let mut bytes = Vec::new();
    list.write(&mut bytes).unwrap();
    bytes
}

fn verify(list: &ContributionList) -> Result<VerifiedContributions, ContributionError> {
    list.verify(&Limits::default(), &mut ())
}

fn person(name: &str) -> ContributionKind {
    let name = Some(name.to_owned());
    ContributionKind::Person { name }
}

fn beacon() -> Beacon {
    Beacon::new(*b"the weather of the day", 10).unwrap()
}

fn beacon_kind() -> ContributionKind {
    let beacon = beacon();
    ContributionKind::Beacon { name: None, beacon }
}

/// A contribution as the module's header defines it, for any x and s.
fn contribution(
    list: &ContributionList,
    x: Fr,
    s: G1Affine,
    kind: ContributionKind,
) -> Contribution {
    let sx = (s * x).into_affine();
    let transcript = list.next_transcript(&s, &sx);
    Contribution {
        delta_after: (list.delta_g1() * x).into_affine(),
        delta_g1_s: s,
        delta_g1_sx: sx,
        delta_g2_spx: (hash_to_g2(&transcript) * x).into_affine(),
        transcript,
        kind,
    }
}

fn random_g1(rng: &mut StdRng) -> G1Affine {
    G1Projective::rand(rng).into_affine()
}

/// Three persons and a beacon.
fn chain() -> ContributionList {
    let mut rng = rng();
    let mut list = ContributionList::new([0xc1; 64]);
    for name in ["Ada", "", "Grace"] {
        let secret = Secret::new(Fr::rand(&mut rng)).unwrap();
        list.contribute(&secret, Some(name), &mut rng).unwrap();
    }
    list.contribute_beacon(&beacon(), None, &mut ()).unwrap();
    list
}

#[test]
fn a_ceremony_of_snarkjs_is_verified_and_written_again() {
    let ceremony = ceremony();
    let section = bytes(&ceremony["section_10"]);
    let list = read(&section).unwrap();
    assert_eq!(written(&list), section);

    let verified = verify(&list).unwrap();
    assert!(verified.has_person());
    assert_eq!(verified.require_person(), Ok(()));
    assert_eq!(verified.circuit_hash(), &list.circuit_hash);
    assert_eq!(verified.delta_g1(), list.delta_g1());
    assert_eq!(
        hex::encode(g1_to_be_bytes(&verified.delta_g1())),
        ceremony["delta_g1"]
    );
    let hashes = ceremony["contribution_hashes"].as_array().unwrap();
    assert_eq!(verified.contributions().len(), hashes.len());
    for (summary, hash) in verified.contributions().iter().zip(hashes) {
        assert_eq!(hex::encode(summary.hash), *hash);
    }
    let names: Vec<_> = list.contributions.iter().map(|c| c.kind.name()).collect();
    // snarkjs cuts names off after 64 UTF-16 code units, in the middle of a character if need be.
    let cut = "a".repeat(63) + "\u{fffd}";
    assert_eq!(
        names,
        [Some("Zoë 🎲"), None, Some(&*cut), Some("the beacon")]
    );
}

#[test]
fn a_list_that_snarkjs_began_is_continued() {
    let mut list = read(&bytes(&ceremony()["initial_section_10"])).unwrap();
    assert_eq!(list.contributions, []);
    assert_eq!(list.delta_g1(), G1Affine::generator());
    let verified = verify(&list).unwrap();
    assert_eq!(
        verified.require_person(),
        Err(ContributionError::NoPerson { beacons: 0 })
    );

    let secret = Secret::new(Fr::from(5u64)).unwrap();
    list.contribute(&secret, None, &mut rng()).unwrap();
    assert_eq!(
        verify(&list).unwrap().delta_g1(),
        G1Affine::generator() * Fr::from(5u64)
    );
}

#[test]
fn our_chain_is_verified_and_read_again() {
    let list = chain();
    assert_eq!(read(&written(&list)).unwrap(), list);
    let verified = verify(&list).unwrap();
    assert!(verified.has_person());
    let names: Vec<_> = list.contributions.iter().map(|c| c.kind.name()).collect();
    assert_eq!(names, [Some("Ada"), None, Some("Grace"), None]);
}

#[test]
fn contributions_are_what_the_equations_say() {
    let mut rng = rng();
    let mut list = chain();
    let x = Fr::rand(&mut rng);
    let by_hand = |list: &ContributionList, s| contribution(list, x, s, person("Emmy"));
    let secret = Secret::new(x).unwrap();
    let before = list.clone();
    let added = list.contribute(&secret, Some("Emmy"), &mut rng).unwrap();
    assert_eq!(*added, by_hand(&before, added.delta_g1_s));

    let (secret, s) = beacon().draw(&mut ()).unwrap();
    let mut list = before.clone();
    let public = list.contribute_beacon(&beacon(), None, &mut ()).unwrap();
    assert_eq!(public.scalar(), secret.scalar());
    assert_eq!(
        list.contributions.last(),
        Some(&contribution(&before, *secret.scalar(), s, beacon_kind()))
    );
}

#[test]
fn beacons_alone_are_told_apart() {
    let mut list = ContributionList::new([1; 64]);
    for exp in [10, 11] {
        let beacon = Beacon::new(*b"public", exp).unwrap();
        list.contribute_beacon(&beacon, Some("a name"), &mut ())
            .unwrap();
    }
    let verified = verify(&list).unwrap();
    assert!(!verified.has_person());
    assert_eq!(
        verified.require_person(),
        Err(ContributionError::NoPerson { beacons: 2 })
    );
}

/// Applies `change` to each contribution in turn and demands `expected` of the list.
fn refused(
    change: impl Fn(&mut ContributionList, usize),
    expected: impl Fn(usize) -> ContributionError,
) {
    let list = chain();
    for index in 0..list.contributions.len() {
        let mut changed = list.clone();
        change(&mut changed, index);
        assert_eq!(verify(&changed).err(), Some(expected(index)));
    }
}

#[test]
fn a_changed_transcript_is_refused() {
    refused(
        |list, i| list.contributions[i].transcript[63] ^= 1,
        |index| ContributionError::Transcript { index },
    );
    refused(
        |list, _| list.circuit_hash[0] ^= 1,
        |_| ContributionError::Transcript { index: 0 },
    );
}

#[test]
fn other_points_are_refused() {
    let mut rng = rng();
    let other_g1 = random_g1(&mut rng);
    let other_g2 = G2Projective::rand(&mut rng).into_affine();
    refused(
        |list, i| list.contributions[i].delta_after = other_g1,
        |index| ContributionError::Delta { index },
    );
    refused(
        |list, i| list.contributions[i].delta_g1_s = other_g1,
        |index| ContributionError::Transcript { index },
    );
    refused(
        |list, i| list.contributions[i].delta_g1_sx = other_g1,
        |index| ContributionError::Transcript { index },
    );
    refused(
        |list, i| list.contributions[i].delta_g2_spx = other_g2,
        |index| ContributionError::Knowledge { index },
    );
    // Points of the very contribution, but with the sign changed.
    refused(
        |list, i| {
            let contribution = &mut list.contributions[i];
            contribution.delta_after = -contribution.delta_after;
        },
        |index| ContributionError::Delta { index },
    );
    refused(
        |list, i| {
            let contribution = &mut list.contributions[i];
            contribution.delta_g2_spx = -contribution.delta_g2_spx;
        },
        |index| ContributionError::Knowledge { index },
    );
}

/// The hash of an altered contribution is anyone's to recompute; the pairings must hold then.
#[test]
fn a_recomputed_transcript_does_not_help() {
    let mut rng = rng();
    let other = random_g1(&mut rng);
    let rehash = |list: &mut ContributionList, i: usize| {
        let contributions = list.contributions.split_off(i);
        let mut contribution = contributions[0].clone();
        contribution.transcript =
            list.next_transcript(&contribution.delta_g1_s, &contribution.delta_g1_sx);
        list.contributions.push(contribution);
    };
    refused(
        |list, i| {
            list.contributions[i].delta_g1_s = other;
            rehash(list, i);
        },
        |index| ContributionError::Knowledge { index },
    );
    refused(
        |list, i| {
            list.contributions[i].delta_g1_sx = other;
            rehash(list, i);
        },
        |index| ContributionError::Knowledge { index },
    );
}

#[test]
fn another_order_is_refused() {
    let list = chain();
    let last = list.contributions.len() - 1;
    for index in 0..last {
        for other in index + 1..=last {
            let mut swapped = list.clone();
            swapped.contributions.swap(index, other);
            assert_eq!(
                verify(&swapped).err(),
                Some(ContributionError::Transcript { index })
            );
        }
        let mut removed = list.clone();
        removed.contributions.remove(index);
        assert_eq!(
            verify(&removed).err(),
            Some(ContributionError::Transcript { index })
        );
    }
    for index in 0..=last {
        let mut repeated = list.clone();
        let again = repeated.contributions[index].clone();
        repeated.contributions.insert(index + 1, again);
        assert_eq!(
            verify(&repeated).err(),
            Some(ContributionError::Transcript { index: index + 1 })
        );
    }
}

#[test]
fn a_prefix_is_a_list_with_another_delta() {
    let mut list = chain();
    let whole = verify(&list).unwrap().delta_g1();
    list.contributions.pop();
    assert_ne!(verify(&list).unwrap().delta_g1(), whole);
}

#[test]
fn contributions_for_another_circuit_are_refused() {
    let list = chain();
    let mut other = ContributionList::new([0xc2; 64]);
    other.contributions = list.contributions;
    assert_eq!(
        verify(&other).err(),
        Some(ContributionError::Transcript { index: 0 })
    );
}

#[test]
fn factors_of_plus_minus_one_are_refused() {
    let mut rng = rng();
    for x in [Fr::one(), -Fr::one()] {
        for length in 0..=4 {
            let mut list = chain();
            list.contributions.truncate(length);
            let s = random_g1(&mut rng);
            list.contributions
                .push(contribution(&list, x, s, person("nobody")));
            assert_eq!(
                verify(&list).err(),
                Some(ContributionError::Unchanged { index: length })
            );
        }
    }
}

fn off_curve<P: SWCurveConfig>() -> Affine<P> {
    Affine::new_unchecked(P::BaseField::one(), P::BaseField::one())
}

fn g2_out_of_subgroup() -> G2Affine {
    (1u64..)
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::from(x), false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap()
}

type SetPoint = fn(&mut Contribution, G1Affine);

#[test]
fn points_outside_their_groups_are_refused() {
    let in_g1: [(&str, SetPoint); 3] = [
        ("delta_after", |c, p| c.delta_after = p),
        ("delta_g1_s", |c, p| c.delta_g1_s = p),
        ("delta_g1_sx", |c, p| c.delta_g1_sx = p),
    ];
    let check = |change: &dyn Fn(&mut Contribution), expected: KeyError| {
        refused(
            |list, i| change(&mut list.contributions[i]),
            |index| ContributionError::Point {
                index,
                source: expected.clone(),
            },
        );
        // The same bytes in a file.
        let mut list = chain();
        change(&mut list.contributions[2]);
        match read(&written(&list)) {
            Err(ContributionListError::Point { index: 2, source }) => {
                assert_eq!(source, expected);
            }
            other => panic!("expected {expected}, got {other:?}"),
        }
    };
    for (element, set) in in_g1 {
        check(
            &|c| set(c, G1Affine::zero()),
            KeyError::Infinity { element },
        );
        check(&|c| set(c, off_curve()), KeyError::OffCurve { element });
    }
    let element = "delta_g2_spx";
    for (point, expected) in [
        (G2Affine::zero(), KeyError::Infinity { element }),
        (off_curve(), KeyError::OffCurve { element }),
        (g2_out_of_subgroup(), KeyError::OutOfSubgroup { element }),
    ] {
        check(&|c| c.delta_g2_spx = point, expected);
    }
}

#[test]
fn beacons_must_be_those_of_their_value() {
    let mut rng = rng();
    let (secret, s) = beacon().draw(&mut ()).unwrap();
    let not_of_beacon = |element| Some(ContributionError::NotOfBeacon { index: 2, element });
    for (x, s, expected) in [
        (
            *secret.scalar(),
            random_g1(&mut rng),
            not_of_beacon("delta_g1_s"),
        ),
        (Fr::rand(&mut rng), s, not_of_beacon("delta_g1_sx")),
        (*secret.scalar(), s, None),
    ] {
        let mut list = chain();
        list.contributions.truncate(2);
        list.contributions
            .push(contribution(&list, x, s, beacon_kind()));
        assert_eq!(verify(&list).err(), expected);
    }
    // Another value, another number of iterations, or a person's contribution with a beacon's label.
    for (index, other) in [
        (3, Beacon::new(*b"another value", 10).unwrap()),
        (3, Beacon::new(beacon().value(), 11).unwrap()),
        (1, beacon()),
    ] {
        let mut list = chain();
        list.contributions[index].kind = ContributionKind::Beacon {
            name: None,
            beacon: other,
        };
        let element = "delta_g1_s";
        assert_eq!(
            verify(&list).err(),
            Some(ContributionError::NotOfBeacon { index, element })
        );
    }
}

/// What the module's header warns of.
#[test]
fn labels_are_in_no_hash() {
    let mut list = chain();
    for contribution in &mut list.contributions {
        contribution.kind = person("Mallory");
    }
    let verified = verify(&list).unwrap();
    for (summary, original) in verified.contributions().iter().zip(chain().contributions) {
        assert_eq!(summary.hash, original.hash());
    }
}

#[test]
fn the_limit_counts_all_beacons_together() {
    let mut list = chain();
    let longer = Beacon::new(*b"second", 11).unwrap();
    list.contribute_beacon(&longer, None, &mut ()).unwrap();
    let with_limit = |beacon_iterations| {
        let limits = Limits { beacon_iterations };
        list.verify(&limits, &mut ()).err()
    };
    let too_many = |index, limit, got_exp| {
        let source = BeaconError::TooManyIterations { limit, got_exp };
        Some(ContributionError::Beacon { index, source })
    };
    assert_eq!(with_limit(3072), None);
    assert_eq!(with_limit(3071), too_many(4, 2047, 11));
    assert_eq!(with_limit(1023), too_many(3, 1023, 10));
    assert_eq!(with_limit(0), too_many(3, 0, 10));
}

#[test]
fn a_hostile_beacon_does_not_hang_the_verifier() {
    let mut list = chain();
    let beacon = Beacon::new(*b"x", 63).unwrap();
    list.contributions[3].kind = ContributionKind::Beacon { name: None, beacon };
    let list = read(&written(&list)).unwrap();
    assert_eq!(
        verify(&list).err(),
        Some(ContributionError::Beacon {
            index: 3,
            source: BeaconError::TooManyIterations {
                limit: 1 << 32,
                got_exp: 63
            }
        })
    );
}

/// Cancels from the start.
struct Cancelling;

impl BeaconObserver for Cancelling {
    fn cancellation(&self) -> Cancellation {
        let cancellation = Cancellation::new();
        cancellation.cancel();
        cancellation
    }
}

#[test]
fn a_cancelled_verification_says_so() {
    assert_eq!(
        chain().verify(&Limits::default(), &mut Cancelling).err(),
        Some(ContributionError::Cancelled { index: 0 })
    );
    let mut list = chain();
    assert_eq!(
        list.contribute_beacon(&beacon(), None, &mut Cancelling)
            .err(),
        Some(ContributeError::Beacon(BeaconError::Cancelled))
    );
    assert_eq!(list, chain(), "nothing was added");
}

/// Where a byte of a contribution stands.
const POINTS: usize = 3 * 64 + 128;
const TRANSCRIPT: usize = POINTS + 64;
const KIND: usize = TRANSCRIPT + 4;
const LENGTH: usize = KIND + 4;

/// Flips two bits of every byte of a list and demands the refusal that belongs to the place.
#[test]
fn every_byte_of_a_list_matters() {
    let list = chain();
    let original = written(&list);
    let limits = Limits {
        beacon_iterations: 1 << 12,
    };
    let mut ends = vec![68];
    for length in 1..=list.contributions.len() {
        let mut prefix = list.clone();
        prefix.contributions.truncate(length);
        ends.push(written(&prefix).len());
    }
    for at in 0..original.len() {
        for bit in [1 << (at % 8), 1 << (at / 8 % 8)] {
            let mut changed = original.clone();
            changed[at] ^= bit;
            let after_read = read(&changed);
            if at < 64 {
                assert_eq!(
                    verify(&after_read.unwrap()).err(),
                    Some(ContributionError::Transcript { index: 0 })
                );
                continue;
            }
            if at < 68 {
                assert!(matches!(
                    after_read,
                    Err(ContributionListError::CutOff { .. }
                        | ContributionListError::TrailingBytes { .. })
                ));
                continue;
            }
            let index = ends.iter().rposition(|&end| end <= at).unwrap();
            let offset = at - ends[index];
            // A wrong length: the next contribution is read from the wrong place.
            let follows = |i, offset| i == index + 1 && (KIND..LENGTH).contains(&offset);
            let as_expected = match after_read {
                Err(ContributionListError::Coordinate { index: i, .. }) => {
                    i == index && offset < POINTS || follows(i, offset)
                }
                Err(ContributionListError::Point {
                    index: i,
                    source: KeyError::OffCurve { .. },
                }) => i == index && offset < POINTS || follows(i, offset),
                Err(ContributionListError::Kind { index: i, .. }) => {
                    i == index && (TRANSCRIPT..KIND).contains(&offset)
                }
                Err(ContributionListError::Parameters { index: i, .. }) => {
                    i == index && offset >= TRANSCRIPT
                }
                Err(
                    ContributionListError::CutOff { .. }
                    | ContributionListError::TrailingBytes { .. },
                ) => (KIND..LENGTH).contains(&offset),
                Err(_) => false,
                Ok(read_list) => match read_list.verify(&limits, &mut ()) {
                    Err(ContributionError::Transcript { index: i }) => {
                        i == index && (POINTS..TRANSCRIPT).contains(&offset)
                    }
                    Err(ContributionError::NotOfBeacon { index: i, .. }) => {
                        i == index && offset >= LENGTH
                    }
                    // A longer beacon than the limit allows.
                    Err(ContributionError::Beacon { index: i, .. }) => {
                        i == index && offset >= LENGTH
                    }
                    Err(_) => false,
                    // A letter of a name.
                    Ok(_) => index < 3 && offset >= LENGTH + 2,
                },
            };
            assert!(as_expected, "byte {offset} of contribution {index}");
        }
    }
}

#[test]
fn shorter_and_longer_bytes_are_refused() {
    let bytes = written(&chain());
    for length in 0..bytes.len() {
        let error = read(&bytes[..length]).unwrap_err();
        let ContributionListError::CutOff { part } = error else {
            panic!("{length} bytes: {error}");
        };
        assert_eq!(part == ListPart::Header, length < 68);
    }
    for more in [&[0u8][..], &bytes] {
        let error = read(&[&bytes[..], more].concat()).unwrap_err();
        assert!(matches!(
            error,
            ContributionListError::TrailingBytes { count: 4 }
        ));
    }
}

#[test]
fn a_claimed_number_allocates_nothing() {
    let mut bytes = vec![0; 64];
    bytes.extend_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(
        read(&bytes),
        Err(ContributionListError::CutOff {
            part: ListPart::Contribution(0)
        })
    ));
}

#[test]
fn coordinates_have_one_encoding() {
    let list = chain();
    let original = written(&list);
    let modulus = <ark_bn254::Fq as ark_ff::PrimeField>::MODULUS;
    let mut at = 68;
    for (element, coordinates) in [
        ("delta_after", 2),
        ("delta_g1_s", 2),
        ("delta_g1_sx", 2),
        ("delta_g2_spx", 4),
    ] {
        for _ in 0..coordinates {
            // The same number and the modulus once more.
            let mut changed = original.clone();
            let mut carry = 0u128;
            for (limb, chunk) in modulus.0.iter().zip(changed[at..at + 32].chunks_mut(8)) {
                let old = u64::from_le_bytes((&*chunk).try_into().unwrap());
                let sum = u128::from(old) + u128::from(*limb) + carry;
                chunk.copy_from_slice(&(sum as u64).to_le_bytes());
                carry = sum >> 64;
            }
            assert_eq!(carry, 0);
            match read(&changed) {
                Err(ContributionListError::Coordinate {
                    index: 0,
                    element: got,
                }) => assert_eq!(got, element),
                other => panic!("{element}: {other:?}"),
            }
            at += 32;
        }
    }
}

/// A list of one contribution with any kind and parameters.
fn with_parameters(kind: u32, parameters: &[u8]) -> Vec<u8> {
    let mut list = ContributionList::new([0; 64]);
    let s = random_g1(&mut rng());
    let unnamed = ContributionKind::Person { name: None };
    list.contributions
        .push(contribution(&list, Fr::from(3u64), s, unnamed));
    let mut bytes = written(&list);
    bytes.truncate(bytes.len() - 8);
    bytes.extend_from_slice(&kind.to_le_bytes());
    bytes.extend_from_slice(&(parameters.len() as u32).to_le_bytes());
    bytes.extend_from_slice(parameters);
    bytes
}

#[test]
fn parameters_that_are_accepted_are_written_again() {
    let longest = [&[1, 255][..], &[b'a'; 255], &[2, 10, 3, 255], &[7; 255]].concat();
    for (kind, parameters) in [
        (0, &b""[..]),
        (0, &[1, 0]),
        (0, &[1, 3, b'A', b'd', b'a']),
        (1, &[2, 10, 3, 1, 0]),
        (1, &[1, 0, 2, 63, 3, 2, 5, 6]),
        (1, &longest),
    ] {
        let bytes = with_parameters(kind, parameters);
        assert_eq!(written(&read(&bytes).unwrap()), bytes);
    }
}

#[test]
fn wrong_parameters_are_refused() {
    use ParameterError::*;
    let order = |previous, got| Order { previous, got };
    let too_long = [&[1, 255][..], &[b'a'; 255], &[2, 10, 3, 255], &[7; 256]].concat();
    for (kind, parameters, expected) in [
        (0, &[0][..], order(0, 0)),
        (0, &[1, 0, 1, 0], order(1, 1)),
        (1, &[2, 10, 1, 0, 3, 1, 0], order(2, 1)),
        (1, &[3, 1, 0, 2, 10], order(3, 2)),
        (0, &[4], Unknown { got: 4 }),
        (0, &[1, 0, 255, 0], Unknown { got: 255 }),
        (0, &[1], CutOff { tag: 1 }),
        (0, &[1, 3, b'a', b'b'], CutOff { tag: 1 }),
        (1, &[2], CutOff { tag: 2 }),
        (1, &[2, 10, 3], CutOff { tag: 3 }),
        (1, &[2, 10, 3, 2, 0], CutOff { tag: 3 }),
        (0, &[1, 1, 0xff], NameNotUtf8),
        // The surrogate U+D800.
        (0, &[1, 3, 0xed, 0xa0, 0x80], NameNotUtf8),
        (0, &[2, 10], NotForPerson { tag: 2 }),
        (0, &[2, 10, 3, 1, 0], NotForPerson { tag: 2 }),
        (0, &[3, 1, 0], NotForPerson { tag: 3 }),
        (1, &[], Missing { tag: 2 }),
        (1, &[1, 0, 3, 1, 0], Missing { tag: 2 }),
        (1, &[2, 10], Missing { tag: 3 }),
        (1, &[2, 10, 3, 0], Beacon(BeaconError::Length { got: 0 })),
        (
            1,
            &[2, 9, 3, 1, 0],
            Beacon(BeaconError::IterationsExp { got: 9 }),
        ),
        (
            1,
            &[2, 64, 3, 1, 0],
            Beacon(BeaconError::IterationsExp { got: 64 }),
        ),
        (1, &too_long, TooLong { got: 517 }),
    ] {
        match read(&with_parameters(kind, parameters)) {
            Err(ContributionListError::Parameters { index: 0, source }) => {
                assert_eq!(source, expected);
            }
            other => panic!("{parameters:?}: expected {expected}, got {other:?}"),
        }
    }
    for kind in [2, 256, u32::MAX] {
        assert!(matches!(
            read(&with_parameters(kind, &[])),
            Err(ContributionListError::Kind { index: 0, got }) if got == kind
        ));
    }
}

#[test]
fn names_must_fit() {
    let mut list = chain();
    list.contributions[1].kind = person(&"é".repeat(127));
    assert_eq!(read(&written(&list)).unwrap(), list);
    list.contributions[1].kind = person(&"é".repeat(128));
    assert!(matches!(
        list.write(io::sink()),
        Err(ContributionListError::NameTooLong { index: 1, got: 256 })
    ));
    let secret = Secret::new(Fr::from(3u64)).unwrap();
    assert_eq!(
        list.contribute(&secret, Some(&"a".repeat(65)), &mut rng())
            .err(),
        Some(ContributeError::NameTooLong { got: 65 })
    );
}

/// Fails at once.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

impl io::Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_systems_errors_are_passed_on() {
    let bytes = written(&chain());
    let error = ContributionList::read(bytes[..100].chain(Broken)).unwrap_err();
    assert!(matches!(
        error,
        ContributionListError::Io { part: ListPart::Contribution(0), source }
            if source.kind() == io::ErrorKind::PermissionDenied
    ));
    let error = ContributionList::read(bytes.chain(Broken)).unwrap_err();
    assert!(matches!(error, ContributionListError::Io { .. }));
    let error = chain().write(Broken).unwrap_err();
    assert!(matches!(
        error,
        ContributionListError::Io { part: ListPart::Header, source }
            if source.kind() == io::ErrorKind::StorageFull
    ));
}

#[test]
fn the_transcript_of_a_contribution_is_the_lists_next() {
    let mut list = chain();
    let last = list.contributions.pop().unwrap();
    let transcript = list.next_transcript(&last.delta_g1_s, &last.delta_g1_sx);
    assert_eq!(transcript, last.transcript);
    let empty = Blake2b512::new_with_prefix(list.circuit_hash);
    let first = &list.contributions[0];
    assert_eq!(
        transcript_after(&empty, &first.delta_g1_s, &first.delta_g1_sx),
        first.transcript
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1200)) {
        if let Ok(list) = read(&bytes) {
            prop_assert_eq!(written(&list), bytes);
        }
    }

    /// Random parameters behind a valid contribution: what is accepted is what is written.
    #[test]
    fn any_parameters_are_read_without_panic(
        kind in 0u32..3,
        parameters in proptest::collection::vec(prop_oneof![0u8..5, 10u8..64, any::<u8>()], 0..16),
    ) {
        let bytes = with_parameters(kind, &parameters);
        if let Ok(list) = read(&bytes) {
            prop_assert_eq!(written(&list), bytes);
        }
    }
}
