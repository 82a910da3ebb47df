//! Folders, and files of sections taken apart and changed.

#![allow(
    dead_code,
    reason = "every test binary uses its own part of this module"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// An empty folder for one test of this binary.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(env!("CARGO_CRATE_NAME"))
        .join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Where the contents of the sections are.
pub fn section_ranges(file: &[u8]) -> BTreeMap<u32, std::ops::Range<usize>> {
    let mut ranges = BTreeMap::new();
    let mut at = 12;
    while at < file.len() {
        let id = u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        let len = u64::from_le_bytes(file[at + 4..at + 12].try_into().unwrap()) as usize;
        ranges.insert(id, at + 12..at + 12 + len);
        at += 12 + len;
    }
    ranges
}

/// The contents of the sections.
pub fn sections(path: &Path) -> BTreeMap<u32, Vec<u8>> {
    let file = fs::read(path).unwrap();
    let ranges = section_ranges(&file).into_iter();
    ranges
        .map(|(id, range)| (id, file[range].to_vec()))
        .collect()
}

/// Writes a file with the first two different neighbours of a list exchanged.
pub fn exchange_points(from: &Path, to: &Path, section: u32, point_bytes: usize) {
    let mut file = fs::read(from).unwrap();
    let range = section_ranges(&file)[&section].clone();
    let points: Vec<_> = file[range.clone()]
        .chunks(point_bytes)
        .map(<[u8]>::to_vec)
        .collect();
    let i = points
        .windows(2)
        .position(|pair| pair[0] != pair[1])
        .unwrap();
    let start = range.start + i * point_bytes;
    file[start..start + point_bytes].copy_from_slice(&points[i + 1]);
    file[start + point_bytes..start + 2 * point_bytes].copy_from_slice(&points[i]);
    fs::write(to, file).unwrap();
}
