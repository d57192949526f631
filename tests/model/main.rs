//! Stock and orders against a model that knows nothing of the catalog: random days in a shop, compared after every deed.
//!
//! `PURVEY_MODEL_OPS` sets how many operations are done in all (default 100,000), `PURVEY_MODEL_SEED` repeats one shop.
mod market;
mod named;
mod oracle;
mod shop;

use std::time::Duration;

use market::Dice;
use shop::Shop;

/// Operations of one shop: until most of its orders are over.
const OPS_PER_SHOP: usize = 1_000;

#[test]
fn random_days_agree_with_the_model() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("PURVEY_MODEL_SEED") {
        return run_shop(seed);
    }
    let shops = number("PURVEY_MODEL_OPS").unwrap_or(100_000).div_ceil(OPS_PER_SHOP as u64);
    let half = |first: u64| move || (first..shops).step_by(2).for_each(run_shop);
    let other = std::thread::spawn(half(1));
    half(0)();
    if let Err(panic) = other.join() {
        std::panic::resume_unwind(panic);
    }
}

fn run_shop(seed: u64) {
    let mut shop = Shop::open();
    let mut dice = Dice(seed);
    for step in 0..OPS_PER_SHOP {
        let deed = shop.act(&mut dice);
        let context = format!("seed {seed}, step {step}: {deed}");
        shop.compare(&context);
        if step % 250 == 249 {
            shop.compare_all(&context);
            shop.reopen(Duration::from_secs(1));
        }
    }
    shop.compare_all(&format!("seed {seed}, the end"));
}
