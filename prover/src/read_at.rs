//! Reading at positions of an open file, from any number of threads.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// An open file that is read by position.
#[derive(Debug)]
pub(crate) struct ReadAt {
    path: PathBuf,
    #[cfg(unix)]
    file: File,
    /// Elsewhere a read moves the file's own position.
    #[cfg(not(unix))]
    file: std::sync::Mutex<File>,
}

impl ReadAt {
    /// Takes over an open file; `path` is for messages.
    pub fn new(path: &Path, file: File) -> Self {
        Self {
            path: path.to_owned(),
            #[cfg(unix)]
            file,
            #[cfg(not(unix))]
            file: std::sync::Mutex::new(file),
        }
    }

    /// The file's name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills `bytes` with what the file has from `offset` on.
    #[cfg(unix)]
    pub fn read_exact_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, bytes, offset)
    }

    /// Fills `bytes` with what the file has from `offset` on.
    #[cfg(not(unix))]
    pub fn read_exact_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        // A reader that panicked left at worst another position, and every read seeks first.
        let mut file = self
            .file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(bytes)
    }
}
