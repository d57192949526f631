//! `purvey serve`: finished feeds for channels that fetch.
use std::net::SocketAddr;

use super::{Context, interrupt};
use crate::deliver::{Serving, serve};
use crate::diagnostic::Result;
use crate::report::Outcome;
use crate::shop::secret;
use crate::value::Secret;
use crate::web;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Address and port; others than this machine reach it only at another address than 127.0.0.1.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the token is that fetchers have to show: env:NAME or file:/path.
    #[arg(long, value_name = "WHERE")]
    token: Option<String>,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let token = args.token.as_deref().map(|reference| secret(reference, "--token")).transpose()?.map(Secret::new);
    let serving = Serving { address: args.listen, folder: shop.path("out"), token };
    let mut said = Ok(());
    let ready = |address: SocketAddr| {
        let url = format!("http://{address}/");
        said = context.report.summary(&serde_json::json!({ "url": url }), |out| {
            writeln!(out, "feeds in out/ are served at {url}; Ctrl-C stops it")
        });
    };
    let stop = {
        let _inside = web::runtime()?.enter();
        interrupt::asked()
    };
    serve(serving, ready, stop)?;
    said.map(|()| Outcome::Done)
}
