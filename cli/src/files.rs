//! Reading and writing the commands' files.
//!
//! A file that is written appears whole or not at all: it is written beside its place and renamed.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::NamedTempFile;
use zkroll::prover::ProvingKey;
use zkroll::prover::formats::{FormatError, json::JsonError};
use zkroll::prover::key_file::{self, KeyFileError, StreamedKey};

use crate::error::CliError;

/// Reads a JSON file; `what` says what it should hold.
///
/// # Errors
/// If it cannot be read or holds something else.
pub fn read_json<T: DeserializeOwned>(path: &Path, what: &'static str) -> Result<T, CliError> {
    let bytes = fs::read(path).map_err(|source| io_error("read", path, source))?;
    serde_json::from_slice(&bytes).map_err(|source| CliError::Json {
        what,
        path: path.to_owned(),
        source,
    })
}

/// Reads a file of at most `max` bytes; of a longer one the first `max + 1`, so that its reader refuses it.
///
/// # Errors
/// If it cannot be read.
pub fn read_text(path: &Path, max: usize) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(max as u64 + 1).read_to_end(&mut bytes))
        .map_err(|source| io_error("read", path, source))?;
    Ok(bytes)
}

/// A refused file of circom or snarkjs.
pub fn format_error(path: &Path, source: FormatError) -> CliError {
    CliError::Format {
        path: path.to_owned(),
        source,
    }
}

/// A refused JSON file of snarkjs.
pub fn json_error(path: &Path, source: JsonError) -> CliError {
    CliError::SnarkjsJson {
        path: path.to_owned(),
        source,
    }
}

/// A refused key file.
pub fn key_file_error(path: &Path, source: KeyFileError) -> CliError {
    CliError::KeyFile {
        path: path.to_owned(),
        source,
    }
}

/// Writes a key file.
///
/// # Errors
/// If the file system refuses.
pub fn write_key(path: &Path, key: &ProvingKey) -> Result<(), CliError> {
    key_file::write(path, key).map_err(|source| key_file_error(path, source))
}

/// Reads a proving key for the circuit with this digest, with a warning if it is a development key.
///
/// # Errors
/// If the file is refused or its key is for another circuit.
pub fn read_key(path: &Path, circuit: &[u8; 32]) -> Result<ProvingKey, CliError> {
    let key = key_file::read(path, Some(circuit)).map_err(|source| key_file_error(path, source))?;
    if key.provenance.is_unsafe() {
        warn_unsafe(path);
    }
    Ok(key)
}

/// Opens a key whose lists stay in the file, otherwise as [`read_key`].
///
/// # Errors
/// If the file is refused or its key is for another circuit.
pub fn open_key(path: &Path, circuit: &[u8; 32]) -> Result<StreamedKey, CliError> {
    let key =
        StreamedKey::open(path, Some(circuit)).map_err(|source| key_file_error(path, source))?;
    if key.header().provenance.is_unsafe() {
        warn_unsafe(path);
    }
    Ok(key)
}

/// Says on standard error that a key is for development only.
pub fn warn_unsafe(path: &Path) {
    eprintln!(
        "warning: {} is an UNSAFE development key: whoever has its seed can prove false statements",
        path.display()
    );
}

/// A file that is written but not yet in its place.
pub struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

impl Staged {
    /// Writes the bytes beside `path`; without [`Staged::commit`] nothing remains of them.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn bytes(path: &Path, bytes: &[u8]) -> Result<Self, CliError> {
        let stage = || {
            let directory = match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                _ => Path::new("."),
            };
            let mut builder = tempfile::Builder::new();
            builder.prefix(".zkroll-");
            // Nothing secret is written: readable by everyone whom the umask allows.
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
            let mut file = builder.tempfile_in(directory)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            Ok(file)
        };
        let file = stage().map_err(|source| io_error("write", path, source))?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// As [`Staged::bytes`], with a value as JSON in lines.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn json(path: &Path, value: &impl Serialize) -> Result<Self, CliError> {
        let mut bytes = serde_json::to_vec_pretty(value)
            .map_err(|error| io_error("write", path, error.into()))?;
        bytes.push(b'\n');
        Self::bytes(path, &bytes)
    }

    /// Puts the file into its place, over whatever is there.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn commit(self) -> Result<(), CliError> {
        let persisted = self.file.persist(&self.path);
        persisted
            .map(drop)
            .map_err(|error| io_error("write", &self.path, error.error))
    }
}

/// An [`io::Error`] with what was being done.
pub fn io_error(action: &'static str, path: &Path, source: io::Error) -> CliError {
    CliError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}
