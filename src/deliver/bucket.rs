//! Buckets: S3 and what speaks like it, Google Cloud Storage. An object there appears whole or not at all.
use std::sync::Arc;

use bytes::Bytes;
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, Error as StoreError, ObjectStore, ObjectStoreExt, RetryConfig,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::destination::SILENCE_MAX;
use super::{Destination, Document, Proof, fault};
use crate::diagnostic::{Error, Result};
use crate::web::{self, is_loopback};

const PIECE: usize = 1024 * 1024;
/// Of a larger object, so many parts are on their way at once, each held in memory.
const PARTS_AT_ONCE: usize = 2;

pub(super) fn put(document: &Document, to: &Destination) -> Result<Proof> {
    let place = to.place(document.name());
    web::install_crypto();
    let store = store(to).map_err(|e| fault_of(&place, &e))?;
    let url = to.file_url(document.name());
    let path = Path::from_url_path(url.path()).map_err(|e| fault::refused(&place, &e.to_string()))?;
    let mut from = tokio::fs::File::from_std(document.reader()?);
    web::runtime()?.block_on(async {
        let attributes = Attributes::from_iter([(Attribute::ContentType, document.content_type())]);
        let mut writer = BufWriter::new(Arc::clone(&store), path.clone())
            .with_max_concurrency(PARTS_AT_ONCE)
            .with_attributes(attributes);
        if let Err(error) = send(&mut from, &mut writer, &place).await {
            // else the parts that arrived would be kept, and cost
            let _ = writer.abort().await;
            return Err(error);
        }
        end(&mut writer, &place).await?;
        let there = store.head(&path).await.map_err(|e| fault_of(&place, &e))?.size;
        if there == document.bytes() {
            Ok(Proof::Size)
        } else {
            Err(fault::incomplete(&place, there, document.bytes()))
        }
    })
}

async fn send(from: &mut tokio::fs::File, to: &mut BufWriter, place: &str) -> Result<()> {
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let unreadable = |e| Error::io("read", "the feed".as_ref(), e);
        while piece.len() < PIECE && from.read_buf(&mut piece).await.map_err(unreadable)? > 0 {}
        if piece.is_empty() {
            return Ok(());
        }
        to.put(Bytes::from(piece)).await.map_err(|e| fault_of(place, &e))?;
    }
}

async fn end(writer: &mut BufWriter, place: &str) -> Result<()> {
    writer.shutdown().await.map_err(|e| match e.get_ref().and_then(|inner| inner.downcast_ref::<StoreError>()) {
        Some(inner) => fault_of(place, inner),
        None => fault::unavailable(place, &fault::causes(&e)),
    })
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
