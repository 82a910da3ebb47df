//! Powers of τ of snarkjs, and what is refused of them.
//!
//! The files are those of `vectors/snarkjs/ptau/generate.sh`.

use std::fs;
use std::path::Path;

use ark_bn254::{Fq2, G2Affine};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tempfile::TempDir;
use zkroll_prover::backend::BackendName;
use zkroll_prover::formats::FormatError;
use zkroll_prover::formats::ptau::{MAX_POWER, Ptau};
use zkroll_prover::setup::phase2::{BeaconError, ContributionKind, Limits, ParameterError};
use zkroll_prover::setup::powers_of_tau::{
    ContributionError, ContributionSummary, PowersOfTauError, check, development, import,
    verify_contributions,
};
use zkroll_prover::{AnyBackend, KeyError};

const CONTRIBUTED: &[u8] = include_bytes!("../vectors/snarkjs/ptau/contributed.ptau");
const PREPARED: &[u8] = include_bytes!("../vectors/snarkjs/ptau/prepared.ptau");
const BEACON_ALONE: &[u8] = include_bytes!("../vectors/snarkjs/ptau/beacon_alone.ptau");

/// Bytes of points.
const G1_BYTES: usize = 64;
const G2_BYTES: usize = 128;

/// Numbers of sections.
const HEADER: u32 = 1;
const TAU_G1: u32 = 2;
const TAU_G2: u32 = 3;
const ALPHA_TAU_G1: u32 = 4;
const BETA_TAU_G1: u32 = 5;
const BETA_G2: u32 = 6;
const CONTRIBUTIONS: u32 = 7;
const LAGRANGE: [(u32, &str, usize); 4] = [
    (12, "lagrange_g1", G1_BYTES),
    (13, "lagrange_g2", G2_BYTES),
    (14, "alpha_lagrange_g1", G1_BYTES),
    (15, "beta_lagrange_g1", G1_BYTES),
];

/// Where the points of a contribution are; the last three of a key and its other six belong together.
const AFTER: [(&str, usize, usize); 5] = [
    ("tau_g1", 0, 64),
    ("tau_g2", 64, 128),
    ("alpha_g1", 192, 64),
    ("beta_g1", 256, 64),
    ("beta_g2", 320, 128),
];
const KEYS: [(&str, &str, usize, usize); 9] = [
    ("tau_g1_s", "tau", 448, 64),
    ("tau_g1_sx", "tau", 512, 64),
    ("alpha_g1_s", "alpha", 576, 64),
    ("alpha_g1_sx", "alpha", 640, 64),
    ("beta_g1_s", "beta", 704, 64),
    ("beta_g1_sx", "beta", 768, 64),
    ("tau_g2_spx", "tau", 832, 128),
    ("alpha_g2_spx", "alpha", 960, 128),
    ("beta_g2_spx", "beta", 1088, 128),
];
const STATE: usize = 1216;
const NEXT_CHALLENGE: usize = 1432;
const KIND: usize = 1496;
const PARAMETERS: usize = 1500;

/// Response hash and next challenge of each.
const HASHES: [[&str; 2]; 3] = [
    [
        "8cf0dd57a74dd5a8f8c09dc2e8727e648dc61ababec3ffb639ddd127d6a06fe02acaa7b803453a60d3318a77e1a871fe21c979d0d12bf607638d50b1548d361f",
        "0480b97e1870259018405688de01a1cc0c99c9dcd3f4ff4575ba6f6f648e8ca41dfed537c1cbd6fe9586b81b30b89415f0ff6452a4e6b79cd1970efd78c7fa2a",
    ],
    [
        "f738dee6084c70b0656e3354762c35680e511279ce1151dc73bb3104d4a903e2a2f8be323a635e8f19212bb1c8a1259d2045fd23eb39f27a7f1bdd7b5a8b8b9f",
        "c5ca2f6d4d8414c94fcdaa24f51c2b66f4116ac2d5c58cdc64fbf02535ff087fa9c07d22e08c381f1d7047c8eb066e83eddae37751482efdacf9e1b52e22f375",
    ],
    [
        "a9784310fe33e7ed764680c67467d81fce5abb3aaa1b6e450bc7f34efcc28d376b8f0c407003240bbeefda6238564a0da982d4fdcecfecbf133c6ed46987cabe",
        "f024bb4c17b8e3da6a21f16812c86a31881de5148d4c36032c5eff649e5805ca911c98cb0d0525055847daf4673a5ddbbd43010441d81100fb418adad2d01cbf",
    ],
];

fn backend() -> AnyBackend {
    BackendName::Cpu.open().expect("always there")
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(0x7a)
}

/// A file in pieces.
#[derive(Clone)]
struct Sections(Vec<(u32, Vec<u8>)>);

impl Sections {
    fn of(bytes: &[u8]) -> Self {
        let mut sections = Vec::new();
        let mut rest = &bytes[12..];
        while let Some((id, after)) = rest.split_first_chunk::<4>() {
            let (len, after) = after.split_first_chunk::<8>().unwrap();
            let (content, after) = after.split_at(u64::from_le_bytes(*len) as usize);
            sections.push((u32::from_le_bytes(*id), content.to_vec()));
            rest = after;
        }
        Self(sections)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"ptau".to_vec();
        bytes.extend_from_slice(&1u32.to_le_bytes());
        bytes.extend_from_slice(&(self.0.len() as u32).to_le_bytes());
        for (id, content) in &self.0 {
            bytes.extend_from_slice(&id.to_le_bytes());
            bytes.extend_from_slice(&(content.len() as u64).to_le_bytes());
            bytes.extend_from_slice(content);
        }
        bytes
    }

    fn get(&mut self, id: u32) -> &mut Vec<u8> {
        let section = self.0.iter_mut().find(|section| section.0 == id);
        &mut section.expect("the section is there").1
    }

    /// Exchanges two points of a list.
    fn swap(&mut self, id: u32, bytes: usize, i: usize, j: usize) {
        let list = self.get(id);
        for k in 0..bytes {
            list.swap(i * bytes + k, j * bytes + k);
        }
    }

    /// The contributions, one by one.
    fn contributions(&mut self) -> Vec<Vec<u8>> {
        let mut rest = &self.get(CONTRIBUTIONS)[4..];
        let mut contributions = Vec::new();
        while !rest.is_empty() {
            let len = rest[PARAMETERS..].first_chunk().unwrap();
            let end = PARAMETERS + 4 + u32::from_le_bytes(*len) as usize;
            contributions.push(rest[..end].to_vec());
            rest = &rest[end..];
        }
        contributions
    }

    fn set_contributions(&mut self, contributions: &[Vec<u8>]) {
        let mut bytes = (contributions.len() as u32).to_le_bytes().to_vec();
        bytes.extend(contributions.concat());
        *self.get(CONTRIBUTIONS) = bytes;
    }
}

/// A file with other contributions.
fn with_contributions(change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Sections {
    let mut sections = Sections::of(CONTRIBUTED);
    let mut contributions = sections.contributions();
    change(&mut contributions);
    sections.set_contributions(&contributions);
    sections
}

fn open(folder: &Path, name: &str, bytes: &[u8]) -> Result<Ptau, FormatError> {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    Ptau::open(&path)
}

/// Imports a file and returns the one that is written.
fn imported(
    bytes: &[u8],
    power: u32,
) -> Result<(Vec<u8>, Vec<ContributionSummary>), PowersOfTauError> {
    let folder = TempDir::new().unwrap();
    let ptau = open(folder.path(), "in.ptau", bytes)?;
    let out = folder.path().join("out.ptau");
    let result = import(&ptau, power, &out, &mut rng(), &backend(), &mut ());
    assert_eq!(
        result.is_ok(),
        out.exists(),
        "a file is written, or an error is returned"
    );
    result.map(|summaries| (fs::read(&out).unwrap(), summaries))
}

fn refused(sections: &Sections) -> PowersOfTauError {
    match imported(&sections.bytes(), 3) {
        Ok(_) => panic!("expected an error"),
        Err(error) => error,
    }
}

#[track_caller]
fn assert_contribution_refused(sections: &Sections, index: usize, expected: &ContributionError) {
    match refused(sections) {
        PowersOfTauError::Contribution { index: got, source } => {
            assert_eq!((got, &source), (index, expected));
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_not_powers(sections: &Sections, expected: &str) {
    match refused(sections) {
        PowersOfTauError::NotPowers { list } => assert_eq!(list, expected),
        other => panic!("{other:?}"),
    }
}

fn knowledge(element: &'static str) -> ContributionError {
    ContributionError::Knowledge { element }
}

/// Names and hashes as snarkjs printed them.
#[test]
fn contributions_are_those_that_snarkjs_printed() {
    for file in [CONTRIBUTED, PREPARED] {
        let (_, summaries) = imported(file, 3).unwrap();
        let names: Vec<_> = summaries
            .iter()
            .map(|summary| summary.kind.name())
            .collect();
        assert_eq!(
            names,
            [
                Some("first contributor"),
                Some("zweite Person"),
                Some("a beacon")
            ]
        );
        let hashes = summaries
            .iter()
            .map(|summary| [summary.response_hash, summary.next_challenge].map(hex::encode));
        assert!(hashes.eq(HASHES.map(|pair| pair.map(str::to_owned))));
        let [
            ContributionKind::Person { .. },
            ContributionKind::Person { .. },
            ContributionKind::Beacon { beacon, .. },
        ] = [0, 1, 2].map(|i| &summaries[i].kind)
        else {
            panic!("{summaries:?}")
        };
        assert_eq!(beacon.iterations_exp(), 10);
        assert!(beacon.value().iter().copied().eq(1..=32));
    }
}

#[test]
fn lagrange_points_are_those_that_snarkjs_prepares() {
    let (ours, _) = imported(CONTRIBUTED, 3).unwrap();
    let (copied, _) = imported(PREPARED, 3).unwrap();
    assert!(ours == copied, "made and copied are the same");
    let [mut ours, mut theirs] = [&ours[..], PREPARED].map(Sections::of);
    for id in 1..=7 {
        assert!(ours.get(id) == theirs.get(id), "section {id}");
    }
    for (id, list, _) in LAGRANGE {
        assert!(ours.get(id) == theirs.get(id), "{list}");
    }
}

#[test]
fn a_cut_down_file_is_as_good_as_the_whole_one() {
    let (_, whole) = imported(CONTRIBUTED, 3).unwrap();
    for file in [CONTRIBUTED, PREPARED] {
        for power in 1..3 {
            let (cut, summaries) = imported(file, power).unwrap();
            assert_eq!(summaries, whole);
            let folder = TempDir::new().unwrap();
            let ptau = open(folder.path(), "cut.ptau", &cut).unwrap();
            assert_eq!((ptau.power(), ptau.ceremony_power()), (power, 3));
            assert!(ptau.is_prepared() && !ptau.is_unsafe());
            check(&ptau, power, 0..=power, &mut rng(), &backend(), &mut ()).unwrap();
            assert_eq!(
                verify_contributions(&ptau, &Limits::default(), &mut ()).unwrap(),
                whole
            );
            let (again, _) = imported(&cut, power).unwrap();
            assert!(again == cut, "importing changes nothing that was imported");
        }
    }
    assert!(matches!(
        imported(CONTRIBUTED, 4),
        Err(PowersOfTauError::PowerBeyondFile {
            available: 3,
            got: 4
        })
    ));
    assert!(matches!(
        imported(CONTRIBUTED, 0),
        Err(PowersOfTauError::Power { got: 0 })
    ));
}

/// Of a cut-down file the hashes of the lists cannot be computed; a whole file is held to them.
#[test]
fn hashes_of_the_lists_are_checked_of_whole_files_alone() {
    for (offset, expected) in [
        (STATE + 128, ContributionError::Response),
        (STATE, ContributionError::Response),
        (NEXT_CHALLENGE, ContributionError::NextChallenge),
    ] {
        let whole = with_contributions(|list| list[2][offset] ^= 1);
        assert_contribution_refused(&whole, 2, &expected);
        let (cut, _) = imported(CONTRIBUTED, 2).unwrap();
        let mut cut = Sections::of(&cut);
        *cut.get(CONTRIBUTIONS) = whole.clone().get(CONTRIBUTIONS).clone();
        imported(&cut.bytes(), 2).unwrap();
    }
}

/// Which is why contributors compare their response hash.
#[test]
fn earlier_response_hashes_are_whatever_the_file_says() {
    let (_, summaries) = imported(CONTRIBUTED, 3).unwrap();
    let altered = with_contributions(|list| list[0][STATE + 128] ^= 1);
    let (_, others) = imported(&altered.bytes(), 3).unwrap();
    assert_ne!(summaries[0].response_hash, others[0].response_hash);
    assert_eq!(summaries[1..], others[1..]);
}

#[test]
fn exchanged_powers_are_refused() {
    for (id, list, bytes) in [
        (TAU_G1, "tau_g1", 64),
        (TAU_G2, "tau_g2", 128),
        (ALPHA_TAU_G1, "alpha_tau_g1", 64),
        (BETA_TAU_G1, "beta_tau_g1", 64),
    ] {
        for (i, j) in [(2, 3), (6, 7)] {
            let mut sections = Sections::of(CONTRIBUTED);
            sections.swap(id, bytes, i, j);
            assert_not_powers(&sections, list);
        }
        // Points that the contributions lead to.
        let mut sections = Sections::of(CONTRIBUTED);
        let (first, element) = match list {
            "alpha_tau_g1" => (0, "alpha_g1"),
            "beta_tau_g1" => (0, "beta_g1"),
            list => (1, list),
        };
        sections.swap(id, bytes, first, first + 1);
        let expected = ContributionError::NotOfLists { element };
        assert_contribution_refused(&sections, 2, &expected);
    }
    let mut sections = Sections::of(CONTRIBUTED);
    sections.swap(TAU_G1, 64, 13, 14);
    assert_not_powers(&sections, "tau_g1");

    let mut sections = Sections::of(CONTRIBUTED);
    let other = sections.get(TAU_G2)[128..256].to_vec();
    *sections.get(BETA_G2) = other;
    let expected = ContributionError::NotOfLists { element: "beta_g2" };
    assert_contribution_refused(&sections, 2, &expected);

    for (id, bytes, list) in [(TAU_G1, 64, "tau_g1"), (TAU_G2, 128, "tau_g2")] {
        let mut sections = Sections::of(CONTRIBUTED);
        sections.swap(id, bytes, 0, 2);
        match refused(&sections) {
            PowersOfTauError::NotGenerator { list: got } => assert_eq!(got, list),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn exchanged_lagrange_points_are_refused() {
    for (id, list, bytes) in LAGRANGE {
        let levels = if id == 12 { 1..=4 } else { 1..=3 };
        for level in levels {
            let first = (1 << level) - 1;
            let mut sections = Sections::of(PREPARED);
            sections.swap(id, bytes, first, first + 1);
            match refused(&sections) {
                PowersOfTauError::NotLagrange { list: got, power } => {
                    assert_eq!((got, power), (list, level));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn points_off_the_curve_are_refused_in_every_list() {
    let lists = [
        (TAU_G1, "tau_g1", 64),
        (TAU_G2, "tau_g2", 128),
        (ALPHA_TAU_G1, "alpha_tau_g1", 64),
        (BETA_TAU_G1, "beta_tau_g1", 64),
    ];
    for (id, list, bytes) in lists.into_iter().chain(LAGRANGE) {
        let mut sections = Sections::of(PREPARED);
        sections.get(id)[5 * bytes] ^= 1;
        match refused(&sections) {
            PowersOfTauError::Point(KeyError::PointOffCurve { list: got, .. }) => {
                assert_eq!(got, list);
            }
            other => panic!("{list}: {other:?}"),
        }
        let mut sections = Sections::of(PREPARED);
        sections.get(id)[5 * bytes..][..32].fill(0xff);
        let error = refused(&sections);
        assert!(
            matches!(error, PowersOfTauError::Format(_)),
            "{list}: {error:?}"
        );
    }
}

#[test]
fn altered_points_of_contributions_are_refused() {
    let fields = AFTER.into_iter().map(|(name, offset, len)| {
        (
            name,
            ContributionError::NotNext { element: name },
            offset,
            len,
        )
    });
    let keys = KEYS.into_iter();
    let keys = keys.map(|(name, element, offset, len)| (name, knowledge(element), offset, len));
    for (element, expected, offset, len) in fields.chain(keys) {
        for index in 0..3 {
            // Another point of the group: that of another contribution.
            let other = with_contributions(|list| {
                let other = list[(index + 1) % 3][offset..offset + len].to_vec();
                list[index][offset..offset + len].copy_from_slice(&other);
            });
            assert_contribution_refused(&other, index, &expected);

            let off_curve = with_contributions(|list| list[index][offset] ^= 1);
            let source = KeyError::OffCurve { element }.into();
            assert_contribution_refused(&off_curve, index, &source);

            let infinity = with_contributions(|list| list[index][offset..offset + len].fill(0));
            let source = KeyError::Infinity { element }.into();
            assert_contribution_refused(&infinity, index, &source);

            let too_large = with_contributions(|list| list[index][offset..][..32].fill(0xff));
            let source = ContributionError::Coordinate { element };
            assert_contribution_refused(&too_large, index, &source);

            if len == G2_BYTES {
                let bytes = outside_g2();
                let outside = with_contributions(|list| {
                    list[index][offset..offset + len].copy_from_slice(&bytes);
                });
                let source = KeyError::OutOfSubgroup { element }.into();
                assert_contribution_refused(&outside, index, &source);
            }
        }
    }
}

/// A point of the twist that is not in the group, in Montgomery form.
fn outside_g2() -> Vec<u8> {
    let point = (1u64..)
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::from(x), false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap();
    [point.x.c0, point.x.c1, point.y.c0, point.y.c1]
        .iter()
        .flat_map(|coordinate| coordinate.0.0)
        .flat_map(u64::to_le_bytes)
        .collect()
}

#[test]
fn altered_hashes_and_kinds_are_refused() {
    let contributions = Sections::of(CONTRIBUTED).contributions();
    let parameter_bytes =
        [0, 1, 2].map(|i: usize| (contributions[i].len() - PARAMETERS - 4) as u32);
    for index in 0..2 {
        let altered = with_contributions(|list| list[index][NEXT_CHALLENGE + 63] ^= 0x80);
        assert_contribution_refused(&altered, index + 1, &knowledge("tau"));
    }
    for index in 0..3 {
        for (offset, got) in [
            (STATE + 192, 192 * 8 + 96 + 1),
            (STATE + 200, 192 * 8 + 96 + 1),
            (STATE + 196, 192 * 8 + 96 + (1 << 32)),
        ] {
            let altered = with_contributions(|list| list[index][offset] += 1);
            let expected = ContributionError::HashedBytes {
                expected: 192 * 8 + 96,
                got,
            };
            assert_contribution_refused(&altered, index, &expected);
        }
        let altered = with_contributions(|list| list[index][STATE + 192..STATE + 208].fill(0xff));
        let expected = ContributionError::HashedBytes {
            expected: 192 * 8 + 96,
            got: u64::MAX,
        };
        assert_contribution_refused(&altered, index, &expected);

        let altered = with_contributions(|list| list[index][KIND] = 2);
        assert_contribution_refused(&altered, index, &ContributionError::Kind { got: 2 });

        let altered = with_contributions(|list| list[index][PARAMETERS + 2] = 1);
        let got = (1 << 16) + parameter_bytes[index];
        let expected = ParameterError::TooLong { got }.into();
        assert_contribution_refused(&altered, index, &expected);

        let altered = with_contributions(|list| list[index][PARAMETERS + 4] = 9);
        let expected = ParameterError::Unknown { got: 9 }.into();
        assert_contribution_refused(&altered, index, &expected);

        let altered = with_contributions(|list| list[index][PARAMETERS + 6] = 0xff);
        assert_contribution_refused(&altered, index, &ParameterError::NameNotUtf8.into());
    }
    let altered = with_contributions(|list| list[0][KIND] = 1);
    let expected = ParameterError::Missing { tag: 2 }.into();
    assert_contribution_refused(&altered, 0, &expected);
    let altered = with_contributions(|list| list[2][KIND] = 0);
    let expected = ParameterError::NotForPerson { tag: 2 }.into();
    assert_contribution_refused(&altered, 2, &expected);
}

#[test]
fn other_beacons_are_refused() {
    // 2, exponent, 3, length and 32 bytes of value end the parameters.
    let exponent = |list: &[Vec<u8>]| list[2].len() - 32 - 3;
    let with_exponent = |value| {
        with_contributions(|list| {
            let at = exponent(list);
            list[2][at] = value;
        })
    };
    let not_of_beacon = ContributionError::NotOfBeacon {
        element: "tau_g1_s",
    };
    assert_contribution_refused(&with_exponent(11), 2, &not_of_beacon);
    let value = with_contributions(|list| *list[2].last_mut().unwrap() ^= 1);
    assert_contribution_refused(&value, 2, &not_of_beacon);
    let expected = BeaconError::IterationsExp { got: 9 };
    let expected = ParameterError::Beacon(expected).into();
    assert_contribution_refused(&with_exponent(9), 2, &expected);
    let limit = Limits::default().beacon_iterations;
    let expected = BeaconError::TooManyIterations { limit, got_exp: 63 }.into();
    assert_contribution_refused(&with_exponent(63), 2, &expected);
}

/// Neither is in a hash.
#[test]
fn names_and_persons_are_whatever_the_file_says() {
    let renamed = with_contributions(|list| {
        list[0][PARAMETERS + 6] = b'\x1b';
        let beacon = &mut list[2];
        beacon.truncate(PARAMETERS);
        beacon[KIND] = 0;
        beacon.extend_from_slice(&[0; 4]);
    });
    let (_, summaries) = imported(&renamed.bytes(), 3).unwrap();
    assert_eq!(summaries[0].kind.name(), Some("\x1birst contributor"));
    assert_eq!(summaries[2].kind, ContributionKind::Person { name: None });
}

#[test]
fn missing_repeated_and_exchanged_contributions_are_refused() {
    for (order, index) in [
        (&[1, 2][..], 0),
        (&[2], 0),
        (&[0, 2], 1),
        (&[1, 0, 2], 0),
        (&[0, 2, 1], 1),
        (&[0, 0, 1, 2], 1),
        (&[0, 1, 1, 2], 2),
        (&[0, 1, 2, 2], 3),
    ] {
        let reordered =
            with_contributions(|list| *list = order.iter().map(|i| list[*i].clone()).collect());
        assert_contribution_refused(&reordered, index, &knowledge("tau"));
    }
    for count in [1, 2] {
        let cut_off = with_contributions(|list| list.truncate(count));
        let expected = ContributionError::NotOfLists { element: "tau_g1" };
        assert_contribution_refused(&cut_off, count - 1, &expected);
    }
    for change in [1, u32::MAX, u32::MAX / 2] {
        let mut sections = Sections::of(CONTRIBUTED);
        sections.get(CONTRIBUTIONS)[..4].copy_from_slice(&change.wrapping_add(3).to_le_bytes());
        let error = refused(&sections);
        let is_length = matches!(
            error,
            PowersOfTauError::Format(FormatError::SectionLength {
                name: "contributions",
                ..
            })
        );
        assert!(is_length, "{error:?}");
    }
}

#[test]
fn files_without_a_person_are_refused() {
    let none = with_contributions(Vec::clear);
    assert!(matches!(
        refused(&none),
        PowersOfTauError::NoPerson { got: 0 }
    ));
    let alone = Sections::of(BEACON_ALONE);
    assert!(matches!(
        refused(&alone),
        PowersOfTauError::NoPerson { got: 1 }
    ));
}

#[test]
fn ceremonies_of_other_powers_are_refused() {
    let with_ceremony_power = |power: u32| {
        let mut sections = Sections::of(CONTRIBUTED);
        sections.get(HEADER)[40..].copy_from_slice(&power.to_le_bytes());
        sections
    };
    for power in [4, 28] {
        assert_contribution_refused(&with_ceremony_power(power), 0, &knowledge("tau"));
    }
    for power in [0, 2, 29, u32::MAX] {
        match refused(&with_ceremony_power(power)) {
            PowersOfTauError::Format(FormatError::Number { what, got, .. }) => {
                assert_eq!((what, got), ("power of the ceremony", power.into()));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn development_files_are_right_and_say_that_they_are_unsafe() {
    let folder = TempDir::new().unwrap();
    let make = |name: &str, power, seed| {
        let path = folder.path().join(name);
        development(&path, power, &[seed; 32], &mut ()).unwrap();
        path
    };
    for power in 1..=6 {
        let path = make("first.ptau", power, 1);
        let ptau = Ptau::open(&path).unwrap();
        assert_eq!((ptau.power(), ptau.ceremony_power()), (power, power));
        assert!(ptau.is_prepared() && ptau.is_unsafe());
        check(&ptau, power, 0..=power, &mut rng(), &backend(), &mut ()).unwrap();
        let out = folder.path().join("out.ptau");
        assert!(matches!(
            import(&ptau, power, &out, &mut rng(), &backend(), &mut ()),
            Err(PowersOfTauError::Unsafe)
        ));
        assert!(!out.exists());
        // Without the mark nobody has contributed.
        let mut sections = Sections::of(&fs::read(&path).unwrap());
        sections.0.retain(|section| section.0 != 1000);
        let error = imported(&sections.bytes(), power).unwrap_err();
        assert!(
            matches!(error, PowersOfTauError::NoPerson { got: 0 }),
            "{error:?}"
        );

        let [same, other] = [make("same.ptau", power, 1), make("other.ptau", power, 2)];
        let [first, same, other] = [path, same, other].map(|path| fs::read(path).unwrap());
        assert!(first == same && first != other);
    }
    for power in [0, MAX_POWER + 1, u32::MAX] {
        let path = folder.path().join("none.ptau");
        assert!(matches!(
            development(&path, power, &[0; 32], &mut ()),
            Err(PowersOfTauError::Power { got }) if got == power
        ));
        assert!(!path.exists());
    }
}

#[test]
fn files_cut_off_anywhere_are_refused() {
    let folder = TempDir::new().unwrap();
    for len in 0..CONTRIBUTED.len() {
        let result = open(folder.path(), "cut.ptau", &CONTRIBUTED[..len]);
        assert!(result.is_err(), "{len} bytes");
    }
}

#[test]
fn contributions_cut_off_anywhere_are_refused() {
    let folder = TempDir::new().unwrap();
    let whole = Sections::of(CONTRIBUTED).get(CONTRIBUTIONS).clone();
    // Within the first contribution, so that none of them need be verified, and then a few.
    for len in (0..1600).chain((1600..whole.len()).step_by(97)) {
        let mut sections = Sections::of(CONTRIBUTED);
        sections.get(CONTRIBUTIONS).truncate(len);
        let ptau = open(folder.path(), "cut.ptau", &sections.bytes()).unwrap();
        let result = verify_contributions(&ptau, &Limits::default(), &mut ());
        assert!(
            matches!(result, Err(PowersOfTauError::Format(_))),
            "{len} bytes: {result:?}"
        );
    }
}

/// Whatever a byte of the contributions becomes, there is no panic.
#[test]
fn altered_bytes_of_contributions_do_no_harm() {
    let folder = TempDir::new().unwrap();
    let len = Sections::of(CONTRIBUTED).get(CONTRIBUTIONS).len();
    for offset in (0..len).step_by(7) {
        let mut sections = Sections::of(CONTRIBUTED);
        sections.get(CONTRIBUTIONS)[offset] ^= 0xa5;
        let ptau = open(folder.path(), "altered.ptau", &sections.bytes()).unwrap();
        let limits = Limits {
            beacon_iterations: 1 << 12,
        };
        let _ = verify_contributions(&ptau, &limits, &mut ());
    }
}
