//! What Google found wrong with offers after it took them, as its list of products tells.
use serde::Deserialize;

use super::GoogleMerchant;
use crate::diagnostic::Result;
use crate::market::faults::rejected;
use crate::market::json::null_as_default;
use crate::market::{FoundWrong, Port, Problem, Request, Wrong};

const PAGE_MAX: &str = "1000";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default, deserialize_with = "null_as_default")]
    products: Vec<Product>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    offer_id: Option<String>,
    data_source: Option<String>,
    product_status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default, deserialize_with = "null_as_default")]
    item_level_issues: Vec<Issue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    code: Option<String>,
    /// `DISAPPROVED`, `DEMOTED`, `NOT_IMPACTED`.
    severity: Option<String>,
    description: Option<String>,
    attribute: Option<String>,
    /// `SHOPPING_ADS`: where it matters; one issue comes once for each.
    reporting_context: Option<String>,
}

impl GoogleMerchant {
    pub(super) fn look_at_products(&self, port: &dyn Port, source: &str, page: Option<&str>) -> Result<FoundWrong> {
        let mut request = Request::get("products", &["products", "v1", "accounts", &self.account, "products"])?
            .query("pageSize", PAGE_MAX);
        if let Some(token) = page {
            request = request.query("pageToken", token);
        }
        let response = port.send(request)?;
        if response.status == 404 {
            return Err(rejected(format!("Google knows no account {}", self.account)));
        }
        let page: Page = response.json()?;
        let ours = format!("accounts/{}/dataSources/{source}", self.account);
        let wrong = |product: Product| {
            // another data source may have the same id in another language
            let id = product.offer_id.filter(|_| product.data_source.as_deref() == Some(&ours))?;
            let issues = product.product_status.map(|status| status.item_level_issues).unwrap_or_default();
            Some(Wrong { id, problems: problems(&issues) })
        };
        let next = page.next_page_token.filter(|token| !token.is_empty());
        Ok(FoundWrong { offers: page.products.into_iter().filter_map(wrong).collect(), next })
    }
}

/// Each once, with all places where it matters; what has no effect is left out.
fn problems(issues: &[Issue]) -> Vec<Problem> {
    let mut problems: Vec<(Option<&str>, Problem)> = Vec::new();
    for issue in issues {
        let disapproved = match issue.severity.as_deref() {
            Some("DISAPPROVED") => true,
            Some("DEMOTED") => false,
            _ => continue,
        };
        let place = issue.reporting_context.as_deref().unwrap_or("everywhere");
        let code = issue.code.as_deref();
        match problems.iter_mut().find(|(known, problem)| *known == code && problem.disapproved == disapproved) {
            Some((_, known)) => {
                known.words.push_str(", ");
                known.words.push_str(place);
            }
            None => {
                let words = issue.description.as_deref().or(code).unwrap_or("Google gives no reason");
                let attribute = issue.attribute.as_ref().map(|name| format!(" [{name}]")).unwrap_or_default();
                problems.push((code, Problem { disapproved, words: format!("{words}{attribute}: {place}") }));
            }
        }
    }
    problems.into_iter().map(|(_, problem)| problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_is_told_once_with_all_its_places() {
        let issue = |code: &str, severity: &str, place: &str| Issue {
            code: Some(code.into()),
            severity: Some(severity.into()),
            description: Some("Image too small".into()),
            attribute: Some("image_link".into()),
            reporting_context: Some(place.into()),
        };
        let told = problems(&[
            issue("a", "DISAPPROVED", "SHOPPING_ADS"),
            issue("a", "DISAPPROVED", "FREE_LISTINGS"),
            issue("b", "NOT_IMPACTED", "FREE_LISTINGS"),
            issue("a", "DEMOTED", "DISPLAY_ADS"),
        ]);
        let expected = [
            (true, "Image too small [image_link]: SHOPPING_ADS, FREE_LISTINGS"),
            (false, "Image too small [image_link]: DISPLAY_ADS"),
        ];
        assert_eq!(told.iter().map(|p| (p.disapproved, p.words.as_str())).collect::<Vec<_>>(), expected);
    }
}
