//! Orders carried by hand: what `orders export` writes, `orders import` reads back without a difference.
use std::fs;
use std::path::Path;
use std::process::Command;

const ORDER: &str = r#"{"channel":"market","order_id":"A-1","state":"ready","created_at":"2026-11-20T08:00:00Z","updated_at":"2026-11-21T08:00:00Z","currency":"EUR","total":"33.05","shipping":"4.95","lines":[{"line_id":"1","sku":"MUG","title":"=Mug, \"blue\"","quantity":3,"canceled":1,"shipped":1,"unit_price":"14.05","tax":"0.00"}],"customer":{"name":"Ada Example","email":"ada@example.com"},"ship_to":{"address1":"1 Road","postal_code":"10115","city":"Berlin","country":"DE"}}"#;

fn purvey(shop: &Path, args: &[&str]) -> String {
    let said = Command::new(env!("CARGO_BIN_EXE_purvey"))
        .args(["--now", "2026-11-25T10:00:00Z", "-C"])
        .arg(shop)
        .args(args)
        .env_clear()
        .output()
        .expect("purvey starts");
    let err = String::from_utf8_lossy(&said.stderr);
    assert!(matches!(said.status.code(), Some(0 | 3)), "{args:?}: {err}");
    String::from_utf8(said.stdout).expect("exports are UTF-8")
}

#[test]
fn an_export_read_by_another_shop_is_the_same_export() {
    let dir = tempfile::tempdir().unwrap();
    let first = dir.path().join("first");
    purvey(&first, &["init"]);
    let file = dir.path().join("orders.jsonl");
    fs::write(&file, ORDER).unwrap();
    purvey(&first, &["orders", "import", &file.display().to_string()]);
    for (format, name) in [("csv", "orders.csv"), ("jsonl", "again.jsonl")] {
        let export = ["orders", "export", "--format", format, "--buyers", "--raw"];
        let exported = purvey(&first, &export);
        assert!(
            exported.contains("A-1") && exported.contains("Ada Example") && exported.contains("14.05"),
            "{exported}"
        );
        let carried = dir.path().join(name);
        fs::write(&carried, &exported).unwrap();
        let second = dir.path().join(format);
        purvey(&second, &["init"]);
        for _ in 0..2 {
            purvey(&second, &["orders", "import", &carried.display().to_string()]);
        }
        assert_eq!(purvey(&second, &export), exported);
    }
}
