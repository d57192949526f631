//! What one delivery carries: the files of a feed, of which there are several where its format splits it.
use std::path::{Path, PathBuf};

use super::Document;
use super::file::numbered;
use crate::channel::Compression;
use crate::diagnostic::Result;
use crate::feed::hash_of;

#[derive(Debug)]
pub struct Load {
    name: String,
    documents: Vec<Document>,
    /// Names that an earlier, larger feed has over there, and that this one does not fill.
    leftover: Vec<String>,
}

impl Load {
    /// Reads the feed at `path`, in which `{n}` stands for the number of each of its files; `files_before` are over there.
    ///
    /// # Errors
    /// `file/io` when it is not there or cannot be read.
    pub fn open(path: &Path, compression: Compression, files_before: u64) -> Result<Load> {
        let is_split = is_split(path);
        let others = (2..).map(|n| numbered(path, n)).take_while(|path| is_split && path.is_file());
        let paths: Vec<PathBuf> = std::iter::once(numbered(path, 1)).chain(others).collect();
        let documents = paths.iter().map(|path| Document::open(path, compression)).collect::<Result<Vec<_>>>()?;
        let name = |path: &Path| compression.name(&path.file_name().unwrap_or_default().to_string_lossy());
        let more = (documents.len() as u64 + 1)..=files_before;
        let leftover = more.filter(|_| is_split).map(|n| name(&numbered(path, n))).collect();
        Ok(Load { name: name(path), documents, leftover })
    }

    /// What it is called where it goes; `{n}` stands in the name of a feed that is split.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many bytes are sent.
    pub fn bytes(&self) -> u64 {
        self.documents.iter().map(Document::bytes).sum()
    }

    /// How many files it is.
    pub fn files(&self) -> u64 {
        self.documents.len() as u64
    }

    /// Of the feed before it was packed: what the build called it.
    pub fn hash(&self) -> String {
        hash_of(&self.documents.iter().map(Document::hash).collect::<Vec<_>>())
    }

    pub(super) fn documents(&self) -> &[Document] {
        &self.documents
    }

    pub(super) fn leftover(&self) -> &[String] {
        &self.leftover
    }
}

/// Whether a feed of this name is several files.
pub fn is_split(path: &Path) -> bool {
    numbered(path, 1) != path
}
