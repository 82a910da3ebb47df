//! Batches and proofs in an object store: a folder, or a bucket that all machines reach.
//!
//! | path | is | written |
//! |---|---|---|
//! | `batches/KEY/HASH.json` | a [`Batch`](crate::Batch) for the verifying key with hash KEY, named after its BLAKE3 hash | when it is submitted |
//! | `results/KEY/HASH.json` | the [`ProvenBatch`](zkroll::ProvenBatch) of that batch under that key | once, only where nothing is |

use std::path::Path as FilePath;
use std::sync::Arc;

use bytes::Bytes;
use object_store::{
    ObjectStore, ObjectStoreExt, PutMode, PutOptions, local::LocalFileSystem, path::Path,
    prefix::PrefixStore,
};
use url::Url;

use crate::error::FarmError;
use crate::job::Payload;

/// The store of a farm.
#[derive(Clone, Debug)]
pub struct Artifacts {
    store: Arc<dyn ObjectStore>,
}

/// What became of a proof that was to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// It is there now.
    New,
    /// One was there: it stays.
    Already,
}

impl Artifacts {
    /// Opens a folder, which is made if it is not there, `file://` or `s3://BUCKET/PREFIX`,
    /// whose region, endpoint and credentials are in the environment (`AWS_REGION`, `AWS_ENDPOINT`,
    /// `AWS_ACCESS_KEY_ID`, ..).
    ///
    /// # Errors
    /// If the address is of another kind or the store cannot be opened.
    pub fn open(url: &str) -> Result<Self, FarmError> {
        let refuse = |reason: String| FarmError::StoreUrl {
            url: url.to_owned(),
            reason,
        };
        match Url::parse(url) {
            Ok(parsed) if parsed.scheme() == "s3" => s3(&parsed).map_err(refuse),
            Ok(parsed) if parsed.scheme() == "file" => {
                let path = parsed.to_file_path();
                Self::folder(&path.map_err(|()| refuse("expected a path".to_owned()))?)
            }
            // `C:\farm` reads as the scheme `c`.
            Ok(parsed) if parsed.scheme().len() > 1 => {
                Err(refuse(format!("got {}://", parsed.scheme())))
            }
            _ => Self::folder(FilePath::new(url)),
        }
    }

    /// Opens a folder, which is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn folder(path: &FilePath) -> Result<Self, FarmError> {
        std::fs::create_dir_all(path).map_err(|source| FarmError::Io {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::new(LocalFileSystem::new_with_prefix(path)?))
    }

    /// Any store.
    pub fn new(store: impl ObjectStore) -> Self {
        Self {
            store: Arc::new(store),
        }
    }

    /// Stores a batch under its hash.
    pub(crate) async fn put_batch(
        &self,
        verifying_key: &[u8; 32],
        bytes: Bytes,
        batch_number: u64,
    ) -> Result<Payload, FarmError> {
        let hash = blake3::hash(&bytes);
        let uri = format!("batches/{}/{hash}.json", hex::encode(verifying_key));
        // The same bytes, whoever writes them.
        self.put_if_absent(&uri, bytes).await?;
        Ok(Payload {
            uri,
            hash: hash.to_string(),
            batch_number,
        })
    }

    /// The batch that a job refers to. Other bytes than those that were submitted are refused.
    pub(crate) async fn batch(&self, payload: &Payload) -> Result<Bytes, FarmError> {
        let bytes = self.get(&payload.uri).await?;
        let got = blake3::hash(&bytes).to_string();
        if got == payload.hash {
            Ok(bytes)
        } else {
            Err(FarmError::Artifact {
                uri: payload.uri.clone(),
                reason: format!("expected bytes with the hash {}, got {got}", payload.hash),
            })
        }
    }

    /// The place of a proof.
    pub(crate) fn result_uri(verifying_key: &[u8; 32], batch_hash: &str) -> String {
        format!("results/{}/{batch_hash}.json", hex::encode(verifying_key))
    }

    /// Stores a proof, unless there is one.
    pub(crate) async fn put_result(&self, uri: &str, proven: Bytes) -> Result<Stored, FarmError> {
        self.put_if_absent(uri, proven).await
    }

    /// A proof, if it is there.
    pub(crate) async fn result(&self, uri: &str) -> Result<Option<Bytes>, FarmError> {
        match self.get(uri).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(FarmError::Store(object_store::Error::NotFound { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a proof is there.
    pub(crate) async fn has_result(&self, uri: &str) -> Result<bool, FarmError> {
        match self.store.head(&Path::from(uri)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what is at a place, if anything is.
    pub(crate) async fn remove(&self, uri: &str) -> Result<(), FarmError> {
        match self.store.delete(&Path::from(uri)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn get(&self, uri: &str) -> Result<Bytes, FarmError> {
        Ok(self.store.get(&Path::from(uri)).await?.bytes().await?)
    }

    async fn put_if_absent(&self, uri: &str, bytes: Bytes) -> Result<Stored, FarmError> {
        let options = PutOptions::from(PutMode::Create);
        match self
            .store
            .put_opts(&Path::from(uri), bytes.into(), options)
            .await
        {
            Ok(_) => Ok(Stored::New),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(Stored::Already),
            Err(error) => Err(error.into()),
        }
    }
}

fn s3(url: &Url) -> Result<Artifacts, String> {
    use object_store::aws::{AmazonS3Builder, S3ConditionalPut};

    // The TLS of requests, unless the program has chosen another.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = AmazonS3Builder::from_env()
        .with_url(url.as_str())
        // Without it a bucket cannot say that a proof is there already.
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .build()
        .map_err(|error| error.to_string())?;
    let prefix = url.path().trim_matches('/');
    Ok(if prefix.is_empty() {
        Artifacts::new(store)
    } else {
        Artifacts::new(PrefixStore::new(store, Path::from(prefix)))
    })
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn a_proof_is_stored_once() {
        let artifacts = Artifacts::new(InMemory::new());
        let uri = Artifacts::result_uri(&[7; 32], "ab");
        assert!(!artifacts.has_result(&uri).await.unwrap());
        let first = artifacts.put_result(&uri, Bytes::from("first")).await;
        assert_eq!(first.unwrap(), Stored::New);
        let second = artifacts.put_result(&uri, Bytes::from("second")).await;
        assert_eq!(second.unwrap(), Stored::Already);
        assert!(artifacts.has_result(&uri).await.unwrap());
        assert_eq!(artifacts.result(&uri).await.unwrap().unwrap(), "first");
        artifacts.remove(&uri).await.unwrap();
        artifacts.remove(&uri).await.unwrap();
        assert_eq!(artifacts.result(&uri).await.unwrap(), None);
    }

    #[tokio::test]
    async fn other_bytes_at_a_batchs_place_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let artifacts = Artifacts::folder(folder.path()).unwrap();
        let payload = artifacts
            .put_batch(&[7; 32], Bytes::from("batch"), 3)
            .await
            .unwrap();
        assert_eq!(artifacts.batch(&payload).await.unwrap(), "batch");
        std::fs::write(folder.path().join(&payload.uri), "hctab").unwrap();
        let error = artifacts.batch(&payload).await.unwrap_err();
        assert!(matches!(error, FarmError::Artifact { .. }), "{error}");
    }

    #[test]
    fn addresses_are_of_folders_and_buckets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made");
        Artifacts::open(path.to_str().unwrap()).unwrap();
        assert!(path.is_dir());
        let url = Url::from_file_path(&path).unwrap();
        Artifacts::open(url.as_str()).unwrap();
        for url in ["ftp://host/folder", "redis://host"] {
            let error = Artifacts::open(url).unwrap_err();
            assert!(matches!(error, FarmError::StoreUrl { .. }), "{error}");
        }
    }
}
