//! Buckets: S3 and what speaks like it, Google Cloud Storage. An object there appears whole or not at all.
use std::sync::Arc;

use bytes::Bytes;
use object_store::aws::AmazonS3Builder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, Error as StoreError, MultipartUpload, ObjectStore, ObjectStoreExt,
    RetryConfig,
};
use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;

use super::destination::SILENCE_MAX;
use super::{Arrived, Destination, Document, Load, Proof, fault};
use crate::diagnostic::{Error, Result};
use crate::web::{self, is_loopback};

/// Of a larger object, each part; every store takes 5 MiB and more, and 10,000 of them.
const PART: usize = 8 * 1024 * 1024;
/// So many of them are on their way at once, each held in memory.
const PARTS_AT_ONCE: usize = 2;

pub(super) fn put(load: &Load, to: &Destination) -> Result<Arrived> {
    web::install_crypto();
    let store = store(to).map_err(|e| fault_of(&to.place(load.name()), &e))?;
    let path = |name: &str| {
        let unusable = |e: object_store::path::Error| fault::refused(&to.place(name), &e.to_string());
        Path::from_url_path(to.file_url(name).path()).map_err(unusable)
    };
    web::runtime()?.block_on(async {
        for document in load.documents() {
            put_one(&*store, document, &path(document.name())?, &to.place(document.name())).await?;
        }
        let mut left = Vec::new();
        for name in load.leftover() {
            match store.delete(&path(name)?).await {
                Ok(()) | Err(StoreError::NotFound { .. }) => {}
                Err(_) => left.push(name.clone()),
            }
        }
        Ok(Arrived { proof: Proof::Size, left })
    })
}

async fn put_one(store: &dyn ObjectStore, document: &Document, path: &Path, place: &str) -> Result<()> {
    let mut from = tokio::fs::File::from_std(document.reader()?);
    let attributes = Attributes::from_iter([(Attribute::ContentType, document.content_type())]);
    let first = piece(&mut from).await?;
    let fault = |e: StoreError| fault_of(place, &e);
    if first.len() < PART {
        store.put_opts(path, first.into(), attributes.into()).await.map_err(fault)?;
    } else {
        let mut upload = store.put_multipart_opts(path, attributes.into()).await.map_err(fault)?;
        if let Err(error) = in_parts(&mut *upload, first, &mut from, place).await {
            // else the parts that arrived would be kept, and cost
            let _ = upload.abort().await;
            return Err(error);
        }
    }
    let there = store.head(path).await.map_err(fault)?.size;
    if there == document.bytes() { Ok(()) } else { Err(fault::incomplete(place, there, document.bytes())) }
}

async fn in_parts(
    upload: &mut dyn MultipartUpload,
    first: Bytes,
    from: &mut tokio::fs::File,
    place: &str,
) -> Result<()> {
    let mut under_way = JoinSet::new();
    let mut next = first;
    while !next.is_empty() {
        under_way.spawn(upload.put_part(next.into()));
        if under_way.len() >= PARTS_AT_ONCE {
            arrived(&mut under_way, place).await?;
        }
        next = piece(from).await?;
    }
    while !under_way.is_empty() {
        arrived(&mut under_way, place).await?;
    }
    upload.complete().await.map(drop).map_err(|e| fault_of(place, &e))
}

async fn arrived(under_way: &mut JoinSet<Result<(), StoreError>>, place: &str) -> Result<()> {
    match under_way.join_next().await {
        None | Some(Ok(Ok(()))) => Ok(()),
        Some(Ok(Err(error))) => Err(fault_of(place, &error)),
        Some(Err(_)) => Err(Error::bug("an upload of a part ended early")),
    }
}

async fn piece(from: &mut tokio::fs::File) -> Result<Bytes> {
    let mut piece = Vec::with_capacity(PART);
    let unreadable = |e| Error::io("read", "the feed".as_ref(), e);
    from.take(PART as u64).read_to_end(&mut piece).await.map_err(unreadable)?;
    Ok(piece.into())
}

fn store(to: &Destination) -> Result<Arc<dyn ObjectStore>, StoreError> {
    let bucket = to.url.host_str().unwrap_or_default();
    let at_home = to.endpoint.as_ref().is_some_and(is_loopback);
    let options = ClientOptions::new()
        .with_allow_http(at_home)
        .with_connect_timeout(SILENCE_MAX)
        .with_read_timeout(SILENCE_MAX)
        .with_timeout_disabled();
    // who is away is asked again by `deliver`, with everybody's patience
    let retry = RetryConfig { max_retries: 1, ..RetryConfig::default() };
    let password = to.login.password.as_ref().map(|password| password.reveal());
    if to.url.scheme() == "gs" {
        let mut builder = GoogleCloudStorageBuilder::from_env();
        if let Some(key) = &to.login.key {
            builder = builder.with_service_account_key(key.reveal());
        }
        if let Some(endpoint) = &to.endpoint {
            builder = builder.with_base_url(endpoint.as_str().trim_end_matches('/'));
        }
        if let Some(token) = &to.login.token {
            builder = builder.with_bearer_token(token.reveal());
        }
        return Ok(Arc::new(builder.with_bucket_name(bucket).with_client_options(options).with_retry(retry).build()?));
    }
    let mut builder = AmazonS3Builder::from_env();
    if let (Some(user), Some(password)) = (to.user(), password) {
        builder = builder.with_access_key_id(user).with_secret_access_key(password);
    }
    if let Some(token) = &to.login.token {
        builder = builder.with_token(token.reveal());
    }
    if let Some(region) = &to.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &to.endpoint {
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
    }
    Ok(Arc::new(builder.with_bucket_name(bucket).with_client_options(options).with_retry(retry).build()?))
}

fn fault_of(place: &str, error: &StoreError) -> Error {
    let why = fault::causes(error);
    match error {
        StoreError::Unauthenticated { .. } | StoreError::PermissionDenied { .. } => fault::refused_login(place, &why),
        StoreError::Generic { .. } | StoreError::JoinError { .. } => fault::unavailable(place, &why),
        _ => fault::refused(place, &why),
    }
}
